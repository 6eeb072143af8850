import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { baseUrl, parseRtspUrl, resolveControl, strikePasswords } from '../../../../probes/rtsp/url.ts';

describe('an RTSP URL is taken apart', () => {
  it.each([
    ['rtsp://10.0.0.1', '10.0.0.1', 554, 'rtsp://10.0.0.1'],
    ['rtsp://10.0.0.1:8554/a?b=c&d', '10.0.0.1', 8554, 'rtsp://10.0.0.1:8554/a?b=c&d'],
    ['RTSP://10.0.0.1:554//h264', '10.0.0.1', 554, 'rtsp://10.0.0.1:554//h264'],
    ['rtsp://[fe80::1%eth0]:554/x', 'fe80::1%eth0', 554, 'rtsp://[fe80::1%eth0]:554/x'],
    ['rtsp://h?channel=1', 'h', 554, 'rtsp://h?channel=1'],
    ['rtsp://h/%7e~Ünïq', 'h', 554, 'rtsp://h/%7e~Ünïq'],
  ])('%s', (text, host, port, request) => {
    expect(parseRtspUrl(text)).toMatchObject({ host, port, request, secure: false, user: null, password: null });
  });

  it.each([
    ['rtsps://10.0.0.1/a', 322],
    ['RTSPS://admin:x@10.0.0.1:8322/a', 8322],
  ])('%s is RTSP inside TLS', (text, port) => {
    const request = `rtsps://10.0.0.1${port === 322 ? '' : ':8322'}/a`;
    expect(parseRtspUrl(text)).toMatchObject({ host: '10.0.0.1', port, secure: true, request });
  });

  it.each([
    ['rtsp://admin:a%40b%2Fc@h/x', 'admin', 'a@b/c'],
    ['rtsp://admin:p@ss:w@h/x', 'admin', 'p@ss:w'],
    ['rtsp://admin@h/x', 'admin', null],
    ['rtsp://admin:100%@h/x', 'admin', '100%'],
  ])('%s: the login never stands in the request', (text, user, password) => {
    expect(parseRtspUrl(text)).toMatchObject({ host: 'h', request: 'rtsp://h/x', user, password });
  });

  it.each([
    'http://h/',
    'rtsp:/h',
    'rtsp://',
    'rtsp://h:0/',
    'rtsp://h:65536/',
    'rtsp://h:port/',
    'rtsp://::1/x',
    'rtsp://h/a b',
    'rtsp://h/a\r\nX: y',
    '',
  ])('but %j is none', (text) => {
    expect(parseRtspUrl(text)).toBeNull();
  });

  it('without throwing, whatever the text', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseRtspUrl(`rtsp://${text}`)));
  });
});

describe('the base of relative controls', () => {
  const request = 'rtsp://10.0.0.1:8554/live?ch=1';

  it.each([
    ['nothing named', undefined, request],
    ['a path of its own', 'rtsp://10.0.0.1:8554/live/', 'rtsp://10.0.0.1:8554/live/'],
    ['a dropped port (Reolink)', 'rtsp://10.0.0.1/live/', 'rtsp://10.0.0.1:8554/live/'],
    ['another host', 'rtsp://192.168.1.9:554/x/', 'rtsp://10.0.0.1:8554/x/'],
    ['a link-local host', 'rtsp://169.254.3.4/x/', 'rtsp://10.0.0.1:8554/x/'],
    ['a login', 'rtsp://admin:secret@10.0.0.1/x/', 'rtsp://10.0.0.1:8554/x/'],
    ['an IPv6 host without brackets', 'rtsp://fe80::1/x/', 'rtsp://10.0.0.1:8554/x/'],
    ['no scheme (moonfire#356)', '10.0.0.1:8554/live/', request],
    ['a doubled scheme (go2rtc#208)', 'rtsp://rtsp://10.0.0.1:8554/live/', request],
    ['a blank inside', 'rtsp://10.0.0.1/a b/', request],
    ['another scheme', 'http://10.0.0.1/live/', request],
    ['nothing but blanks', '  ', request],
  ])('with %s', (_, contentBase, base) => {
    expect(baseUrl(request, contentBase)).toBe(base);
  });
});

