import {
  batch,
  type Claim,
  camera,
  digest,
  imports,
  killed,
  login,
  loginBook,
  loginClose,
  loginGuard,
  onvifLogin,
  qLogins,
  quirk,
  recordedAuth,
  recordedOnvif,
  session,
  snapshot,
  tls,
  udpFallback,
  url,
  wrongPassword,
} from './claim.ts';

export const loginsQuirks: readonly Claim[] = [
  quirk(
    'one-budget',
    'RTSP, ONVIF and HTTP share one budget of failed logins: one failed login, over all protocols',
    ['lightNVR#339', 'rroller/dahua#729'],
    [
      ...camera('where RTSP refuses it, ONVIF is asked without'),
      ...loginBook('refused is not tried again by any service, in this batch or a later one'),
      ...wrongPassword('sees one failed login in all'),
    ],
  ),
  quirk(
    'one-of-all-workers',
    'one failed login, of all workers together',
    [],
    [
      ...batch('is logged in to once where two workers hold it at the same moment'),
      ...loginBook('that ask for one login at once: one goes'),
      ...killed('no login failed twice'),
    ],
  ),
  quirk(
    'one-over-restarts',
    'one failed login, over restarts and a killed worker',
    [],
    [
      ...batch('is logged in to exactly once in three attempts, also by workers that start anew'),
      ...wrongPassword('sees none more where the worker dies over that login'),
    ],
  ),
  quirk(
    'until-changed',
    'no further login until the stored password is another',
    [],
    [
      ...imports('is not tried again after an import of the same password', 'is lifted by a new password*'),
      ...loginBook('a password that was changed > and returns to what was refused'),
    ],
  ),
  quirk(
    'fault-counts-down',
    'a SOAP fault counts the attempts down, on HTTP 400 or 401: a refusal',
    ['lightNVR#339'],
    [
      ...onvifLogin(
        'that is refused with a fault on HTTP 400 is sent once',
        'that is refused with a fault on HTTP 401 is sent once',
      ),
    ],
    recordedOnvif('a fault that counts down is a refusal (lightNVR#339)'),
  ),
  quirk(
    'locked-half-an-hour',
    'accounts and addresses are locked for half an hour: nothing is sent to one, nor soon after a login without an answer',
    ['rroller/dahua#729', 'evercam#91'],
    [
      ...onvifLogin('to an account that the device says is locked'),
      ...loginBook('left without an answer is tried again after half an hour and not before'),
    ],
  ),
  quirk(
    'busy-says-401',
    'a device at its limit of connections answers 401 to a login that it took before: busy, not wrong',
    ['rroller/dahua#603'],
    [
      ...login('and refuses it with the same nonce is busy'),
      ...loginGuard('that a refusal is a busy device, and then the picture is unknown'),
      ...onvifLogin('that the guard knows as right is refused by a busy device (rroller/dahua#603)'),
      ...snapshot('that the guard knows as right is refused by a busy device (rroller/dahua#603)'),
    ],
  ),
  quirk(
    'busy-asked-once-more',
    'such a refusal is checked once more, spaced, before it counts',
    ['rroller/dahua#603'],
    [
      ...batch('and says 401 now is busy, is asked again after half an hour, and only then refused'),
      ...loginBook('is busy, and waits half an hour for its second try', 'has one second try, of whoever asks first'),
    ],
  ),
  quirk(
    'closing-counts',
    'where each answer closes the connection, every request without a login counts as one: each service is asked once',
    ['rroller/dahua#597'],
    [
      ...qLogins('asks each of them once without a login where each answer closes the connection'),
      ...onvifLogin('is wanted even for the clock: that was the one question in vain'),
    ],
  ),
  quirk(
    'old-nonce',
    'a nonce of an earlier connection gets 403: none is kept, a fresh one is asked for',
    ['#647'],
    [
      ...session('begins on a new connection without the nonce of the old one (#647)'),
      ...udpFallback('no nonce of the old one is sent there (#647)'),
      ...loginClose(
        'and gets 403: it is dropped, another is asked for without a login, and the right password is accepted',
        'and gets 401 with another: that is answered',
        'to the answer of the fresh one is the refusal*',
        'and gets 403, as does the question without a login: that is the refusal',
        'from a device that closes again: that is the refusal*',
      ),
    ],
  ),
  quirk(
    'same-nonce',
    'the same nonce after a refusal: nothing more is sent',
    [],
    [
      ...login('and refuses it gets exactly one login'),
      ...session('does not take the same nonce for a new one, whatever the device calls it'),
    ],
  ),
  quirk(
    'stale-nonce',
    'a nonce that the device calls stale is renewed once, and only once',
    [],
    [...login('a stale nonce > is renewed once', 'a stale nonce > that is always stale is a refusal')],
  ),
  quirk(
    'qop-needs-nc',
    'qop=auth is refused without cnonce and nc',
    [],
    [
      ...qLogins('a camera that knows SHA-256 only is logged in to with qop, cnonce and nc'),
      ...digest('with MD5 as RFC 7616'),
      ...session('counts the answers to one nonce'),
    ],
    recordedAuth('digest sha256'),
  ),
  quirk(
    'sha-256-only',
    'a digest by SHA-256 and no other',
    ['go2rtc#2344'],
    [
      ...qLogins('a camera that knows SHA-256 only is logged in to with qop, cnonce and nc (go2rtc#2344)'),
      ...digest('with SHA-256 as RFC 7616'),
    ],
    recordedAuth('digest sha256'),
  ),
  quirk(
    'several-challenges',
    'several challenges at once: the strongest is answered',
    [],
    [
      ...login('SHA-256 is taken before MD5, and MD5 before Basic'),
      ...digest('the strongest comes first, in headers of their own or in one'),
      ...onvifLogin('answers the strongest challenge, once asked for, with each request'),
    ],
    recordedAuth('multiple 1', 'multiple 2'),
  ),
  quirk(
    'basic-only-where-marked',
    'Basic, which shows the password: only where the camera is marked for it',
    [],
    [
      ...login(
        'Basic is refused, because it would send the password in clear',
        'Basic is taken where the camera is marked for it',
      ),
      ...onvifLogin(
        'cannot be made where only Basic is offered, which would send the password in clear',
        'may be Basic where the camera is marked for it',
      ),
    ],
  ),
  quirk(
    'basic-inside-tls',
    'or inside TLS with a certificate that is believed',
    [],
    [
      ...tls('is answered where the certificate is believed', 'is not where anybody could be at the other end'),
      ...snapshot('a snapshot is taken by a certificate registered by its fingerprint, with Basic'),
    ],
  ),
  quirk(
    'closes-with-401',
    'TCP is closed with the 401: dialled again once, with the login',
    ['retina#45'],
    [
      ...loginClose(
        'and says so is dialled again once and then gets the login',
        'without a word is dialled again once and then gets the login',
        'each time, and refuses, gets exactly one login',
      ),
    ],
  ),
  quirk(
    'closes-on-login',
    'TCP is closed on the request that logs in: dialled again once, with the same login',
    ['retina#45'],
    [...loginClose('is dialled again once and gets the same login', 'each time, gets no third')],
  ),
  quirk(
    'no-login-at-setup',
    'a login is asked for at SETUP and taken only from DESCRIBE on',
    [],
    [
      ...login(
        'only at SETUP, and then wants the login from DESCRIBE on, gets it',
        'only at SETUP is asked from DESCRIBE on, and gets one login where it refuses that',
      ),
    ],
  ),
  quirk(
    'login-in-url',
    'user and password never stand in a request line or in the uri of a digest',
    ['webrtc-streamer#698'],
    [...login('does not learn the password from a request line'), ...url('the login never stands in the request*')],
  ),
  quirk(
    'onvif-users-apart',
    'the users of ONVIF are often not those of RTSP: two results',
    ['agsh/onvif#112'],
    [
      ...qLogins('of a device whose ONVIF users are not its RTSP users has two results (agsh/onvif#112)'),
      ...loginBook('accepted by RTSP and refused by ONVIF goes on over RTSP'),
    ],
  ),
];
