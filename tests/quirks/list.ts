import type { Claim, Group, Quirk } from './claim.ts';
import { clockQuirks } from './clock.ts';
import { ffmpegQuirks } from './ffmpeg.ts';
import { loginsQuirks } from './logins.ts';
import { onvifQuirks } from './onvif.ts';
import { rtspQuirks } from './rtsp.ts';
import { videoQuirks } from './video.ts';

/**
 * What real cameras were reported to do, claim by claim, and the tests that prove that the prober holds against each.
 * A claim enters the list of its group with its tests; `npm run quirks` prints the table, and `npm test` fails where a
 * test is missing.
 */
export const groups: Readonly<Record<Group, string>> = {
  logins: '登录：绝不锁账号 Logins: never lock an account',
  clock: '时钟 Clock',
  onvif: 'ONVIF 与快照 ONVIF and snapshots',
  rtsp: 'RTSP',
  video: '视频 Video',
  ffmpeg: '解码 FFmpeg never talks to a camera',
};

const byGroup: Readonly<Record<Group, readonly Claim[]>> = {
  logins: loginsQuirks,
  clock: clockQuirks,
  onvif: onvifQuirks,
  rtsp: rtspQuirks,
  video: videoQuirks,
  ffmpeg: ffmpegQuirks,
};

export const quirks: readonly Quirk[] = Object.entries(byGroup).flatMap(([group, listed]) =>
  listed.map((one) => ({ ...one, group: group as Group })),
);
