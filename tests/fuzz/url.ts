import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ownUri, servicePath } from '../../probes/onvif/uri.ts';
import { baseUrl, parseRtspUrl, resolveControl, strikePasswords } from '../../probes/rtsp/url.ts';
import { mutantTexts } from './mutate.ts';
import type { Target } from './target.ts';

const texts = [
  'rtsp://10.0.0.1/Streaming/Channels/101',
  'rtsp://admin:pass%20word@10.0.0.1:554/cam/realmonitor?channel=1&subtype=0',
  'rtsps://[fe80::1%25eth0]:322/live',
  'rtsp://rtsp://10.0.0.1:554/h264/ch1/main/av_stream',
  'rtsp://10.0.0.1/user=admin_password=tlJwpbo6_channel=1_stream=0.sdp?real_stream',
  '//10.0.0.1/1/',
  'trackID=1',
  '*',
  '/media.smp/trackID=v',
  'http://169.254.1.1:8000/onvif/media_service?x=1',
  'http://u:p@w@[::1]/onvif/snapshot#frag',
];
const words = ['rtsp://', 'rtsps://', 'http://', '[', ']', '::', '..', '//', '?', '#', '%zz', '%00', '***'];

/** Occurs nowhere else: found in what was struck out, it was left there. */
const secret = 'Geheim';
const around = mutantTexts(['', 'see "', '<Uri>', 'Location: ', 'a://b '], ['://', '@', 'x://y']).map((text) =>
  text.slice(0, 300),
);
/** What may stand in a URL's login or in a path (RFC 3986 section 3.2.1), and Chinese unescaped. */
const inLogin = fc.string({ unit: fc.constantFrom(...'aZ09-._~!$&()*+,;=%:@#?/\\[]{}|^`柳州'), maxLength: 20 });
const inPath = fc.string({ unit: fc.constantFrom(...'aZ09-.~!$()*+,:@%柳州'), maxLength: 20 });

type Input = { url: string; named: string; before: string; inLogin: string; inPath: string };

/** URLs of ours and of a device's: the host stays ours, one line stays one line, and no login is left in words. */
export const url = (recorded: readonly Buffer[]): Target<Input> => ({
  name: 'url',
  inputs: fc.record({
    url: mutantTexts(texts, words, recorded),
    named: mutantTexts(texts, words, recorded),
    before: around,
    inLogin,
    inPath,
  }),
  check({ url: text, named, before, ...secrets }) {
    const parsed = parseRtspUrl(text);
    if (parsed !== null) {
      const { host, port, secure, request } = parsed;
      assert(host !== '' && port >= 1 && port <= 65_535 && !/\s/.test(request), 'a URL that is none');
      assert.deepEqual(parseRtspUrl(request), { host, port, secure, request, user: null, password: null });
      const origin = /^rtsps?:\/\/[^/?]*/.exec(request)![0];
      const base = baseUrl(request, named);
      for (const one of [base, resolveControl(request, base, named), resolveControl(request, base, null)]) {
        assert(one.startsWith(origin) && !/[\s]/.test(one), 'another host, or a blank');
        assert.match(one.slice(origin.length), /^([/?]|$)/, 'another host');
      }
    }
    const path = servicePath(named);
    assert(path === null || (path.startsWith('/') && /^[\x21-\x7e]*$/.test(path)), 'a path that is none');
    for (const scheme of ['rtsp', 'http'] as const) {
      const own = ownUri(named, scheme, '10.9.9.9', secret);
      if (own !== null)
        assert.match(own, /^(rtsps?|https?):\/\/10\.9\.9\.9(:\d+)?([/?][^\s@]*)?$/, 'another host, or a login');
    }
    const login = `${before}rtsp://admin:${secrets.inLogin}${secret}${secrets.inLogin}@10.0.0.1/live`;
    assert(!strikePasswords(login).includes(secret), 'a login left in words');
    const query = `${before}/user=admin&password=${secrets.inPath}${secret}${secrets.inPath}&channel=1`;
    assert(!strikePasswords(query).includes(secret), 'a password left in words');
  },
});