describe('the URL of a track', () => {
  const request = 'rtsp://10.0.0.1:8554/live';

  it.each([
    ['no control', null, `${request}/`],
    ['a star', '*', `${request}/`],
    ['a relative control', 'trackID=0', `${request}/trackID=0`],
    ['one with a slash', '/trackID=0', `${request}/trackID=0`],
    ['an absolute one with a query (Hikvision)', 'rtsp://10.0.0.1:8554/live/trackID=1?a=b', `${request}/trackID=1?a=b`],
    ['one of another host', 'rtsp://192.168.0.60/media/video', 'rtsp://10.0.0.1:8554/media/video'],
    ['one with a doubled scheme', 'rtsp://rtsp://10.0.0.1/live', `${request}/`],
    ['one of another scheme', 'http://192.168.0.60/media', `${request}/`],
    ['one with a blank, which would end the request line', 'track 1 RTSP/1.0', `${request}/`],
  ])('from %s', (_, control, url) => {
    expect(resolveControl(request, `${request}/`, control)).toBe(url);
  });

  it('stays inside TLS, though the device names its plain port', () => {
    const secure = 'rtsps://10.0.0.1/live';
    expect(baseUrl(secure, 'rtsp://10.0.0.1:554/live/')).toBe('rtsps://10.0.0.1/live/');
    expect(resolveControl(secure, secure, 'rtsp://10.0.0.1/live/track1')).toBe('rtsps://10.0.0.1/live/track1');
  });

  it('follows the base also behind a query, as live555 and FFmpeg join (Dahua)', () => {
    const dahua = 'rtsp://10.0.0.1/cam/realmonitor?channel=1&subtype=1';
    expect(resolveControl(dahua, `${dahua}/`, 'trackID=0')).toBe(`${dahua}/trackID=0`);
    expect(resolveControl(dahua, dahua, 'trackID=0')).toBe(`${dahua}/trackID=0`);
  });

  it('is always of the host that was asked, whatever a device names', () => {
    const word = fc.constantFrom('rtsp://', 'rtsps://', '169.254.1.1', '/', '?', '@', ':', 'a', '://', '//', '[', ' ');
    const named = fc.oneof(
      fc.string(),
      fc.array(word).map((words) => words.join('')),
    );
    fc.assert(
      fc.property(fc.option(named, { nil: undefined }), fc.option(named), (contentBase, control) => {
        const url = resolveControl(request, baseUrl(request, contentBase), control);
        expect(url).toMatch(/^rtsp:\/\/10\.0\.0\.1:8554(?:[/?]|$)/);
        expect(url).not.toMatch(/\s/);
      }),
    );
  });
});

describe('passwords are struck out', () => {
  it.each([
    ['of a login', 'see rtsp://admin:p@ss@h/x', 'see rtsp://***@h/x'],
    [
      'up to the next name (Xiongmai)',
      '/user=admin_password=a_b_channel=1_stream=0.sdp',
      '/user=admin_password=***_channel=1_stream=0.sdp',
    ],
    ['up to the end of the segment', '/user=admin_password=a_b/c', '/user=admin_password=***/c'],
    ['one behind another', '/password=a_password=b&pwd=c', '/password=***_password=***&pwd=***'],
    [
      'of a query (Foscam)',
      '/videostream.cgi?loginuse=admin&loginpas=x&a=b',
      '/videostream.cgi?loginuse=admin&loginpas=***&a=b',
    ],
    [
      'by any of their names',
      '?pass=a&passwd=b&PWD=c&psw=d;userpwd=e',
      '?pass=***&passwd=***&PWD=***&psw=***;userpwd=***',
    ],
    ['of a header', 'CSeq: 1\r\nAuthorization: Basic YTpi\r\nX: 1', 'CSeq: 1\r\nAuthorization: Basic ***\r\nX: 1'],
  ])('%s', (_, words, struck) => {
    expect(strikePasswords(words)).toBe(struck);
  });

  it('and nothing else is', () => {
    const words = '?bypass=1&compass=2&user=admin&channel=1 rtsp://10.0.0.1/x WWW-Authenticate: Basic realm="r"';
    expect(strikePasswords(words)).toBe(words);
  });
});
