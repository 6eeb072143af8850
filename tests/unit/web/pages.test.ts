import { readdir } from 'node:fs/promises';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { access } from '../../../src/api/access.ts';
import { pages } from '../../../src/web/pages.ts';

const addresses = ['/', '/sign-in', '/account'];

let app: FastifyInstance;
/** Each file of the folder as it is served, by its address. */
const files = new Map<string, { status: number; type: string; policy: string; text: string }>();

const fetched = async (url: string) => {
  const { statusCode: status, headers, body: text } = await app.inject(url);
  return { status, type: String(headers['content-type']), policy: String(headers['content-security-policy']), text };
};

beforeAll(async () => {
  app = Fastify();
  await app.register(pages);
  const folder = await readdir(new URL('../../../src/web/', import.meta.url));
  const named = folder.filter((name) => /\.(js|css)$/.test(name)).map((name) => `/${name}`);
  for (const url of [...addresses, ...named]) files.set(url, await fetched(url));
});
afterAll(() => app.close());

const texts = (ending: RegExp): [url: string, text: string][] =>
  [...files].filter(([url]) => ending.test(url)).map(([url, { text }]) => [url, text]);
const scripts = () => texts(/\.js$/);
const html = () => addresses.map((url): [url: string, text: string] => [url, files.get(url)!.text]);

describe('the pages', () => {
  it('are all served, and so is every script and style that lies beside them', () => {
    for (const [url, { status, type }] of files) {
      const wanted = url.endsWith('.js') ? 'text/javascript' : url.endsWith('.css') ? 'text/css' : 'text/html';
      expect([url, status, type]).toEqual([url, 200, `${wanted}; charset=utf-8`]);
    }
    expect(files.size).toBeGreaterThan(10);
  });

  it('load nothing but those files: what a page, a style or a script names is one of them', () => {
    for (const [url, text] of html()) {
      const named = [...text.matchAll(/<(?:link|script)\b[^>]*\b(?:href|src)="([^"]+)"/g)].map(([, file]) => file!);
      expect(named.length, url).toBeGreaterThan(1);
      for (const file of named) expect([url, file, files.has(file)]).toEqual([url, file, true]);
    }
    for (const [url, text] of scripts()) {
      for (const [, file] of text.matchAll(/\bfrom '\.([^']+)'/g))
        expect([url, file, files.has(file!)]).toEqual([url, file, true]);
      expect(text).not.toMatch(/\bimport\(/);
    }
    for (const [url, text] of files)
      expect([url, /url\(|@import/.test(url.endsWith('.css') ? text.text : '')]).toEqual([url, false]);
  });

  it('need no inline script, style or handler, so that their policy can refuse all of them, and other sites', () => {
    for (const [url, text] of html()) {
      expect([
        url,
        /<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon[a-z]+=|javascript:|https?:\/\//i.exec(text)?.[0],
      ]).toEqual([url, undefined]);
    }
    const policies = new Set([...files.values()].map(({ policy }) => policy));
    expect(policies.size).toBe(1);
    const [policy = ''] = policies;
    expect(policy).not.toMatch(/unsafe|\*|https?:|data:/);
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ]) {
      expect(policy).toContain(rule);
    }
  });

  it('put what the API says into themselves as text, never as markup, and keep no secret where a script finds it later', () => {
    for (const [url, text] of scripts()) {
      const found =
        /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|\.style\b|localStorage|sessionStorage|document\.cookie/;
      expect([url, found.exec(text)?.[0]]).toEqual([url, undefined]);
    }
  });

  it('ask the API for routes alone that the table knows, by the method that it knows', () => {
    const asked: string[] = [];
    for (const [, text] of scripts()) {
      for (const [, method, path] of text.matchAll(/ask\('([A-Z]+)', ['`]([^'`]+)['`]/g)) {
        asked.push(`${method} ${path!.replaceAll(/\$\{(\w+)\}/g, ':$1')}`);
      }
    }
    for (const route of asked) expect(Object.keys(access)).toContain(route);
    const used = new Set(asked);
    for (const route of [
      'POST /api/v1/session',
      'DELETE /api/v1/session',
      'PUT /api/v1/session/password',
      'POST /api/v1/tokens',
    ]) {
      expect(used).toContain(route);
    }
    // Whatever asks goes by `ask`, which sends the proof that it is a page of ours.
    for (const [url, text] of scripts())
      if (url !== '/ask.js') expect([url, text.includes('fetch(')]).toEqual([url, false]);
  });

  it('send no form by themselves: a password that no script took does not end in an address', () => {
    for (const [url, text] of html()) {
      for (const [form] of text.matchAll(/<form\b[^>]*>/g))
        expect([url, form]).toEqual([url, expect.stringContaining('method="post"')]);
    }
  });

  it('name every field, tell browsers what it holds, and read problems out', () => {
    for (const [url, text] of html()) {
      const labels = [...text.matchAll(/<label\b[^>]*>[\s\S]*?<\/label>/g)].map(([label]) => label);
      const fields = [...text.matchAll(/<(?:input|select)\b[^>]*>/g)].map(([field]) => field);
      for (const field of fields) {
        const named = labels.some((label) => label.includes(field)) || field.includes('aria-label=');
        expect([url, field, named]).toEqual([url, field, true]);
        if (field.includes('type="password"')) expect(field).toMatch(/autocomplete="(current|new)-password"/);
      }
      const forms = text
        .split('<form')
        .slice(1)
        .map((form) => form.split('</form>')[0]!);
      for (const form of forms) expect(form).toContain('class="problem" role="alert"');
      expect(text).toContain('<html lang="zh-CN">');
    }
  });
});
