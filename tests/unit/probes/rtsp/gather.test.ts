import { expect, it } from 'vitest';
import { Room } from '../../../../probes/rtsp/gather.ts';

const holding = (length: number): Room => {
  const room = new Room();
  expect(room.append(Buffer.alloc(length, 7), 0, length)).toBe(true);
  return room;
};

it('memory that is too small for one picture is there for the next', () => {
  const small = holding(1_000);
  const memory = small.bytes;
  small.clear();
  // Compared here: of two that differ, the test runner would show every byte.
  expect(holding(100_000).bytes === memory).toBe(false);
  expect(holding(1_000).bytes === memory).toBe(true);
});
