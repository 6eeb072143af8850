import type { Stream, VideoCodec } from './city.ts';

/**
 * What is filmed and how it is encoded. `sets` says where the stream carries its parameter sets: in front of each key
 * frame, in the SDP, or both, because cameras do all three.
 */
export type Recipe = {
  readonly name: string;
  readonly codec: VideoCodec;
  readonly stream: Stream;
  readonly sets: 'band' | 'sdp' | 'both';
  /** H.264 only: Baseline codes its coefficients by CAVLC, Main by CABAC, which costs a decoder about twice as much. */
  readonly profile?: Profile;
};
export type Profile = 'baseline' | 'main';

/** One filming gives both codecs, so that the picture is drawn once. */
export type Filming = { readonly stream: Stream; readonly graph: string; readonly recipes: readonly Recipe[] };

export const fps = 25;
/** Pictures from key frame to key frame: 2 s. */
export const gop = 50;
/** Two groups: a camera probed twice in a row shows another picture each time. */
export const pictures = 2 * gop;

/** The benchmark's stream: 1080p H.264, Baseline, whose key frames have about 46 KB. */
export const benchmarkClip = 'crossroads-main-h264';

const sizes: Record<Stream, string> = { main: '1920x1080', sub: '704x576' };

/** Drawn once and repeated: a surveillance picture stands still but for what moves in it. */
const still = `trim=end_frame=1,loop=loop=-1:size=1,setpts=N/${fps}/TB`;
const source = (kind: string, size: string) => `${kind}=s=${size}:r=${fps}`;
const box = (x: number, y: number, w: number, h: number, color: string) =>
  `drawbox=x=iw*${x}:y=ih*${y}:w=iw*${w}:h=ih*${h}:color=${color}:t=fill`;
const clock =
  "drawtext=font='DejaVu Sans':text='%{pts\\:gmtime\\:1762000000\\:%Y-%m-%d %T}':fontsize=h/24:x=w/40:y=h/40:" +
  'fontcolor=white:box=1:boxcolor=black@0.6';
const sky = 'nb_colors=3:speed=0.00001';
/** Luma noise drawn into the still picture stands for the texture of walls, asphalt and leaves. */
const texture = (strength: number) => `noise=c0s=${strength}:c0_seed=11`;

type Scene = { readonly background: (size: string) => string; readonly movers: readonly Mover[] };
/** Something that moves; sizes and paths as parts of the picture. */
type Mover = {
  readonly source: string;
  readonly w: number;
  readonly h: number;
  readonly x: string;
  readonly y: string;
};

const crossroads: Scene = {
  background: (size) =>
    [
      `${source('gradients', size)}:seed=3:c0=0x9fb4c8:c1=0x7d8fa0:c2=0xc8ccd0:${sky}`,
      'format=yuv420p',
      box(0, 0.18, 0.22, 0.5, '0x8a7460'),
      box(0.25, 0.08, 0.2, 0.6, '0x6d6a78'),
      box(0.48, 0.25, 0.24, 0.42, '0xa09080'),
      box(0.76, 0.12, 0.24, 0.55, '0x5f7068'),
      'drawgrid=w=iw/48:h=ih/36:t=2:color=0x303840@0.5',
      box(0, 0.67, 1, 0.33, '0x55585c'),
      box(0, 0.82, 1, 0.012, '0xe8e8e0'),
      texture(7),
      still,
    ].join(','),
  movers: [
    { source: 'testsrc2', w: 0.17, h: 0.17, x: 'mod(t*W/9\\,W)', y: 'H*0.7' },
    { source: 'color=c=0x303840', w: 0.125, h: 0.11, x: 'W-mod(t*W/14+W/5\\,W)', y: 'H*0.57' },
  ],
};

