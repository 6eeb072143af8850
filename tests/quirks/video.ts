import {
  type Claim,
  camera,
  depacketize,
  ends,
  imports,
  keyframe,
  lateKeyframe,
  manners,
  of,
  pool,
  quirk,
  qVideo,
  recordedBitstream,
  recordedRtp,
  results,
  sdp,
} from './claim.ts';

export const videoQuirks: readonly Claim[] = [
  quirk(
    'late-10-s',
    'the first key frame comes after 10 s',
    ['mediamtx#1825'],
    [...qVideo('after 10 s (mediamtx#1825) is taken'), ...lateKeyframe('is taken under a deadline of twenty')],
  ),
  quirk(
    'late-30-s',
    'after 20 to 30 s',
    ['Hanwha, H.264+'],
    [...qVideo('after 20 s (Hanwha, H.264+) is taken', 'after 30 s (Hanwha, H.264+) is taken')],
  ),
  quirk(
    'late-78-s',
    'after 40 to 78 s, at 2 to 4 frames a second',
    ['Hikvision'],
    [...qVideo('after 40 s (Hikvision at 4 fps) is taken', 'after 78 s (Hikvision at 2 fps) is taken')],
  ),
  quirk(
    'deadline-of-a-camera',
    'so the deadline is a camera’s own',
    [],
    [
      ...imports('is what the sheet says: addresses, transport, certificate and deadline'),
      ...of('unit/inventory/sheet')(
        'says how its cameras are to be asked: snapshot, transport, certificate and deadline',
      ),
    ],
  ),
  quirk(
    'video-without-key-frame',
    'video without a key frame is not "no video"',
    [],
    [
      ...qVideo('is video without a key frame, which is not "no video"'),
      ...ends('PLAY without any video', 'whoever streams without a key frame'),
    ],
  ),
  quirk(
    'sprop-missing',
    'the description has no parameter sets: those in the video count',
    [],
    [...qVideo('that are > missing give way'), ...keyframe('with the parameter sets that come in its own picture')],
  ),
  quirk(
    'sprop-empty',
    'or empty ones',
    [],
    [...qVideo('that are > empty give way'), ...sdp('the parameter sets of a description > are empty pieces')],
  ),
  quirk(
    'sprop-annex-b',
    'or such in Annex B',
    [],
    [
      ...qVideo(
        'that are > written in Annex B give way',
        'that are > written in Annex B count without their start codes',
      ),
      ...sdp('the parameter sets of a description > are in Annex B'),
    ],
  ),
  quirk(
    'sprop-foreign',
    'or those of another stream',
    [],
    [
      ...qVideo('that are > those of another stream give way'),
      ...keyframe('with in-band sets in place of a description of another stream'),
    ],
  ),
  quirk(
    'mode-0-fragmented',
    'packetization-mode=0 is declared and fragments are sent',
    [],
    [...keyframe('comes in fragments although packetization-mode=0 was declared')],
    recordedRtp('h264 packetization-mode 0 but FU-A arri…'),
  ),
  quirk(
    'annex-b-in-rtp',
    'start codes of Annex B inside RTP',
    ['V380', 'retina#68', 'retina#108', 'gortsplib#199', 'gortsplib#989'],
    [
      ...keyframe(
        'divide parameter sets and key slice in one fragmented unit (V380',
        'stand before each unit, also a fragmented one',
      ),
      ...manners('sent each picture as one unit of Annex B (V380, retina#68) gives a picture*'),
    ],
    recordedRtp('h264 issue gortsplib/199 (AnnexB-encode…*'),
  ),
  quirk(
    'fragment-whole',
    'a fragment is the first and the last of its unit at once',
    ['CostarHD', 'gortsplib#649'],
    [...depacketize('hold a unit whose fragment begins and ends it at once (CostarHD, gortsplib#649)')],
    recordedRtp('h264 issue gortsplib/649 (CostarHD, FU-…'),
  ),
  quirk(
    'fragment-empty',
    'fragments hold no bytes',
    ['Tiandy', 'moonfire-nvr#344'],
    [
      ...depacketize('go on after fragments of no bytes (Tiandy)'),
      ...keyframe('are missed in the middle of a picture all the same where the first is empty'),
    ],
  ),
  quirk(
    'fragment-type-changes',
    'the type of a unit changes from fragment to fragment',
    ['Tiandy', 'moonfire-nvr#344'],
    [...keyframe('make one slice though the first are empty and the type changes (Tiandy, moonfire-nvr#344)')],
  ),
  quirk(
    'marker-on-sets',
    'the marker is set on parameter sets and SEI',
    ['H264DVR'],
    [
      ...keyframe('is not ended by a marker on parameter sets, delimiter or SEI (H264DVR)'),
      ...manners('sent with a marker on every unit (H264DVR) gives a picture*'),
    ],
    recordedRtp('h264 marker-splitted access units'),
  ),
  quirk(
    'timestamps-in-picture',
    'one picture has several timestamps',
    ['Reolink', 'retina#13'],
    [
      ...keyframe('has a timestamp for each slice (Reolink, h264)', 'has a timestamp for each slice (Reolink, h265)'),
      ...manners('sent with a timestamp for every unit (Reolink) gives a picture*'),
    ],
  ),
  quirk(
    'no-marker',
    'pictures are divided by timestamps alone',
    ['FLIR', 'mediamtx#3945'],
    [
      ...keyframe('at the next timestamp where no marker ends it (FLIR)'),
      ...manners('sent without markers (FLIR, mediamtx#3945) gives a picture*'),
    ],
    recordedRtp('h264 issue mediamtx/3945 (FLIR M400, ti…'),
  ),
  quirk(
    'damaged-with-a-warning',
    'a damaged picture that a decoder gives with a warning only is none',
    [],
    [
      ...pool(
        'calls a picture cut in half damaged',
        'calls zeros in the middle damaged',
        'decodes h264, and calls it damaged where it is cut',
      ),
      ...camera('of a damaged key frame is online without a picture'),
    ],
    recordedBitstream('is not a captured picture: its first key frame is what comes over RTP, and it is damaged'),
  ),
  quirk(
    'last-frame-of-dead-channel',
    'a recorder serves the last frame of a dead channel, or a card that says NO VIDEO: pictures are compared over time',
    [],
    [...results('is frozen, which is a fault of the picture and not a missing one')],
  ),
];
