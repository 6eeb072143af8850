import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  closeStatement,
  FrameError,
  Frames,
  frame,
  MESSAGE_MAX,
  prefixStatement,
  simpleQuery,
  statusAtEnd,
} from '../../../src/db/embedded/frames.ts';

const int32 = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => {
    bytes.writeInt32BE(value, 4 * i);
  });
  return bytes;
};

const messagesIn = (chunks: readonly Buffer[]): Buffer[] => {
  const frames = new Frames();
  const messages: Buffer[] = [];
  for (const chunk of chunks) {
    frames.add(chunk);
    for (let message = frames.message(); message !== null; message = frames.message()) messages.push(message);
  }
  return messages;
};

describe('a byte stream is cut into messages', () => {
  it('however the network cut it into chunks', () => {
    const body = fc.uint8Array({ maxLength: 60 });
    const type = fc.constantFrom('Q', 'P', 'B', 'S', 'd');
    fc.assert(
      fc.property(fc.array(fc.tuple(type, body)), fc.array(fc.integer({ min: 1, max: 40 })), (contents, cuts) => {
        const sent = contents.map(([kind, bytes]) => frame(kind, Buffer.from(bytes)));
        let rest = Buffer.concat(sent);
        const chunks: Buffer[] = [];
        for (const cut of cuts) {
          chunks.push(rest.subarray(0, cut));
          rest = rest.subarray(cut);
        }
        chunks.push(rest);
        expect(messagesIn(chunks.filter((chunk) => chunk.length > 0)).map(String)).toEqual(sent.map(String));
      }),
    );
  });

  it('a message stays unsaid while its last byte is missing', () => {
    const query = simpleQuery('select 1');
    expect(messagesIn([query.subarray(0, -1)])).toEqual([]);
    expect(messagesIn([query.subarray(0, -1), query.subarray(-1)])).toEqual([query]);
  });

  it('a length that no message has is refused before anything of it is kept', () => {
    for (const length of [3, -1, MESSAGE_MAX]) {
      expect(() => messagesIn([Buffer.concat([Buffer.from('Q'), int32(length)])])).toThrow(FrameError);
    }
  });
});

describe('the first packet of a connection', () => {
  const startup = (...bytes: Buffer[]) => {
    const frames = new Frames();
    for (const chunk of bytes) frames.add(chunk);
    return frames.startup();
  };

  it('asks to start, to encrypt or to cancel', () => {
    expect(startup(int32(8, 196_608))).toBe('start');
    expect(startup(int32(8, 80_877_103))).toBe('encryption');
    expect(startup(int32(8, 80_877_104))).toBe('encryption');
    expect(startup(int32(16, 80_877_102, 1, 2))).toBe('cancel');
  });

  it('is waited for until it is whole', () => {
    expect(startup(int32(16))).toBeNull();
    expect(startup(int32(16, 196_608, 1))).toBeNull();
    expect(startup(int32(16, 196_608, 1), int32(2))).toBe('start');
  });

  it('is refused where it is of another protocol, or longer than PostgreSQL takes', () => {
    expect(() => startup(Buffer.from('GET / HTTP/1.1\r\n'))).toThrow(FrameError);
    expect(() => startup(int32(8, 2 << 16))).toThrow('protocol 2.0');
  });
});

describe('names of prepared statements are kept apart by a prefix', () => {
  const parse = (name: string) => frame('P', `${name}\0select 1\0\0\0`);
  const bind = (portal: string, name: string) => frame('B', `${portal}\0${name}\0\0\0\0\0\0\0`);

  it.each([
    ['Parse', parse('s'), parse('c7_s')],
    ['Bind', bind('portal', 's'), bind('portal', 'c7_s')],
    ['Describe', frame('D', 'Ss\0'), frame('D', 'Sc7_s\0')],
    ['Close', closeStatement('s'), closeStatement('c7_s')],
  ])('in %s', (_, message, renamed) => {
    expect(prefixStatement(message, 'c7_')).toEqual({ message: renamed, statement: 'c7_s' });
  });

  it.each([
    ['the unnamed statement', parse('')],
    ['a portal', frame('D', 'Ps\0')],
    ['SQL text', simpleQuery('s')],
    ['a Parse without an end of its name', frame('P', 's')],
    ['a Bind without an end of its portal', frame('B', 's')],
    ['a Bind without a statement', frame('B', 's\0')],
  ])('but %s is left as it is', (_, message) => {
    expect(prefixStatement(message, 'c7_')).toEqual({ message, statement: null });
  });
});

describe('the status at the end of an answer', () => {
  it('is that of its last ReadyForQuery', () => {
    expect(statusAtEnd(Buffer.concat([frame('Z', 'I'), frame('Z', 'T')]))).toBe('T');
  });

  it('is not told where the answer ends with something else', () => {
    expect(statusAtEnd(Buffer.alloc(0))).toBeNull();
    expect(statusAtEnd(Buffer.concat([frame('Z', 'I'), frame('C', 'SELECT 1\0')]))).toBeNull();
  });
});
