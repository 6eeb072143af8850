import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';

export type Relay = AsyncDisposable & {
  /** For openDatabase: the database behind the relay. */
  readonly url: string;
  /** Breaks every connection and takes no other until `restore`. */
  cut(): void;
  /** Takes every connection and what is asked over it, and brings no answer back until `restore`. */
  hang(): void;
  restore(): void;
};

/** A relay on a port of 127.0.0.1 to the embedded database in `socketDir`: a network that can be cut, or hang. */
export const relayTo = async (socketDir: string): Promise<Relay> => {
  const pairs = new Map<Socket, Socket>();
  let state: 'whole' | 'cut' | 'hung' = 'whole';
  const server = createServer((client) => {
    if (state === 'cut') {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(join(socketDir, '.s.PGSQL.5432'));
    pairs.set(client, upstream);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => {
        pairs.delete(client);
        other.destroy();
      });
    }
    client.pipe(upstream);
    if (state === 'whole') upstream.pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const cut = (): void => {
    state = 'cut';
    for (const socket of [...pairs].flat()) socket.destroy();
  };
  return {
    url: `postgresql://xunjian@127.0.0.1:${port}/xunjian`,
    cut,
    hang() {
      state = 'hung';
      for (const [client, upstream] of pairs) upstream.unpipe(client);
    },
    restore() {
      if (state === 'hung') for (const [client, upstream] of pairs) upstream.pipe(client);
      state = 'whole';
    },
    async [Symbol.asyncDispose]() {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
};
