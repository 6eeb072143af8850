import { describe, expect, it } from 'vitest';
import { fail } from '../../../probes/index.ts';
import { resultOf } from '../../../src/probing/result.ts';

const assignment = {
  camera: 7,
  code: '45020200001310000007',
  inspection: 3,
  attempt: 2,
  slot: new Date('2026-10-01T02:00:00.500Z'),
  site: 'north',
  pictureDue: true,
  evidence: false,
  host: '10.20.0.7',
  fault: null,
  login: null,
  snapshotProves: false,
  deviceFacts: false,
  target: { url: 'rtsp://10.20.0.7/', login: null, deadlineMs: 1_000 },
};
const nothing = {
  video: null,
  picture: null,
  device: null,
  jpeg: null,
  fingerprint: null,
  steps: [],
  provedBy: null,
  bytes: 0,
  left: Promise.resolve(),
};

describe('the row of a probe', () => {
  it('carries its slot and what was seen, and no word of a login', () => {
    const failure = fail('not_found', 'describe', 'DESCRIBE: 404 Not Found');
    const at = new Date('2026-10-01T02:00:09Z');
    const found = resultOf(assignment, at, 12.6, { ...nothing, online: 'yes', image: 'no', failure });
    expect(found).toMatchObject({
      camera: 7,
      inspection: 3,
      attempt: 2,
      slot: assignment.slot,
      observedAt: at,
      online: 'yes',
      image: 'no',
      failure: 'not_found',
      step: 'describe',
      detail: 'DESCRIBE: 404 Not Found',
      took: 13,
      codec: null,
      faults: [],
      provedBy: null,
    });
  });

  it('holds nothing that PostgreSQL refuses, whatever the device said', () => {
    const failure = { ...fail('not_found', 'describe', ''), detail: 'DESCRIBE: 404 No\0t' };
    const video = { codec: 'h264', width: 65_536, height: 16, keyframeBytes: 900 } as const;
    const found = resultOf(assignment, new Date(), 1, { ...nothing, online: 'yes', image: 'no', failure, video });
    expect(found).toMatchObject({ detail: 'DESCRIBE: 404 No␀t', width: 32_767, height: 16 });
  });

  it.each(['stream', 'snapshot'] as const)('says that the picture came by %s', (provedBy) => {
    const found = resultOf(assignment, new Date(), 1, {
      ...nothing,
      online: 'yes',
      image: 'yes',
      failure: null,
      provedBy,
    });
    expect(found.provedBy).toBe(provedBy);
  });
});
