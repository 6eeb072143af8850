import { payloadType, type Track } from './track.ts';

const format = (track: Track): string[] => {
  const sets = track.sprop.map((set) => set.toString('base64'));
  if (track.codec === 'h264') {
    const sprop = sets.length > 0 ? `;sprop-parameter-sets=${sets.join(',')}` : '';
    return [
      `a=rtpmap:${payloadType} H264/90000`,
      `a=fmtp:${payloadType} packetization-mode=1;profile-level-id=${track.profile}${sprop}`,
    ];
  }
  const [vps, sps, pps] = sets;
  return [
    `a=rtpmap:${payloadType} H265/90000`,
    ...(sets.length > 0 ? [`a=fmtp:${payloadType} sprop-vps=${vps};sprop-sps=${sps};sprop-pps=${pps}`] : []),
  ];
};

const videoOf = (track: Track): string[] => [
  `m=video 0 RTP/AVP ${payloadType}`,
  ...format(track),
  'a=recvonly',
  'a=control:trackID=1',
];

const session = 's=Media Presentation\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=control:*\r\n';

const audioMedia = ['m=audio 0 RTP/AVP 8', 'a=rtpmap:8 PCMA/8000', 'a=recvonly', 'a=control:trackID=2'];

/** What is the same for all cameras that show a track: four texts a track at most. */
const mediaOf = new WeakMap<Track, Map<string, string>>();

const medias = (track: Track, { video, audio }: { video: boolean; audio: boolean }): string => {
  const texts = mediaOf.get(track) ?? new Map<string, string>();
  mediaOf.set(track, texts);
  const key = `${video} ${audio}`;
  const text = texts.get(key) ?? [...(video ? videoOf(track) : []), ...(audio ? audioMedia : []), ''].join('\r\n');
  texts.set(key, text);
  return text;
};

/** The description of a camera's stream (RFC 4566, RFC 6184 8.2, RFC 7798 7.2). */
export const describe = (address: string, track: Track, media: { video: boolean; audio: boolean }): string =>
  `v=0\r\no=- 1109162014219182 1109162014219192 IN IP4 ${address}\r\n${session}${medias(track, media)}`;
