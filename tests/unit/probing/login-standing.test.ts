import { describe, expect, it } from 'vitest';
import {
  blank,
  doubtedSpacing,
  type Standing,
  standingAfter,
  standsAs,
  unansweredSpacing,
} from '../../../src/probing/login-standing.ts';

const now = new Date('2026-10-01T02:00:00Z');
const ago = (seconds: number): Date => new Date(now.getTime() - seconds * 1000);

const row = (more: Partial<Standing>): Standing => ({ ...blank, ...more });
const refused = (refused_by: Standing['refused_by'], refused_kind: Standing['refused_kind'] = 'unauthorized') =>
  ({ refused_by, refused_kind, refused_detail: 'DESCRIBE: 401' }) as const;
const doubted = (service: Standing['doubted'], seconds: number) =>
  ({ doubted: service, doubted_at: ago(seconds) }) as const;

type Told = 'go' | 'try' | 'unauthorized' | 'forbidden' | 'busy' | 'login_held';

/** What happened, what is written of it, and what each service may do after it: RTSP, ONVIF, snapshot. */
const stories: readonly [string, Standing | null, Told, Told, Told][] = [
  ['nothing', null, 'try', 'try', 'try'],
  ['nothing that lasted', row({}), 'try', 'try', 'try'],
  ['RTSP accepted it', row({ accepted: ['rtsp'] }), 'go', 'try', 'try'],
  ['all accepted it', row({ accepted: ['rtsp', 'onvif', 'snapshot'] }), 'go', 'go', 'go'],
  ['RTSP refused it', row(refused('rtsp')), 'unauthorized', 'unauthorized', 'unauthorized'],
  ['RTSP said 403', row(refused('rtsp', 'forbidden')), 'forbidden', 'forbidden', 'forbidden'],
  [
    'RTSP accepted it and ONVIF refused it',
    row({ accepted: ['rtsp'], ...refused('onvif') }),
    'go',
    'unauthorized',
    'unauthorized',
  ],
  [
    'RTSP and the snapshot accepted it and ONVIF refused it',
    row({ accepted: ['rtsp', 'snapshot'], ...refused('onvif') }),
    'go',
    'unauthorized',
    'go',
  ],
  ['a worker died over RTSP', row({ trying: 'rtsp' }), 'login_held', 'login_held', 'login_held'],
  [
    'RTSP accepted it and a worker died over ONVIF',
    row({ accepted: ['rtsp'], trying: 'onvif' }),
    'go',
    'login_held',
    'login_held',
  ],
  ['it met silence just now', row({ unanswered_at: ago(0) }), 'login_held', 'login_held', 'login_held'],
  [
    'it met silence nearly half an hour ago',
    row({ unanswered_at: ago(unansweredSpacing - 0.001) }),
    'login_held',
    'login_held',
    'login_held',
  ],
  ['it met silence half an hour ago', row({ unanswered_at: ago(unansweredSpacing) }), 'try', 'try', 'try'],
  [
    'RTSP accepted it and ONVIF was silent',
    row({ accepted: ['rtsp'], unanswered_at: ago(1) }),
    'go',
    'login_held',
    'login_held',
  ],
  ['RTSP accepted it and then said 401', row({ accepted: ['rtsp'], ...doubted('rtsp', 0) }), 'busy', 'busy', 'busy'],
  [
    'RTSP accepted it and said 401 nearly half an hour ago',
    row({ accepted: ['rtsp'], ...doubted('rtsp', doubtedSpacing - 0.001) }),
    'busy',
    'busy',
    'busy',
  ],
  [
    'RTSP accepted it and said 401 half an hour ago: RTSP alone finds out what that meant',
    row({ accepted: ['rtsp'], ...doubted('rtsp', doubtedSpacing) }),
    'try',
    'busy',
    'busy',
  ],
  [
    'both accepted it and RTSP then said 401: devices count failures for the host, so that ONVIF waits too',
    row({ accepted: ['rtsp', 'onvif'], ...doubted('rtsp', 0) }),
    'busy',
    'busy',
    'busy',
  ],
  [
    'both accepted it and RTSP said 401 half an hour ago: whichever comes first finds out what that meant',
    row({ accepted: ['rtsp', 'onvif'], ...doubted('rtsp', doubtedSpacing) }),
    'try',
    'try',
    'busy',
  ],
  [
    'a worker died over the second try',
    row({ accepted: ['rtsp'], ...doubted('rtsp', 3_600), trying: 'rtsp' }),
    'login_held',
    'login_held',
    'login_held',
  ],
  [
    'the second try met silence',
    row({ accepted: ['rtsp'], ...doubted('rtsp', 3_600), unanswered_at: ago(0) }),
    'login_held',
    'busy',
    'busy',
  ],
  [
    'the second try met the same',
    row({ accepted: ['rtsp'], ...doubted('rtsp', 3_600), ...refused('rtsp') }),
    'unauthorized',
    'unauthorized',
    'unauthorized',
  ],
  [
    'ONVIF refused it, and RTSP, which had accepted it, said 401 an hour ago',
    row({ accepted: ['rtsp'], ...doubted('rtsp', 3_600), ...refused('onvif') }),
    'try',
    'unauthorized',
    'unauthorized',
  ],
];

describe('what a login may do', () => {
  it.each(stories)('after %s', (_, standing, rtsp, onvif, snapshot) => {
    const told = (['rtsp', 'onvif', 'snapshot'] as const).map((service) => {
      const stands = standsAs(standing, service, now);
      return typeof stands === 'string' ? stands : stands.kind;
    });
    expect(told).toEqual([rtsp, onvif, snapshot]);
  });

  it('after a refusal says who refused it and with which words, and no password', () => {
    const after = row({ accepted: ['rtsp'], ...refused('onvif') });
    expect(standsAs(after, 'onvif', now)).toMatchObject({ detail: 'DESCRIBE: 401; no login tried, refused before' });
    expect(standsAs(after, 'snapshot', now)).toMatchObject({
      detail: 'DESCRIBE: 401; no login tried, refused before by onvif',
    });
  });
});

describe('what comes of a login', () => {
  const kind = 'unauthorized';
  const detail = 'DESCRIBE: 401';

  it('refused in doubt by one, ends it for all that had accepted it', () => {
    const both = row({ accepted: ['rtsp', 'onvif'] });
    const doubt = standingAfter(both, 'rtsp', { came: 'doubted', kind, detail }, ago(3_600));
    const end = standingAfter(doubt, 'onvif', { came: 'refused', kind, detail }, now);
    expect(end).toEqual(row({ refused_by: 'onvif', refused_kind: kind, refused_detail: detail }));
  });

  it('taken by another than the one in doubt, goes on there and ends for that one', () => {
    const both = row({ accepted: ['onvif', 'rtsp'] });
    const doubt = standingAfter(both, 'onvif', { came: 'doubted', kind, detail }, ago(3_600));
    const settled = standingAfter(doubt, 'rtsp', { came: 'accepted' }, now);
    expect(settled).toMatchObject({ accepted: ['rtsp'], doubted: null, refused_by: 'onvif' });
    expect((['rtsp', 'onvif'] as const).map((service) => standsAs(settled, service, now))).toEqual([
      'go',
      expect.objectContaining({ kind }),
    ]);
  });
});
