import { jarOf } from '../account/cookie.ts';
import { identifyWith } from '../account/identify.ts';
import { buildApi } from '../api/app.ts';
import { Sentence } from '../sentence.ts';
import { pages } from '../web/pages.ts';
import type { Ground } from './ground.ts';
import type { Role } from './worker.ts';

/** Listens for people and programs; `url` says where. */
export const startApi = async ({ config, db, redis, vault, log }: Ground): Promise<Role & { readonly url: string }> => {
  const app = await buildApi({ db, redis, vault, log, config, identify: identifyWith(db, config) });
  await app.register(pages);
  try {
    const url = await app.listen({ host: config.host, port: config.port });
    log.debug({ url }, 'api ready');
    if (!jarOf(config).secure && !/^(127\.|localhost$|::1$)/.test(config.host)) {
      log.warn(
        { host: config.host },
        'passwords and cookies may go over plain HTTP: put a proxy with TLS in front and set XUNJIAN_PUBLIC_URL=https://…, or set XUNJIAN_TLS_CERT_FILE',
      );
    }
    return { url, stop: () => app.close() };
  } catch (error) {
    await app.close();
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new Sentence(
      `端口 ${config.port} 已被占用：请用环境变量 XUNJIAN_PORT 换一个（0 为任意空闲端口）`,
      `port ${config.port} is taken: choose another one with XUNJIAN_PORT (0 takes any free one)`,
    );
  }
};