const market: Scene = {
  background: (size) =>
    [
      `${source('testsrc2', size)}`,
      'format=yuv420p',
      'hue=s=0.5',
      box(0, 0.55, 1, 0.45, '0x8c8478'),
      'drawgrid=w=iw/20:h=ih/11:t=3:color=0x504030@0.6',
      texture(6),
      still,
    ].join(','),
  movers: [
    { source: 'testsrc', w: 0.12, h: 0.25, x: 'W*0.4+W*0.3*sin(t)', y: 'H*0.65' },
    { source: 'color=c=0xb03030', w: 0.06, h: 0.2, x: 'mod(t*W/12\\,W)', y: 'H*0.6' },
  ],
};

const village: Scene = {
  background: (size) =>
    [
      `${source('mandelbrot', size)}:start_scale=0.5`,
      'format=yuv420p',
      'hue=s=0.25:b=1.5',
      box(0, 0.75, 1, 0.25, '0x7a6a50'),
      texture(6),
      still,
    ].join(','),
  movers: [{ source: 'testsrc2', w: 0.15, h: 0.12, x: 'mod(t*W/16+W/3\\,W)', y: 'H*0.8' }],
};

const even = (part: number, whole: number): number => 2 * Math.round((part * whole) / 2);

const graphOf = (scene: Scene, stream: Stream): string => {
  const [width, height] = sizes[stream].split('x').map(Number) as [number, number];
  const movers = scene.movers.map(({ source: kind, w, h }, nth) => {
    const size = `${even(w, width)}x${even(h, height)}`;
    return `${kind}${kind.includes('=') ? ':' : '='}s=${size}:r=${fps},format=yuv420p[mover${nth}]`;
  });
  const overlays = scene.movers.map(
    ({ x, y }, nth) => `[layer${nth}][mover${nth}]overlay=x='${x}':y='${y}'[layer${nth + 1}]`,
  );
  return [
    `${scene.background(sizes[stream])}[layer0]`,
    ...movers,
    ...overlays,
    `[layer${scene.movers.length}]${clock},format=yuv420p,split[h264][h265]`,
  ].join(';');
};

const film = (
  scene: Scene,
  name: string,
  stream: Stream,
  profile: Profile,
  h264: Recipe['sets'],
  h265: Recipe['sets'],
): Filming => ({
  stream,
  graph: graphOf(scene, stream),
  recipes: [
    { name: `${name}-${stream}-h264`, codec: 'h264', stream, sets: h264, profile },
    { name: `${name}-${stream}-h265`, codec: 'h265', stream, sets: h265 },
  ],
});

export const filmings: readonly Filming[] = [
  film(crossroads, 'crossroads', 'main', 'baseline', 'both', 'sdp'),
  film(crossroads, 'crossroads', 'sub', 'baseline', 'sdp', 'band'),
  film(market, 'market', 'main', 'main', 'band', 'both'),
  film(market, 'market', 'sub', 'main', 'both', 'sdp'),
  film(village, 'village', 'sub', 'main', 'band', 'both'),
];

/** Chosen so that key frames come to some 46 KB at 1080p and 11 to 20 KB at 704x576. */
const quantizer = (profile: Profile, stream: Stream): string =>
  profile === 'main' ? '31' : stream === 'main' ? '32' : '36';

/**
 * Encoder arguments. H.264 at a constant quantizer: with a rate control the second key frame of a still scene comes out
 * two to four times as large as the first (measured, x264 164). H.265 keeps adaptive quantization: with it each coding
 * block carries a quantizer delta, by whose range a decoder notices damage.
 */
export const encoderArgs = ({ codec, profile = 'main', stream }: Recipe): readonly string[] =>
  codec === 'h264'
    ? [
        '-c:v',
        'libx264',
        '-preset',
        'veryfast',
        '-profile:v',
        profile,
        '-bf',
        '0',
        '-qp',
        quantizer(profile, stream),
      ].concat(['-g', `${gop}`, '-keyint_min', `${gop}`, '-sc_threshold', '0', '-f', 'h264'])
    : ['-c:v', 'libx265', '-preset', 'ultrafast', '-crf', '31', '-x265-params']
        .concat([
          `bframes=0:keyint=${gop}:min-keyint=${gop}:scenecut=0:open-gop=0:aq-mode=1:repeat-headers=1:log-level=none`,
        ])
        .concat(['-f', 'hevc']);
