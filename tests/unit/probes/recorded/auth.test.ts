import { expect, it } from 'vitest';
import { authorize, parseChallenges } from '../../../../probes/rtsp/digest.ts';
import { describeRecorded, manifest } from '../../../support/realworld.ts';

type Vectors = {
  rtsp_digest_sender: {
    cases: {
      name: string;
      www_authenticate: string[];
      method: string;
      uri: string;
      user: string;
      pass: string;
      expect_authorization: string;
    }[];
  };
};

/** The parameters of a header, in no order; algorithm=MD5 is the default and says nothing. */
const meaning = (header: string): string[] =>
  header
    .replace(/^Digest /, '')
    .split(', ')
    .map((part) => part.replace(/^(algorithm)="?([^"]*)"?$/, '$1=$2'))
    .filter((part) => part !== 'algorithm=MD5')
    .sort();

describeRecorded('digest vectors of another client', () => {
  it.each(manifest<Vectors>('auth/digest-vectors.json').rtsp_digest_sender.cases)('$name', (vector) => {
    const best = parseChallenges(vector.www_authenticate)[0]!;
    const credentials = { user: vector.user, password: vector.pass };
    const header = authorize(best, credentials, vector.method, vector.uri, 1, 'unused');
    expect(meaning(header)).toEqual(meaning(vector.expect_authorization));
  });
});
