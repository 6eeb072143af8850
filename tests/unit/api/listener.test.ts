import { describe, expect, it } from 'vitest';
import { eventText, Listener, type StateChange } from '../../../src/api/listener.ts';

const change = (serial: number, from: 'yes' | 'no', to: 'yes' | 'no'): StateChange => ({
  code: String(serial),
  unit: '450202',
  online: { from, to },
  image: { from, to },
  at: null,
});

/** All that a listener gets from now on until its stream ends. */
const heard = async (listener: Listener): Promise<string> => {
  let text = '';
  for await (const chunk of listener.stream) text += String(chunk);
  return text;
};
/** So much that no line takes it at once. */
const fill = (listener: Listener): void => {
  listener.stream.read(0);
  listener.tell(`: ${'x'.repeat(100_000)}\n\n`);
};

describe('who listens to events', () => {
  it('hears them in their order, each with its number', async () => {
    const listener = new Listener();
    listener.tell(eventText('round', { kind: 'opened' }, 7));
    listener.tell(eventText('progress', { answered: 1 }));
    setImmediate(() => listener.end('the service stops; come back'));
    expect(await heard(listener)).toBe(
      'id: 7\nevent: round\ndata: {"kind":"opened"}\n\nevent: progress\ndata: {"answered":1}\n\n: the service stops; come back\n\n',
    );
  });

  it('on a slow line hears of several changes of a camera as one, and of none where it is again what it was', async () => {
    const listener = new Listener();
    fill(listener);
    listener.tellState(change(1, 'yes', 'no'));
    listener.tellState(change(2, 'yes', 'no'));
    listener.tellState(change(2, 'no', 'yes'));
    listener.tellState({ ...change(3, 'yes', 'no'), image: { from: 'yes', to: 'yes' } });
    listener.tellState({ ...change(3, 'no', 'no'), image: { from: 'yes', to: 'no' } });
    const all = heard(listener);
    // What waits flows as the line takes it; then the stream is ended.
    while (!listener.idle) await new Promise((resolve) => setImmediate(resolve));
    listener.end('enough');
    const states = (await all).split('\n\n').filter((text) => text.startsWith('event: state'));
    expect(states.map((text) => JSON.parse(text.split('data: ')[1]!) as StateChange)).toEqual([
      change(1, 'yes', 'no'),
      change(3, 'yes', 'no'),
    ]);
  });

  it.each([
    ['events', (listener: Listener) => listener.tell(': one more\n\n'), 201],
    ['cameras', (listener: Listener, nth: number) => listener.tellState(change(nth, 'yes', 'no')), 20_001],
  ])('and is too slow for so many %s is sent away, and told to come back', async (_, tell, count) => {
    const listener = new Listener();
    fill(listener);
    for (let nth = 0; nth < count; nth += 1) tell(listener, nth);
    expect(listener.idle).toBe(true);
    expect(await heard(listener)).toMatch(/x\n\n: too slow; come back with Last-Event-ID\n\n$/);
    // What comes after is heard by nobody, and fails nobody.
    tell(listener, count);
    expect(listener.idle).toBe(true);
  });
});
