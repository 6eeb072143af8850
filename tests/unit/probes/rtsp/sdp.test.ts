import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codecOf, parseSdp } from '../../../../probes/rtsp/sdp.ts';

const video = (...lines: string[]) => parseSdp(['m=video 0 RTP/AVP 96', ...lines].join('\r\n'))!.medias[0]!;
const hex = (sets: readonly Buffer[]): string[] => sets.map((set) => set.toString('hex'));

describe('a session description', () => {
  it('tells each media, its payload type, its encoding and its control', () => {
    const description = parseSdp(
      [
        'v=0',
        'o=- 1 1 IN IP4 10.0.0.1',
        'a=control:*',
        'm=audio 0 RTP/AVP 8',
        'a=control:trackID=1',
        'm=video 0 RTP/AVP 98',
        'a=rtpmap:98 H265/90000',
        'a=control:trackID=0',
        '',
      ].join('\r\n'),
    );
    expect(description).toEqual({
      control: '*',
      medias: [
        { kind: 'audio', payloadType: 8, encoding: '8', control: 'trackID=1', parameterSets: [] },
        { kind: 'video', payloadType: 98, encoding: 'H265', control: 'trackID=0', parameterSets: [] },
      ],
    });
  });

  it.each(['\r\n', '\n', '\r'])('is read with lines that end in %j', (eol) => {
    const text = ['m=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000 ', 'a=control:t'].join(eol);
    expect(parseSdp(text)!.medias).toEqual([expect.objectContaining({ encoding: 'H264', control: 't' })]);
  });

  it('without a media line is none', () => {
    for (const text of ['', 'v=0\r\ns=-\r\n', '<html></html>']) expect(parseSdp(text)).toBeNull();
  });

  it('of only m= lines is one, without a codec that could be told', () => {
    const description = parseSdp('m=video 0 RTP/AVP 96');
    expect(description!.medias[0]).toMatchObject({ payloadType: 96, encoding: '96', control: null });
    expect(codecOf(description!.medias[0]!)).toBeNull();
  });

  it.each([
    ['H264', 'h264'],
    ['h264', 'h264'],
    ['H265', 'h265'],
    ['HEVC', 'h265'],
    ['JPEG', 'mjpeg'],
    ['MP4V-ES', 'mpeg4'],
    ['VP8', null],
  ])('names %s', (name, codec) => {
    expect(codecOf(video(`a=rtpmap:96 ${name}/90000`))).toBe(codec);
  });

  it('knows payload type 26 as JPEG without a mapping (RFC 3551), unless it is mapped', () => {
    expect(codecOf(parseSdp('m=video 0 RTP/AVP 26')!.medias[0]!)).toBe('mjpeg');
    expect(codecOf(parseSdp('m=video 0 RTP/AVP 26\na=rtpmap:26 H264/90000')!.medias[0]!)).toBe('h264');
  });

  it('keeps controls with colons and blanks around', () => {
    expect(video('a=control: rtsp://10.0.0.1:554/a:b ').control).toBe('rtsp://10.0.0.1:554/a:b');
  });

  it('takes the mapping of its own payload type, not of a neighbour', () => {
    expect(video('a=rtpmap:97 H265/90000', 'a=rtpmap:96 H264/90000').encoding).toBe('H264');
  });

  it('takes a mapping that stands in the wrong section', () => {
    const text = 'v=0\r\na=rtpmap:96 H264/90000\r\nm=video 0 RTP/AVP 96\r\na=control:t\r\n';
    expect(codecOf(parseSdp(text)!.medias[0]!)).toBe('h264');
  });

  describe('with a mapping and parameters in the section of another media', () => {
    const mapping = ['a=rtpmap:96 H264/90000', 'a=fmtp:96 sprop-parameter-sets=Z00AHpWoKA9k'];
    const read = (...lines: string[]) => parseSdp(lines.join('\r\n'))!.medias;

    it('takes them for the only media line that has their payload type, before or behind it', () => {
      for (const medias of [
        read('m=video 0 RTP/AVP 96', 'm=audio 0 RTP/AVP 8', ...mapping),
        read('m=audio 0 RTP/AVP 8', ...mapping, 'm=video 0 RTP/AVP 96'),
      ]) {
        const found = medias.find(({ kind }) => kind === 'video')!;
        expect([codecOf(found), hex(found.parameterSets)]).toEqual(['h264', ['674d001e95a8280f64']]);
      }
    });

    it('leaves them where another media line has that payload type too', () => {
      for (const other of ['m=video 0 RTP/AVP 96', 'm=audio 0 RTP/AVP 8 96']) {
        const [first] = read('m=video 0 RTP/AVP 96', other, 'm=application 0 RTP/AVP 107', ...mapping);
        expect(first).toMatchObject({ encoding: '96', parameterSets: [] });
      }
    });

    it('leaves them where its own section, or that of the session, has others', () => {
      const astray = ['m=audio 0 RTP/AVP 8', ...mapping];
      const own = ['a=rtpmap:96 H265/90000', 'a=fmtp:96 sprop-sps=QgEB'];
      for (const medias of [
        read('m=video 0 RTP/AVP 96', ...own, ...astray),
        read(...own, 'm=video 0 RTP/AVP 96', ...astray),
      ]) {
        expect([medias[0]!.encoding, hex(medias[0]!.parameterSets)]).toEqual(['H265', ['420101']]);
      }
    });
  });

  it('does not throw on arbitrary text', () => {
    const line = fc.oneof(
      fc.string(),
      fc.tuple(fc.constantFrom('m=', 'a=rtpmap:', 'a=fmtp:', 'a=control:'), fc.string()).map((parts) => parts.join('')),
    );
    fc.assert(fc.property(fc.array(line), (lines) => void parseSdp(lines.join('\n'))));
  });
});

