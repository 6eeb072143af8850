import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';

export type Relay = AsyncDisposable & {
  /** For openDatabase: the database behind the relay. */
  readonly url: string;
  /** Breaks every connection and takes no other until `restore`. */
  cut(): void;
  restore(): void;
};

/** A relay on a port of 127.0.0.1 to the embedded database in `socketDir`: a network that can be cut. */
export const relayTo = async (socketDir: string): Promise<Relay> => {
  const sockets = new Set<Socket>();
  let whole = true;
  const server = createServer((client) => {
    if (!whole) {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(join(socketDir, '.s.PGSQL.5432'));
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const cut = (): void => {
    whole = false;
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `postgresql://xunjian@127.0.0.1:${port}/xunjian`,
    cut,
    restore() {
      whole = true;
    },
    async [Symbol.asyncDispose]() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
};
