import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { dirname } from 'node:path';
import { Sentence } from '../../sentence.ts';

/** sun_path of unix(7) less its final NUL, bytes. */
const LONGEST = 107;

/**
 * Makes `path` fit to be listened on: its folder is there and closed to other users, and the socket of a server that
 * died is removed. A Sentence where somebody listens there, or the path is too long.
 */
export const prepareSocketPath = async (path: string): Promise<void> => {
  const bytes = Buffer.byteLength(path);
  if (bytes > LONGEST) {
    throw new Sentence(
      `套接字路径过长（${bytes} 字节，上限 ${LONGEST}）：${path}；请换一个较短的目录`,
      `the socket path is too long (${bytes} bytes, at most ${LONGEST}): ${path}; choose a shorter folder`,
    );
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  if (await somebodyListens(path)) {
    throw new Sentence(
      `套接字 ${path} 已有服务在使用；请先停止它，或换一个目录`,
      `a server is already listening on ${path}; stop it first, or choose another folder`,
    );
  }
  await rm(path, { force: true });
};

const somebodyListens = async (path: string): Promise<boolean> => {
  const socket = createConnection(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
};
