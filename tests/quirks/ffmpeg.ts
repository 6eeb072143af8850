import { type Claim, login, of, pool, qDecoding, qLogins, qRtsp, quirk, rtsp, unit } from './claim.ts';

const confine = unit('picture/confine');

export const ffmpegQuirks: readonly Claim[] = [
  quirk(
    'follows-redirects',
    'it follows a redirect to another host; we do not, and bytes that name a URL open none',
    [],
    [
      ...rtsp('a redirect (302) is a failure'),
      ...qDecoding(
        'of the pool, > opens nothing that the bytes of a camera name',
        'of the second choice, > opens nothing that the bytes of a camera name',
      ),
    ],
  ),
  quirk(
    'clear-password',
    'it sends the password in clear when asked for Basic; we do not',
    [],
    [...login('Basic is refused, because it would send the password in clear')],
  ),
  quirk(
    'password-in-errors',
    'it prints the URL with the password on errors; ours never do',
    [],
    [
      ...rtsp('are told with every password and digest struck out'),
      ...qRtsp('a redirect that meets a login takes no credentials anywhere'),
      ...of('unit/probing/result')('carries its slot and what was seen, and no word of a login'),
    ],
  ),
  quirk(
    'password-in-process-list',
    'it shows the password in the process list; its arguments and environment hold no URL and no password',
    [],
    [
      ...qDecoding(
        'of the pool, > shows no URL, no address and no password',
        'of the second choice, > shows no URL, no address and no password',
      ),
      ...pool('the processes of a pool > have no environment'),
    ],
  ),
  quirk(
    'fails-sha-256',
    'it fails digests by SHA-256; our client does not',
    ['go2rtc#2344'],
    [...qLogins('a camera that knows SHA-256 only is logged in to')],
  ),
  quirk(
    'bytes-only',
    'it gets bytes only, in a process of its own',
    [],
    [
      ...qDecoding('imports FFmpeg’s codecs, pixels and constants'),
      ...pool('over a picture costs nothing: the picture is tried again'),
    ],
  ),
  quirk(
    'no-network',
    'that process holds no socket of the network, and has a network namespace of its own where the kernel lets us',
    [],
    [
      ...qDecoding(
        'of the pool, > holds no socket of the network, all the while that it decodes',
        'of the second choice, > holds no socket of the network, all the while that it decodes',
      ),
      ...confine(
        'whoever may make a network namespace has one made',
        'of the pool, > has a network of its own without a way out',
        'of the second choice, > has a network of its own without a way out',
      ),
    ],
  ),
  quirk(
    'memory-limit',
    'what a picture claims is bounded before memory is taken for it, and the kernel keeps a limit of memory',
    [],
    [
      ...pool(
        'takes no memory for a JPEG of more pixels than a camera has',
        'takes no JPEG of more pixels than a camera has',
      ),
      ...confine(
        'of the pool, > has a limit of memory that the kernel keeps',
        'of the second choice, > has a limit of memory that the kernel keeps',
        'of the pool, > fails alone over a picture that takes more memory than it may have',
        'of the second choice, > fails alone over a picture that takes more memory than it may have',
        'because of those before costs nothing: a new one decodes the picture',
        'twice has failed, which is our own fault and says nothing of the camera',
        'does not come of many cameras*',
      ),
    ],
  ),
  quirk(
    'time-limit',
    'a decoder that does not end is killed',
    [],
    [...qDecoding('that does not end is killed within its time, and the picture is decoded by the next')],
  ),
  quirk(
    'live-view',
    'nothing of the service gives it the URL of a camera, nor uses a package that does',
    [],
    [...qDecoding('nothing else of the service starts FFmpeg, and no package that gives it a URL is used')],
  ),
];
