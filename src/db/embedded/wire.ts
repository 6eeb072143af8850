import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { Engine } from './engine.ts';
import {
  closeStatement,
  copyFail,
  FrameError,
  Frames,
  fatal,
  MESSAGE_MAX,
  prefixStatement,
  SYNC,
  simpleQuery,
  statusAtEnd,
  type TransactionStatus,
  typeOf,
  welcome,
} from './frames.ts';
import { Turn } from './turn.ts';

/** A message of any other type is FATAL to PostgreSQL, and FATAL ends the engine for everyone: see `#message`. */
const PASSED_ON = new Set(['Q', 'P', 'B', 'D', 'E', 'C', 'H', 'S']);
/** The answer comes after one of these; what came before them is run together with them. */
const ENDS_A_BATCH = new Set(['Q', 'H', 'S']);
/** COPY data of a client whose COPY was refused; PostgreSQL ignores them outside of COPY too. */
const COPY_DATA = new Set(['d', 'c', 'f']);
/**
 * Read by the engine only where a statement was COPY FROM STDIN, which otherwise asks for data that it cannot wait
 * for and dies; anywhere else PostgreSQL ignores it. So no SQL text has to be understood here.
 */
const NO_COPY = copyFail('the embedded database takes no COPY FROM STDIN; use insert ... select from unnest');

type Client = {
  readonly id: number;
  readonly socket: Socket;
  readonly frames: Frames;
  readonly statements: Set<string>;
  started: boolean;
  status: TransactionStatus;
  batch: Buffer[];
  batchBytes: number;
};

/**
 * A PostgreSQL server on a unix socket in front of an engine with a single session. A client owns the session from its
 * first message until ReadyForQuery says idle; then it is the next one's turn. So transactions are isolated by
 * waiting, and one that stays open blocks everybody: keep them short.
 *
 * Names of prepared statements are kept apart by a prefix of the connection. What cannot be kept apart, because the
 * session is one: SET, LISTEN, temporary tables, SQL-level PREPARE, and advisory locks, which are always granted. And
 * never `create index concurrently`: it fails in this engine and leaves a catalogue that can no longer be read.
 */
export class Wire {
  readonly #engine: Engine;
  readonly #onEngineDead: (error: unknown) => void;
  readonly #server: Server;
  readonly #turn = new Turn<Client>();
  readonly #sockets = new Set<Socket>();
  #clients = 0;
  #dead = false;

  /** `onEngineDead` is called once the engine threw; every client has been dropped by then. */
  constructor(engine: Engine, onEngineDead: (error: unknown) => void) {
    this.#engine = engine;
    this.#onEngineDead = onEngineDead;
    this.#server = createServer((socket) => void this.#serve(socket));
  }

  async listen(path: string): Promise<void> {
    this.#server.listen(path);
    await once(this.#server, 'listening');
  }

  /** Drops every client and removes the socket. Open transactions are lost, as in any shutdown. */
  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #serve(socket: Socket): Promise<void> {
    this.#clients += 1;
    this.#sockets.add(socket);
    // Without a listener, a reset after the loop below has ended would end the process.
    socket.on('error', () => {});
    const client: Client = {
      id: this.#clients,
      socket,
      frames: new Frames(),
      statements: new Set(),
      started: false,
      status: 'I',
      batch: [],
      batchBytes: 0,
    };
    try {
      // Reading by iteration is the back-pressure: nothing more is read while a message waits for its turn.
      for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
        client.frames.add(chunk);
        if ((await this.#advance(client)) === 'end') break;
      }
    } catch (error) {
      if (error instanceof FrameError) socket.write(fatal('08P01', error.message));
    } finally {
      socket.destroySoon();
      this.#sockets.delete(socket);
      await this.#leave(client);
    }
  }

  /** Works off all whole messages that are there. */
  async #advance(client: Client): Promise<'more' | 'end'> {
    while (!client.started) {
      const startup = client.frames.startup();
      if (startup === null) return 'more';
      // There is no way to interrupt the engine: it blocks the thread that would have to read the request.
      if (startup === 'cancel') return 'end';
      if (startup === 'encryption') await write(client.socket, Buffer.from('N'));
      else {
        client.started = true;
        await write(client.socket, welcome(client.id, this.#engine.parameters));
      }
    }
    for (let message = client.frames.message(); message !== null; message = client.frames.message()) {
      if ((await this.#message(client, message)) === 'end') return 'end';
    }
    return 'more';
  }

  async #message(client: Client, received: Buffer): Promise<'more' | 'end'> {
    const type = typeOf(received);
    if (type === 'X') return 'end';
    if (COPY_DATA.has(type)) return 'more';
    if (!PASSED_ON.has(type)) throw new FrameError(`message of unknown type 0x${received[0]!.toString(16)}`);
    const { message, statement } = prefixStatement(received, `c${client.id}_`);
    if (type === 'P' && statement !== null) client.statements.add(statement);
    if (type === 'C' && statement !== null) client.statements.delete(statement);
    // In the simple protocol COPY reads on after its query, in the extended one before the Sync or Flush.
    if (type === 'S' || type === 'H') client.batch.push(NO_COPY);
    client.batch.push(message);
    if (type === 'Q') client.batch.push(NO_COPY);
    client.batchBytes += message.length;
    if (client.batchBytes > MESSAGE_MAX) throw new FrameError(`${client.batchBytes} bytes without a Sync`);
    if (ENDS_A_BATCH.has(type)) await this.#runBatch(client);
    return 'more';
  }

  async #runBatch(client: Client): Promise<void> {
    const batch = Buffer.concat(client.batch);
    client.batch = [];
    client.batchBytes = 0;
    await this.#turn.take(client);
    const answer = this.#run(client, batch);
    if (statusAtEnd(answer) === 'I') this.#turn.pass(client);
    await write(client.socket, answer);
  }

  #run(client: Client, batch: Buffer): Buffer {
    try {
      const answer = this.#engine.execute(batch);
      client.status = statusAtEnd(answer) ?? client.status;
      return answer;
    } catch (error) {
      this.#dead = true;
      this.close();
      this.#onEngineDead(error);
      throw error;
    }
  }

  /** Leaves the session as if the client had never been there: no transaction, none of its prepared statements. */
  async #leave(client: Client): Promise<void> {
    if (this.#dead || (!this.#turn.has(client) && client.statements.size === 0)) return;
    await this.#turn.take(client);
    // The Sync first: after an error in a batch that a Flush ended, everything up to a Sync is skipped.
    this.#run(client, SYNC);
    if (client.status !== 'I') this.#run(client, simpleQuery('rollback'));
    this.#run(client, Buffer.concat([...[...client.statements].map(closeStatement), SYNC]));
    this.#turn.pass(client);
  }
}

/** Resolves when the bytes have gone to the kernel or the client has gone: a slow reader slows only itself. */
const write = (socket: Socket, bytes: Buffer): Promise<void> =>
  new Promise((done) => {
    socket.write(bytes, () => done());
  });
