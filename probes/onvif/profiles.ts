import { all, type Element, find, textAt } from './xml.ts';

/** What the media services say of a device's streams. Pure. */

export type MediaVersion = 'ver10' | 'ver20';

/** The XAddr of each media service in a GetServicesResponse. */
export const mediaServices = (response: Element): ReadonlyMap<MediaVersion, string> => {
  const found = new Map<MediaVersion, string>();
  for (const service of all(response, 'Service')) {
    const version = /^http:\/\/www\.onvif\.org\/(ver10|ver20)\/media\/wsdl\/?$/.exec(
      textAt(service, 'Namespace') ?? '',
    )?.[1] as MediaVersion | undefined;
    const xaddr = textAt(service, 'XAddr');
    if (version !== undefined && xaddr !== null) found.set(version, xaddr);
  }
  return found;
};

type Profile = { readonly token: string; readonly source: string | null; readonly pixels: number | null };

const profileOf = (element: Element): Profile | null => {
  const token = element.attributes.get('token');
  if (token === undefined || token === '') return null;
  // Media 1 (ver10) names its configurations by themselves, Media 2 (ver20) inside one element.
  const encoder = find(element, 'VideoEncoderConfiguration') ?? find(element, 'Configurations', 'VideoEncoder') ?? null;
  const source = find(element, 'VideoSourceConfiguration') ?? find(element, 'Configurations', 'VideoSource');
  const width = Number(encoder === null ? null : textAt(encoder, 'Resolution', 'Width'));
  const height = Number(encoder === null ? null : textAt(encoder, 'Resolution', 'Height'));
  const pixels = width * height;
  return {
    token,
    source: source === null ? null : textAt(source, 'SourceToken'),
    pixels: pixels > 0 && Number.isFinite(pixels) ? pixels : null,
  };
};

/**
 * The tokens of the largest and of the smallest picture in a GetProfilesResponse; `sub` is `null` where there is one
 * size only. Of the video source that is listed first: an NVR lists the profiles of all its channels.
 */
export const mainAndSub = (response: Element): { main: string; sub: string | null } | null => {
  const profiles = all(response, 'Profiles')
    .map(profileOf)
    .filter((profile) => profile !== null);
  const first = profiles.find(({ pixels }) => pixels !== null) ?? profiles[0];
  if (first === undefined) return null;
  let largest = first;
  let smallest = first;
  for (const profile of profiles) {
    if (profile.source !== first.source || profile.pixels === null) continue;
    if (profile.pixels > largest.pixels!) largest = profile;
    if (profile.pixels < smallest.pixels!) smallest = profile;
  }
  return { main: largest.token, sub: smallest === largest ? null : smallest.token };
};
