import { identifyWith } from '../../src/account/identify.ts';
import { buildApi } from '../../src/api/app.ts';
import { readConfig } from '../../src/config/env.ts';
import { openGround } from '../../src/roles/ground.ts';

/** The API as a process of its own, as the role `api` builds it; its limits let one machine ask for all. */
const ground = await openGround(readConfig(process.env));
const { db, config } = ground;
const app = await buildApi({
  ...ground,
  identify: identifyWith(db, config),
  bounds: { byAddress: 10_000_000, byAccount: 10_000_000 },
});
const url = await app.listen({ host: '127.0.0.1', port: 0 });
process.once('disconnect', async () => {
  await app.close();
  await ground.close();
});
process.send!(url);
