import type { FastifyReply } from 'fastify';
import { knownDays } from '../account/browser.ts';
import { cookieLine, type Jar } from '../account/cookie.ts';

/** Puts a session, and where there is one the browser's secret, into an answer's cookies. */
export const giveSession = (reply: FastifyReply, jar: Jar, session: string, browser: string | null): void => {
  reply.header('set-cookie', [
    cookieLine(jar, jar.session, session, null),
    ...(browser === null ? [] : [cookieLine(jar, jar.browser, browser, knownDays * 86_400)]),
  ]);
};

/** Takes the session out of a browser; that it is known stays. */
export const takeSession = (reply: FastifyReply, jar: Jar): void => {
  reply.header('set-cookie', cookieLine(jar, jar.session, '', 0));
};
