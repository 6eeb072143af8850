import assert from 'node:assert/strict';
import fc from 'fast-check';
import { bestChallenge, offeredWords } from '../../probes/http/login.ts';
import { authorize, parseChallenges } from '../../probes/rtsp/digest.ts';
import { mutantTexts } from './mutate.ts';
import type { Target } from './target.ts';

/** Challenges in the manner of Hikvision, Dahua, Axis, live555, and of devices that offer several in one header. */
const texts = [
  'Digest realm="IP Camera(C1)", nonce="55b8a1e2c0f1", stale="FALSE"',
  'Digest realm="Login to 4K0123", nonce="b0d34c5b", qop="auth", opaque="5ccc069c403ebaf9f0171e9517f40e41", algorithm=MD5',
  'Digest realm="AXIS_ACCC8E", nonce="00b1", algorithm=SHA-256, qop="auth,auth-int", stale=true, Basic realm="AXIS_ACCC8E"',
  'Basic realm="a \\"quoted\\" one", Digest realm="x" , nonce = "y",algorithm="md5"',
  'Digest realm="unclosed, nonce="1", qop=auth-int',
  'digest REALM=a,NONCE=b,OPAQUE=',
  'Negotiate, NTLM TlRMTVNTUAAC, Bearer realm="x"',
];
const words = [
  'Digest ',
  'Basic ',
  'nonce="',
  'realm=',
  'qop="auth"',
  'algorithm=SHA-256',
  '\\"',
  '\\\\',
  'stale=true',
  'a_b_',
];

type Input = { values: string[]; user: string; password: string };

/** Challenges, and the answers to them: what is printed reads as what was asked. */
export const digest = (recorded: readonly Buffer[]): Target<Input> => ({
  name: 'digest',
  inputs: fc.record({
    // As they come out of a header: in one line, no blanks around.
    values: fc
      .array(mutantTexts(texts, words, recorded), { minLength: 1, maxLength: 2 })
      .map((values) => values.flatMap((value) => value.split(/[\r\n]+/)).map((value) => value.trim())),
    // A person's entry: any letters, no control characters.
    user: fc.string({ unit: 'grapheme', maxLength: 12 }),
    password: fc.string({ unit: 'grapheme', maxLength: 12 }),
  }),
  check({ values, user, password }) {
    const challenges = parseChallenges(values);
    const basicAllowed = user.length % 2 === 0;
    const best = bestChallenge(values, { user, password, basicAllowed }, { secure: null });
    assert(best === null || best.scheme === 'digest' || basicAllowed, 'Basic where it is not allowed');
    assert(!/[\r\n]/.test(offeredWords(values)), 'a line break in the words');
    for (const challenge of challenges) {
      const answer = authorize(challenge, { user, password }, 'DESCRIBE', 'rtsp://10.0.0.1/a"b\\c', 1, 'c0ffee');
      assert(!/[\r\n]/.test(answer), 'a line break in an answer');
      if (challenge.scheme === 'basic') {
        const said = Buffer.from(answer.slice('Basic '.length), 'base64').toString('latin1');
        assert.equal(said, Buffer.from(`${user}:${password}`).toString('latin1'));
      } else assert.deepEqual(parseChallenges([answer]), [{ ...challenge, stale: false }], 'printed and read again');
    }
  },
});
