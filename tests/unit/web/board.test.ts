import Fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { board } from '../../../src/web/board.ts';

const served = async (url: string) => {
  const app = Fastify();
  await app.register(board);
  const answer = await app.inject(url);
  await app.close();
  return answer;
};

describe('the county board', () => {
  it('is a page that loads nothing but its own files', async () => {
    const page = await served('/');
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-security-policy']).toContain("default-src 'self'");
    const files = [...page.body.matchAll(/(?:src|href)="(\/board[^"]*)"/g)].map(([, file]) => file!);
    expect(files.sort()).toEqual(['/board.css', '/board.js']);
    for (const file of files) expect((await served(file)).statusCode).toBe(200);
    expect(page.body).not.toMatch(/<script(?![^>]*\bsrc=)|style="|https?:\/\//);
  });

  it('has the words of the office: 点位, 报备, 未知, 在线, 出图, 结论', async () => {
    const { body } = await served('/');
    for (const word of ['考核单位', '点位', '报备', '未知', '在线', '出图', '天网', '社会面', '结论']) {
      expect(body).toContain(word);
    }
  });

  it('asks the API for the latest rates, and puts what it says into the page as text, never as markup', async () => {
    const { body } = await served('/board.js');
    expect(body).toContain('/api/v1/inspections/latest/rates');
    expect(body).not.toMatch(/innerHTML|insertAdjacentHTML|document\.write/);
  });
});
