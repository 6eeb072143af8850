import { expect, it } from 'vitest';
import { parseChallenges } from '../../../../probes/rtsp/digest.ts';
import { type Front, front, header, type Response } from '../../../../probes/rtsp/message.ts';
import { codecOf, type Description, parseSdp } from '../../../../probes/rtsp/sdp.ts';
import { Session } from '../../../../probes/rtsp/session.ts';
import { baseUrl, resolveControl } from '../../../../probes/rtsp/url.ts';
import { describeRecorded, manifest, recorded } from '../../../support/realworld.ts';

type MediaFacts = { media: string; control: string | null; rtpmap: string[] };
type SdpFacts = { medias: MediaFacts[]; session_control?: string; first_video_codec?: string };
type Case = {
  file: string;
  device: string;
  facts: {
    status?: number;
    declared_content_length?: number | null;
    actual_body_bytes: number;
    sdp?: SdpFacts;
  };
  asserted_upstream?: {
    request_url?: string;
    control?: string;
    session?: string;
    streams?: { index: number; media?: string; control?: string; encoding?: string; pt?: number }[];
    channel?: number;
    payload?: string;
  };
};

/** Every message at the front of the bytes, fed in reads of `step` bytes; a description without a length ends with them. */
const messagesIn = (bytes: Buffer, step: number): Front[] => {
  const found: Front[] = [];
  let start = 0;
  for (let end = Math.min(step, bytes.length); ; end = Math.min(end + step, bytes.length)) {
    for (;;) {
      const next = front(bytes, start, end);
      if (next.type === 'more') break;
      found.push(next);
      if (next.type === 'garbage') return found;
      start += next.bytes;
    }
    if (end < bytes.length) continue;
    const rest = front(bytes, start, end, true);
    return rest.type === 'response' ? [...found, rest] : found;
  }
};

const responseIn = (bytes: Buffer, step = bytes.length): Response | null => {
  const message = messagesIn(bytes, step).find(({ type }) => type === 'response');
  return message?.type === 'response' ? message.response : null;
};

const codecs: Readonly<Record<string, string>> = { H264: 'h264', H265: 'h265', JPEG: 'mjpeg', 'MP4V-ES': 'mpeg4' };

const expectDescription = (description: Description | null, facts: SdpFacts): void => {
  expect(description).not.toBeNull();
  expect(description!.control).toBe(facts.session_control ?? null);
  expect(description!.medias.map(({ kind, control }) => [kind, control])).toEqual(
    facts.medias.map(({ media, control }) => [media.toLowerCase(), control]),
  );
  const video = description!.medias.find(({ kind }) => kind === 'video');
  const codec = facts.first_video_codec?.toUpperCase() ?? '';
  expect(video === undefined ? null : codecOf(video)).toBe(codecs[codec] ?? null);
};

const pathOf = (url: string): string => url.replace(/^rtsp:\/\/[^/]*/, '');

describeRecorded('recorded RTSP answers', () => {
  const cases = manifest<Case[]>('rtsp/manifest.json').map((one) => ({ ...one, title: `${one.file} (${one.device})` }));
  const answers = cases.filter(({ facts }) => typeof facts.status === 'number');

  it.each(answers)('$title is read, in one read and byte by byte', ({ file, facts }) => {
    const bytes = recorded(file);
    for (const step of [bytes.length, 1, 7]) {
      const response = responseIn(bytes, step);
      expect(response).toMatchObject({ status: facts.status });
      // go2rtc#1663 quotes a description without a length; every other answer without one has no body.
      const undeclared = facts.sdp === undefined ? 0 : facts.actual_body_bytes;
      expect(response!.body).toHaveLength(facts.declared_content_length ?? undeclared!);
    }
  });

  it.each(cases.filter(({ facts }) => facts.sdp !== undefined))('$title is described', ({ file, facts }) => {
    expectDescription(parseSdp(responseIn(recorded(file))!.body.toString('latin1')), facts.sdp!);
  });

  it.each(cases.filter(({ asserted_upstream: upstream }) => upstream?.request_url !== undefined && upstream.streams))(
    '$title has the URLs that other clients found right, on the host that was asked',
    ({ file, asserted_upstream: upstream }) => {
      const response = responseIn(recorded(file))!;
      const description = parseSdp(response.body.toString('latin1'))!;
      const request = upstream!.request_url!;
      const base = baseUrl(request, header(response.headers, 'content-base'));
      for (const { index, control, encoding, pt } of upstream!.streams!) {
        const media = description.medias[index]!;
        const url = resolveControl(request, base, media.control);
        expect(url.startsWith(/^rtsp:\/\/[^/]*/.exec(request)![0])).toBe(true);
        if (control !== undefined) expect(pathOf(url)).toBe(pathOf(control));
        if (pt !== undefined) expect(media.payloadType).toBe(pt);
        if (encoding === 'h264' || encoding === 'h265') expect(codecOf(media)).toBe(encoding);
      }
      if (upstream!.control !== undefined) {
        expect(pathOf(resolveControl(request, base, description.control))).toBe(pathOf(upstream!.control));
      }
    },
  );

  it.each(answers.filter(({ asserted_upstream: upstream }) => upstream?.session !== undefined))(
    '$title tells its session',
    ({ file, asserted_upstream: upstream }) => {
      const session = new Session(null);
      session.note(responseIn(recorded(file))!);
      expect(session.id).toBe(upstream!.session);
    },
  );

  it.each(answers.filter(({ facts }) => facts.status === 401))(
    '$title asks for a digest that is answered',
    ({ file }) => {
      const response = responseIn(recorded(file))!;
      expect(parseChallenges(response.headers.get('www-authenticate')!)[0]).toMatchObject({ scheme: 'digest' });
      const session = new Session({ user: 'u', password: 'p' });
      expect(session.challenged(response)).toBe('answer');
      session.request('DESCRIBE', 'rtsp://h/');
      expect(session.challenged(response)).toBe('refused');
    },
  );

  it.each(cases.filter(({ asserted_upstream: upstream }) => upstream?.payload !== undefined))(
    '$title is a frame behind a blank line',
    ({ file, asserted_upstream: upstream }) => {
      const bytes = recorded(file);
      const frame = messagesIn(bytes, 1).find(({ type }) => type === 'frame');
      expect(frame).toMatchObject({ channel: upstream!.channel });
      expect(frame?.type === 'frame' && bytes.toString('latin1', frame.from, frame.to)).toBe(upstream!.payload);
    },
  );
});

describeRecorded('recorded session descriptions', () => {
  const cases = manifest<{ file: string; device: string; facts: SdpFacts }[]>('sdp/manifest.json');
  it.each(cases)('$file ($device)', ({ file, facts }) => {
    expectDescription(parseSdp(recorded(file).toString('latin1')), facts);
  });
});