describe('the parameter sets of a description', () => {
  const h264 = (value: string) =>
    hex(video('a=rtpmap:96 H264/90000', `a=fmtp:96 packetization-mode=1${value}`).parameterSets);

  it.each([
    ['are SPS and PPS', ';sprop-parameter-sets=Z00AHpWoKA9k,aO48gA==', ['674d001e95a8280f64', '68ee3c80']],
    ['have blanks around', '; sprop-parameter-sets = Z00AHpWoKA9k,aO48gA==;', ['674d001e95a8280f64', '68ee3c80']],
    ['are missing', '', []],
    ['are empty', ';sprop-parameter-sets=', []],
    ['are empty pieces', ';sprop-parameter-sets=,,', []],
    ['are in Annex B', ';sprop-parameter-sets=AAAAAWdNAB4=,AAABaO48gA==', ['674d001e', '68ee3c80']],
    ['are no base64', ';sprop-parameter-sets=***', []],
  ])('%s', (_, value, sets) => {
    expect(h264(value)).toEqual(sets);
  });

  it('come in the order VPS, SPS, PPS for H.265, however the device wrote them (Dahua)', () => {
    const sets = video(
      'a=rtpmap:96 H265/90000',
      'a=fmtp:96 profile-id=1;sprop-sps=QgEB;sprop-pps=RAHA;sprop-vps=QAEM',
    ).parameterSets;
    expect(hex(sets)).toEqual(['40010c', '420101', '4401c0']);
  });

  it('are the configuration of MPEG-4', () => {
    const of = (fmtp: string) => hex(video('a=rtpmap:96 MP4V-ES/90000', `a=fmtp:96 ${fmtp}`).parameterSets);
    expect(of('profile-level-id=1;config=000001B001000001B5')).toEqual(['000001b001000001b5']);
    expect(of('profile-level-id=1')).toEqual([]);
    expect(of('config=xyz')).toEqual([]);
  });

  it.each([
    ['a=x-dimensions:3840,2160', ['0f000870']],
    ['a=framesize:96 3840-2160', ['0f000870']],
    ['a=x-dimensions:70000,2160', []],
    ['a=x-dimensions:', []],
    ['a=framerate:25', []],
  ])('are the size of pictures for JPEG: %s', (line, sets) => {
    expect(hex(video('a=rtpmap:96 JPEG/90000', line).parameterSets)).toEqual(sets);
  });
});
