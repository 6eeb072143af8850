import type { FastifyReply } from 'fastify';
import type { ApiProblem } from './problem.ts';

const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** A problem as a page, for a browser that was sent to a route of the API by another page: both languages, a way back. */
export const answerPage = (reply: FastifyReply, { status, zh, en }: ApiProblem): FastifyReply =>
  reply
    .code(status)
    .type('text/html; charset=utf-8')
    .header('vary', 'accept')
    .header(
      'content-security-policy',
      "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    )
    .send(`<!doctype html>
<html lang="zh-CN">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>未能登录 · 巡检</title>
    <link rel="stylesheet" href="/page.css" />
  </head>
  <body>
    <header><h1>巡检 <small>xunjian</small></h1></header>
    <main>
      <section>
        <h2>未能登录 <small>Not signed in</small></h2>
        <p class="problem">${escaped(zh)}<br /><span lang="en">${escaped(en)}</span></p>
        <p><a href="/sign-in">返回登录页 <span lang="en">Back to signing in</span></a></p>
        <p class="note">请求号 / request：${escaped(String(reply.request.id))}</p>
      </section>
    </main>
  </body>
</html>
`);
