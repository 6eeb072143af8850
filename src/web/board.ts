import { readFile } from 'node:fs/promises';
import type { FastifyPluginAsync } from 'fastify';

/** The board's files: they hold no data, what they show comes from the API like anybody's. */
const files = [
  { route: '/', file: 'board.html', type: 'text/html; charset=utf-8' },
  { route: '/board.css', file: 'board.css', type: 'text/css; charset=utf-8' },
  { route: '/board.js', file: 'board.js', type: 'text/javascript; charset=utf-8' },
] as const;

/** Serves the county board: the rates of the latest inspection for a screen on the wall. */
export const board: FastifyPluginAsync = async (app) => {
  for (const { route, file, type } of files) {
    const content = await readFile(new URL(file, import.meta.url));
    app.get(route, { schema: { hide: true } }, async (_, reply) =>
      reply
        .type(type)
        .header('content-security-policy', "default-src 'self'; frame-ancestors 'none'")
        .header('x-content-type-options', 'nosniff')
        .send(content),
    );
  }
};
