import { readFile } from 'node:fs/promises';
import type { FastifyPluginAsync } from 'fastify';

const types = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
} as const;

const page = (route: string, file: string): { readonly route: string; readonly file: string } => ({ route, file });

/** The console's files. They hold no data and no secret: what they show comes from the API, as anybody's does. */
const files = [
  ...[page('/', 'board.html'), page('/sign-in', 'sign-in.html'), page('/account', 'account.html')],
  ...[
    'page.css',
    'board.css',
    'board.js',
    'sign-in.js',
    'account.js',
    'second-factor.js',
    'tokens.js',
    'password.js',
  ].map((file) => page(`/${file}`, file)),
  ...['ask.js', 'who.js', 'qr.js'].map((file) => page(`/${file}`, file)),
];

/**
 * Its own files and its own API, and nothing else: no word of a page comes from anywhere but them, no form is sent but by a
 * script of ours, and no text becomes markup.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

/** Serves the county board, signing in, and one's own account. A page is not kept: after signing out, the way back shows none. */
export const pages: FastifyPluginAsync = async (app) => {
  for (const { route, file } of files) {
    const content = await readFile(new URL(file, import.meta.url));
    const type = types[file.split('.').at(-1) as keyof typeof types];
    app.get(route, { schema: { hide: true } }, async (_, reply) =>
      reply
        .type(type)
        .header('content-security-policy', policy)
        .header('x-content-type-options', 'nosniff')
        .header('referrer-policy', 'same-origin')
        .header('cache-control', file.endsWith('.html') ? 'no-store' : 'no-cache')
        .send(content),
    );
  }
};
