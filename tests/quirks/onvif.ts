import {
  batch,
  type Claim,
  camera,
  command,
  inspection,
  loginBook,
  onvif,
  onvifEnds,
  onvifText,
  qOnvif,
  quirk,
  recordedOnvif,
  recorder,
  rtsp,
  snapshot,
  turns,
} from './claim.ts';

export const onvifQuirks: readonly Claim[] = [
  quirk(
    'xaddr-elsewhere',
    'services are named on another host (169.254.x, inside a NAT): their path is asked on ours',
    [],
    [...onvif('is asked on its own host although it names 169.254.9.9'), ...onvifText('as a service is asked at*')],
  ),
  quirk(
    'stream-uri-elsewhere',
    'so is the stream',
    [],
    [
      ...onvif('names the largest and the smallest picture of its first video source'),
      ...onvifText('rtsp://192.168.1.64:554/Streaming/101 is shown as rtsp://cam:554/Streaming/101'),
    ],
  ),
  quirk(
    'snapshot-uri-elsewhere',
    'so is the snapshot',
    [],
    [
      ...onvif('names the largest and the smallest picture of its first video source'),
      ...snapshot('that stands elsewhere is not fetched there'),
    ],
  ),
  quirk(
    'never-dials-what-is-named',
    'no host that a device names is ever dialled',
    [],
    [
      ...onvif('that a device names: in its services, its streams, its snapshot or a redirect'),
      ...rtsp('whatever Content-Base and control name, and nothing is asked of another host'),
    ],
  ),
  quirk(
    'password-in-uri',
    'a password inside a returned URI is struck out before it is kept, logged or shown',
    ['Xiongmai'],
    [
      ...onvif(
        'whose stream has the password in its path tells it without (Xiongmai)',
        'the words of ONVIF are traced without a password',
      ),
      ...onvifText('rtsp://admin:12345@192.168.1.64/ch1?x=1 is shown as rtsp://cam/ch1?x=1'),
      ...command('shows the words on the wire on stderr, without the password'),
    ],
  ),
  quirk(
    'empty-uri',
    'an empty Uri',
    [],
    [...onvif('with an empty Uri for its stream tells what there is')],
    recordedOnvif('getstreamuri_empty_uri.xml is understood'),
  ),
  quirk(
    'no-mediauri',
    'no MediaUri around the Uri',
    [],
    [...onvif('with a Uri without MediaUri for its stream', 'with no MediaUri for its stream')],
    recordedOnvif('getstreamuri_no_mediauri_wr… is understood'),
  ),
  quirk(
    'soap-1.1',
    'SOAP 1.1 in place of 1.2',
    [],
    [...qOnvif('a device that answers in SOAP 1.1, its faults too, is understood and logged in to')],
    recordedOnvif('getstreamuri_soap11_prefixe… is understood'),
  ),
  quirk(
    'blanks-around',
    'blanks around a value',
    [],
    [...onvif('with a Uri without MediaUri for its stream'), ...onvifText('XML > blanks only')],
  ),
  quirk(
    'unbound-prefixes',
    'prefixes that are bound to nothing',
    [],
    [...onvif('with prefixes bound to nothing for its stream')],
  ),
  quirk('utf-16-declared', 'utf-16 declared on bytes of UTF-8', [], [...onvifText('utf-16 declared on UTF-8 bytes')]),
  quirk(
    'gbk-in-utf-8',
    'bytes of GBK in a document of UTF-8',
    ['home-assistant#89620'],
    [...onvifText('GBK bytes in a document that says UTF-8 (home-assistant#89620)')],
    recordedOnvif('GBK bytes in a document that says UTF-8 are read (home-assistant#89620)'),
  ),
  quirk(
    'login-page',
    'a login page with 200 is not ONVIF, and the device is not online by it',
    [],
    [...onvif('what is not ONVIF > a login page with 200'), ...camera('is not online by a web page')],
  ),
  quirk(
    'accepts-and-is-silent',
    'a connection is taken and nothing said: silence',
    [],
    [...onvifEnds('a visit ends at its deadline > in silence')],
  ),
  quirk(
    'media-service-silent',
    'the media service is silent where the device service answers: a failure of its own',
    [],
    [...onvifEnds('a media service that is silent where the device service answers is named')],
  ),
  quirk(
    'snapshot-no-jpeg',
    'a snapshot with 200 that is no JPEG is none',
    [],
    [...snapshot('is none: a login page with 200', 'is none: nothing')],
  ),
  quirk(
    'snapshot-digest-only',
    'a snapshot for a digest only',
    [],
    [
      ...snapshot(
        'is taken with the strongest digest that is offered',
        'is not sent where there is none, and Basic only where it is allowed',
      ),
    ],
  ),
  quirk(
    'entity-bombs',
    'entities that double each other are refused',
    [],
    [...onvifEnds('entities that double each other: refused', 'an entity that names a file: refused')],
  ),
  quirk(
    'dtd',
    'any document type definition is refused',
    [],
    [...onvifEnds('a document type by itself: refused', 'a declaration further down: refused')],
  ),
  quirk(
    'depth',
    'elements 10,000 deep are refused',
    [],
    [...qOnvif('elements 10,000 deep are refused'), ...onvifEnds('elements 100,000 deep: refused')],
  ),
  quirk(
    'body-of-100-mb',
    'a body of 100 MB is left after its first megabytes',
    [],
    [...qOnvif('a body of 100 MB is left after its first megabytes'), ...onvifEnds('one of 2 MB unannounced is cut')],
  ),
  quirk(
    'endless-chunks',
    'chunks without end are cut',
    [],
    [...onvifEnds('endless chunks are cut', 'endless chunk extensions are cut')],
  ),
  quirk(
    'two-connections',
    'ten requests at once wedge the web server: never more than two connections to a host',
    ['rroller/dahua#606'],
    [
      ...recorder('has never more than two connections and one login under way, of four workers'),
      ...camera('ONVIF is asked only after the RTSP session was left'),
      ...batch('two workers that visit one host > take turns: it never has two visitors'),
    ],
  ),
  quirk(
    'one-login-in-flight',
    'and never more than one login under way',
    ['rroller/dahua#606'],
    [
      ...recorder('has never more than two connections and one login under way, of four workers'),
      ...loginBook('the one that goes is the one that is written down*'),
    ],
  ),
  quirk(
    'recorder-is-one-host',
    'a recorder of many channels is one host',
    [],
    [
      ...batch(
        'costs its recorder one failed login, whatever the number of its channels',
        'are visited one after the other, and hold up no other address while they wait',
      ),
      ...inspection('take all channels of a recorder into one batch, whose worker visits them in turn'),
      ...turns('has one visitor; the next begins when the last connection of the one before is closed'),
    ],
  ),
  quirk(
    'missing-channel',
    'a recorder names only the channels that are online: one that is missing is offline',
    [],
    [
      ...batch('is not online behind a recorder, and a camera by itself is: it spoke itself'),
      ...camera('of a channel that its recorder does not have is not online'),
    ],
  ),
];
