import { importFile } from '../../src/commands/import.ts';
import { readConfig } from '../../src/config/env.ts';
import { openGround } from '../../src/roles/ground.ts';
import { peakMiB } from './usage.ts';

/** `xunjian import FILE` in a process of its own, as a person runs it; what it took. */
const ground = await openGround(readConfig(process.env));
const began = performance.now();
const code = await importFile(ground, process.argv[2]!, { json: true }, null);
process.send!({ code, seconds: (performance.now() - began) / 1_000, mib: peakMiB(process.pid) });
await ground.close();
process.disconnect();
