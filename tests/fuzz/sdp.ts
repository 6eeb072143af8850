import assert from 'node:assert/strict';
import { codecOf, parseSdp } from '../../probes/rtsp/sdp.ts';
import { mutantTexts } from './mutate.ts';
import type { Target } from './target.ts';

/** Descriptions in the manner of Hikvision, Dahua, an NVR with metadata, MPEG-4 and JPEG servers, and broken ones. */
const texts = [
  'v=0\r\no=- 1109162014219182 1109162014219192 IN IP4 x.y.z.w\r\ns=Media Presentation\r\ne=NONE\r\nb=AS:5100\r\nt=0 0\r\na=control:rtsp://10.0.0.1/\r\nm=video 0 RTP/AVP 96\r\nb=AS:5000\r\na=recvonly\r\na=x-dimensions:1920,1080\r\na=control:rtsp://10.0.0.1/trackID=1\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 profile-level-id=420029; packetization-mode=1; sprop-parameter-sets=Z00AKpWoHgCJ+WEAAAcIAAFfkAQ=,aO48gA==\r\nm=audio 0 RTP/AVP 8\r\na=control:trackID=2\r\na=rtpmap:8 PCMA/8000\r\n',
  'v=0\no=- 2251938191 2251938191 IN IP4 0.0.0.0\ns=RTSP Session/2.0\nc=IN IP4 0.0.0.0\nt=0 0\na=control:*\na=range:npt=now-\nm=video 0 RTP/AVP 98\na=control:trackID=0\na=rtpmap:98 H265/90000\na=fmtp:98 profile-id=1;sprop-sps=QgEBAWAAAAMAsAAAAwAAAwBdoAKAgC0WWVmkkyuAQA==;sprop-pps=RAHA8vA8kAA=;sprop-vps=QAEMAf//AWAAAAMAsAAAAwAAAwBdLAk=\n',
  'a=rtpmap:96 H264/90000\r\na=fmtp:96 sprop-parameter-sets=AAAAAWdCAB6V,,AAABaM48gA==\r\nm=video 0 RTP/AVP 96\r\nm=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\n',
  'm=video 0 RTP/AVP 97\r\na=rtpmap:97 MP4V-ES/90000\r\na=fmtp:97 profile-level-id=1;config=000001b001000001b58913000001000000012000c48d88002d3c04871443\r\n',
  'm=video 0 RTP/AVP 26\ra=framesize:26 3840-2160\rm=video 0 RTP/AVP 26 97\ra=x-dimensions: 640 , 480\r',
  'm=\r\nm=video\r\nm=video 0\r\na=rtpmap:\r\na=fmtp:\r\na=control:\r\n',
];
const words = [
  'm=video 0 RTP/AVP 96\n',
  'a=rtpmap:96 H264/90000\n',
  'a=fmtp:96 ',
  'a=control:',
  'sprop-sps=',
  'config=',
  'AAAA',
];

/** Session descriptions. */
export const sdp = (recorded: readonly Buffer[]): Target<string> => ({
  name: 'sdp',
  inputs: mutantTexts(texts, words, recorded),
  check(text) {
    const description = parseSdp(text);
    if (description === null) return;
    assert(description.medias.length > 0, 'no media');
    let bytes = 0;
    for (const media of description.medias) {
      codecOf(media);
      assert(!/[\r\n]/.test(media.control ?? ''), 'a line break in a control');
      assert(media.kind === media.kind.toLowerCase() && !/\s/.test(media.kind + media.encoding), 'kind or encoding');
      for (const set of media.parameterSets) {
        assert(set.length > 0, 'an empty parameter set');
        bytes += set.length;
      }
    }
    // Base64 and hexadecimal digits are longer than what they say; a size is 4 bytes of a longer line.
    assert(bytes <= text.length * Math.max(1, description.medias.length), 'more bytes than the text has');
  },
});
