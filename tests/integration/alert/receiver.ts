import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';

export type Message = { readonly id: string; readonly genuine: boolean; readonly body: Record<string, unknown> };

export type Receiver = AsyncDisposable & {
  readonly url: string;
  readonly messages: readonly Message[];
  /** Ends when `count` messages have come. */
  received(count: number): Promise<void>;
};

const read = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
};

/** A receiver that checks signatures as the specification has it: the bytes of the secret are in base64. */
export const receiver = async (
  secret: string,
  answer: (nth: number) => { status: number; location?: string },
): Promise<Receiver> => {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const messages: Message[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  const server = createServer(async (request, response) => {
    const body = await read(request);
    const header = (name: string): string => String(request.headers[name]);
    const id = header('webhook-id');
    const hmac = createHmac('sha256', key)
      .update(`${id}.${header('webhook-timestamp')}.${body}`)
      .digest();
    const given = Buffer.from(header('webhook-signature').replace(/^v1,/, ''), 'base64');
    const fresh = Math.abs(Date.now() / 1000 - Number(header('webhook-timestamp'))) < 60;
    const genuine = given.length === hmac.length && timingSafeEqual(given, hmac) && fresh;
    messages.push({ id, genuine, body: JSON.parse(body) });
    const { status, location } = answer(messages.length);
    response.writeHead(status, location === undefined ? {} : { location }).end();
    for (const { count, resolve } of waiting) if (messages.length >= count) resolve();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as { port: number }).port}/hook`,
    messages,
    received: (count) =>
      messages.length >= count ? Promise.resolve() : new Promise((resolve) => waiting.push({ count, resolve })),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
