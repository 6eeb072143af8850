import Fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { pages } from '../../../src/web/pages.ts';

const served = async (url: string) => {
  const app = Fastify();
  await app.register(pages);
  const answer = await app.inject(url);
  await app.close();
  return answer;
};

describe('the county board', () => {
  it('has the words of the office: 点位, 报备, 未知, 在线, 出图, 结论', async () => {
    const { body } = await served('/');
    for (const word of ['考核单位', '点位', '报备', '未知', '在线', '出图', '天网', '社会面', '结论']) {
      expect(body).toContain(word);
    }
  });

  it('asks the API for the latest rates', async () => {
    expect((await served('/board.js')).body).toContain('/api/v1/inspections/latest/rates');
  });
});
