import { expect, it } from 'vitest';
import { Turn } from '../../../src/db/embedded/turn.ts';

it('the turn goes round in the order in which it was asked for', async () => {
  const turn = new Turn<string>();
  const had: string[] = [];
  await turn.take('first');
  const waiting = ['second', 'third'].map(async (owner) => {
    await turn.take(owner);
    had.push(owner);
    turn.pass(owner);
  });
  expect(had).toEqual([]);
  turn.pass('first');
  await Promise.all(waiting);
  expect(had).toEqual(['second', 'third']);
});

it('who has the turn has it at once again, and nobody else can pass it on', async () => {
  const turn = new Turn<string>();
  await turn.take('owner');
  await turn.take('owner');
  turn.pass('somebody else');
  expect(turn.has('owner')).toBe(true);
  turn.pass('owner');
  expect(turn.has('owner')).toBe(false);
});
