import { manifest, recorded } from '../support/realworld.ts';

/** Recordings of real cameras to begin from, by what they are. */
export type Recorded = Readonly<Record<'message' | 'sdp' | 'header' | 'soap', readonly Buffer[]>>;

export const nothingRecorded: Recorded = { message: [], sdp: [], header: [], soap: [] };

/** Longer ones are left out: many edits to few bytes find more than few to many. */
const longest = 8 * 1024;

/** `nothingRecorded` where the recorded cases are not at hand: they are not part of the project. */
export const recordedCases = (): Recorded => {
  const files = (list: string, only: (entry: { file: string; class?: string }) => boolean = () => true): Buffer[] =>
    manifest<{ file: string; class?: string }[]>(list)
      .filter(only)
      .map(({ file }) => recorded(file))
      .filter((bytes) => bytes.length > 0 && bytes.length <= longest);
  const bad = (...classes: readonly string[]): Buffer[] =>
    files('bad/manifest.json', (entry) => classes.includes(entry.class ?? ''));
  try {
    return {
      message: [...files('rtsp/manifest.json'), ...bad('rtsp-response', 'rtsp-request', 'interleaved', 'rtsp-header')],
      sdp: [...files('sdp/manifest.json'), ...bad('sdp', 'sdp-format', 'sdp-session')],
      header: bad('hdr-www-authenticate', 'hdr-keyval', 'hdr-session', 'hdr-transport', 'hdr-range', 'hdr-rtp-info'),
      soap: files('onvif/manifest.json'),
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return nothingRecorded;
    throw error;
  }
};
