import {
  AV_CODEC_ID_H264,
  AV_CODEC_ID_HEVC,
  AV_CODEC_ID_MJPEG,
  AV_CODEC_ID_MPEG4,
  AV_LOG_QUIET,
  AV_PIX_FMT_GRAY8,
  AV_PIX_FMT_YUV420P,
  AV_PIX_FMT_YUVJ420P,
  AVERROR_EAGAIN,
  AVERROR_ENOMEM,
  type AVPixelFormat,
  SWS_AREA,
  SWS_FAST_BILINEAR,
} from 'node-av/constants';
import {
  avImageGetBufferSize,
  Codec,
  CodecContext,
  Frame,
  Log,
  Packet,
  Rational,
  SoftwareScaleContext,
} from 'node-av/lib';
import { fill, put } from './blocking.ts';
import { factsOf, type Grey, greyWidth } from './facts.ts';
import { fingerprintOf } from './fingerprint.ts';
import { firstSliceOf, idr, type Slice } from './first-slice.ts';
import { lackOf } from './jpeg.ts';
import { kept } from './kept.ts';
import { codecs, evidenceWidth, maxPixels, type Reply, replyHeader, requestHeader } from './wire.ts';

/**
 * A decoder process: reads key frames from stdin and answers on stdout, one after the other, until stdin ends. FFmpeg
 * (node-av) lives in here and nowhere else: it sees bytes, never a camera, and when it crashes it costs one picture.
 * Reads are blocking: the process has nothing else to do, and an event loop between would cost CPU on every picture.
 */

/**
 * Contexts of larger pictures are not kept: sixteen of 8192 x 8192 would take 2.7 GB, of this size up to 380 MiB (limit:
 * `pool.ts`). They must never meet it: libavcodec calls H.264 invalid when it ran out of memory, which would be laid to
 * the camera. In bytes, because 10 bits a sample take twice as much and all colours another twice: counted in pixels,
 * twelve such contexts of H.264 met the limit, and a sound 8K picture behind them came out as damaged.
 */
const keptBytes = (4096 * 2304 * 3) / 2;
/**
 * After larger pictures a context is always flushed: one of H.264 that is not keeps the memory of two and not of one.
 * Sixteen at 4096 x 2304 brought the process to 1,265 MiB, and flushed to 854; at this size they bring it to 764.
 */
const unflushedBytes = (1920 * 1088 * 3) / 2;
/** Key frames of the same parameter sets have one: opening it costs 1.7 ms at 1080p. */
const contexts = new Map<string, CodecContext>();
const codecIds = {
  h264: AV_CODEC_ID_H264,
  h265: AV_CODEC_ID_HEVC,
  mjpeg: AV_CODEC_ID_MJPEG,
  mpeg4: AV_CODEC_ID_MPEG4,
} as const;
type CodecName = keyof typeof codecIds;

const openContext = (codec: CodecName): CodecContext => {
  const decoder = Codec.findDecoder(codecIds[codec]);
  if (decoder === null) throw new Error(`no decoder for ${codec}`);
  const context = new CodecContext();
  context.allocContext3(decoder);
  context.threadCount = 1;
  // One by one, not as a Dictionary: avcodec_open2 takes that over and node-av 6.1.1 frees it a second time (crash).
  // An error is an error: without it, libavcodec conceals the damage and calls it a picture.
  context.setOption('err_detect', 'explode+crccheck+bitstream');
  // Checked before a frame is allocated, also for what the header of a JPEG claims.
  context.setOption('max_pixels', maxPixels);
  // The loop filter smooths what is shown; whether the picture is whole shows without it, and so does evidence of 320 px
  // (9.0 -> 6.2 CPU-ms at 1080p, 45 KB, CABAC).
  context.setOption('skip_loop_filter', 'all');
  const result = context.open2Sync(decoder, null);
  if (result < 0) throw new Error(`the decoder for ${codec} does not open (${result})`);
  return context;
};

/** Longer parameter sets stand for themselves by as many bytes. */
const keyBytes = 512;
/** Of MPEG-4, where the configuration ends is not looked for. */
const mpeg4KeyBytes = 48;

const packet = new Packet();
packet.alloc();
const frame = new Frame();
frame.alloc();

const emptyFrame = (width: number, height: number, format: AVPixelFormat, align: number): Frame => {
  const made = new Frame();
  made.alloc();
  made.width = width;
  made.height = height;
  made.format = format;
  made.getBuffer(align);
  return made;
};

/** `grey` looks into the memory of `small`: one view, made once, serves every picture. */
type Shrinker = { readonly scaler: SoftwareScaleContext; readonly small: Frame; readonly grey: Grey };
const shrinkers = new Map<string, Shrinker>();

const shapeOf = (of: Frame): string => `${of.width}x${of.height}:${of.format}`;

/**
 * The small grey picture, by way of the scaler, whatever the pixel format (10 bits a sample were met); good until the
 * next one. Read from the large planes themselves it costs 0.4 ms more at 1080p: each view of them is 3 MB that the
 * garbage collector counts. SWS_AREA takes 0.18 ms there (0.08 at 704x576) and averages every sample. Two taps instead
 * (SWS_FAST_BILINEAR, 0.04) would leave the noise of a sensor in, which the facts would take for edges; the two after
 * each other, by way of 320 px, take 0.10 at 1080p and 0.13 at 704x576.
 */
const greyOf = (source: Frame): Grey => {
  const { scaler, small, grey } = kept(
    shrinkers,
    shapeOf(source),
    () => {
      const width = Math.min(greyWidth, source.width);
      const height = Math.max(1, Math.round((source.height * width) / source.width));
      const made = new SoftwareScaleContext();
      const format = source.format as AVPixelFormat;
      made.getContext(source.width, source.height, format, width, height, AV_PIX_FMT_GRAY8, SWS_AREA);
      // Lines without padding, so that the plane is the picture.
      const small = emptyFrame(width, height, AV_PIX_FMT_GRAY8, 1);
      return { scaler: made, small, grey: { width, height, luma: small.data![0]!.subarray(0, width * height) } };
    },
    (old) => {
      old.scaler.freeContext();
      old.small.free();
    },
  );
  const scaled = scaler.scaleFrameSync(small, source);
  if (scaled < 0) throw new Error(`the picture does not turn grey (${scaled})`);
  return grey;
};

type Encoder = { readonly scaler: SoftwareScaleContext; readonly jpeg: CodecContext; readonly small: Frame };
let clock = 0n;
const encoders = new Map<string, Encoder>();

const encoderFor = (source: Frame): Encoder =>
  kept(
    encoders,
    shapeOf(source),
    () => {
      const width = Math.max(2, Math.min(evidenceWidth, source.width) & ~1);
      const height = Math.max(2, Math.round((source.height * width) / source.width) & ~1);
      const scaler = new SoftwareScaleContext();
      const format = source.format as AVPixelFormat;
      scaler.getContext(source.width, source.height, format, width, height, AV_PIX_FMT_YUVJ420P, SWS_FAST_BILINEAR);
      const codec = Codec.findEncoder(AV_CODEC_ID_MJPEG);
      const jpeg = new CodecContext();
      jpeg.allocContext3(codec);
      jpeg.width = width;
      jpeg.height = height;
      jpeg.pixelFormat = AV_PIX_FMT_YUVJ420P;
      jpeg.timeBase = new Rational(1, 25);
      jpeg.threadCount = 1;
      const result = jpeg.open2Sync(codec);
      if (result < 0) throw new Error(`the JPEG encoder does not open (${result})`);
      return { scaler, jpeg, small: emptyFrame(width, height, AV_PIX_FMT_YUVJ420P, 0) };
    },
    (old) => {
      old.scaler.freeContext();
      old.jpeg.freeContext();
      old.small.free();
    },
  );

const jpegOf = (source: Frame): Buffer => {
  const { scaler, jpeg, small } = encoderFor(source);
  const scaled = scaler.scaleFrameSync(small, source);
  if (scaled < 0) throw new Error(`the picture does not scale (${scaled})`);
  // Each later than the one before, or the encoder refuses it.
  small.pts = clock++;
  const sent = jpeg.sendFrameSync(small);
  if (sent < 0) throw new Error(`the JPEG encoder takes no picture (${sent})`);
  const out = new Packet();
  out.alloc();
  try {
    const received = jpeg.receivePacketSync(out);
    if (received < 0 || out.data === null) throw new Error(`the JPEG encoder gives nothing (${received})`);
    return Buffer.from(out.data);
  } finally {
    out.free();
  }
};

/** The last 8 x 8 chroma samples of the picture, in both planes: rows of them, as views into FFmpeg's own memory. */
const lastCorner = (of: Frame): Buffer[] => {
  const rows: Buffer[] = [];
  const right = of.width >> 1;
  const bottom = of.height >> 1;
  const { data, linesize } = of;
  for (const plane of [1, 2]) {
    const stride = linesize[plane]!;
    for (let y = Math.max(0, bottom - 8); y < bottom; y++) {
      rows.push(data![plane]!.subarray(y * stride + Math.max(0, right - 8), y * stride + right));
    }
  }
  return rows;
};

/**
 * True where an H.265 slice ended before the last block. libavcodec says nothing of it (of 540 key frames with
 * 40 to 2,000 bytes of noise in them it flagged 133; this finds 153 more), and the rest of the picture would be what
 * the buffer held before. Chroma 0/0 is what no camera's picture holds: new buffers begin so, and each corner is set back to it.
 */
const endedEarly = (of: Frame): boolean => {
  const rows = lastCorner(of);
  const untouched = rows.every((row) => row.every((sample) => sample === 0));
  for (const row of rows) row.fill(0);
  return untouched;
};

const damaged = (detail: string): [Reply, null] => [{ type: 'damaged', detail }, null];

/**
 * Out of memory is no damage, and what is left of this process is of no use: it ends, and the pool gives the key frame
 * to a new one, alone. Only where that meets its limit too, it has failed.
 */
const refused = (code: number): [Reply, null] => {
  if (code === AVERROR_ENOMEM) process.exit(1);
  return damaged(`the key frame gives no picture (${code})`);
};

/**
 * The picture of `bytes` into `frame`; a code below 0 where there is none, and whether the context was drained for it.
 * Most H.264 gives its picture at once; where pictures may come in another order than they are shown, the context must be
 * told that nothing follows.
 */
const pictureOf = (context: CodecContext, number: bigint, bytes: Buffer): { code: number; drained: boolean } => {
  packet.data = bytes;
  packet.pts = number;
  const sent = context.sendPacketSync(packet);
  packet.unref();
  if (sent < 0) return { code: sent, drained: false };
  const code = context.receiveFrameSync(frame);
  if (code !== AVERROR_EAGAIN) return { code, drained: false };
  context.sendPacketSync(null);
  return { code: context.receiveFrameSync(frame), drained: true };
};

/** What `bytes` lack without which they must not reach a context: null where all is there. */
const lacking = (codec: CodecName, bytes: Buffer, slice: Slice | null): string | null => {
  if (codec === 'mjpeg') return lackOf(bytes);
  // Any other picture would be made of the one before, which is another camera's.
  return codec === 'h264' && slice?.type !== idr ? 'IDR picture' : null;
};

const decode = (number: number, codec: CodecName, evidence: boolean, bytes: Buffer): [Reply, Buffer | null] => {
  const slice = codec === 'h264' || codec === 'h265' ? firstSliceOf(codec, bytes) : null;
  const lack = lacking(codec, bytes, slice);
  if (lack !== null) return damaged(`the key frame has no ${lack}`);
  // Nothing of the slices: they differ from picture to picture, and parameter sets may have no more than 20 bytes.
  const key = codec + bytes.toString('latin1', 0, Math.min(keyBytes, slice?.at ?? mpeg4KeyBytes));
  const context = kept(
    contexts,
    key,
    () => openContext(codec),
    (old) => old.freeContext(),
  );
  // A context that met an error is not used again: whatever state it is in would be laid to the next camera.
  // Nor is one for JPEG: a file without tables would be decoded by those of the camera before. A new one costs 0.2 ms.
  let reusable = false;
  let flush = codec !== 'h264';
  try {
    const { code, drained } = pictureOf(context, BigInt(number), bytes);
    flush ||= drained;
    if (code < 0) return refused(code);
    // A context that goes on holds the picture before: one camera must never get that of another.
    if (frame.pts !== BigInt(number)) process.exit(1);
    if (frame.decodeErrorFlags !== 0) return damaged(`decode errors, flags ${frame.decodeErrorFlags}`);
    const { width, height } = frame;
    const taken = avImageGetBufferSize(frame.format as AVPixelFormat, width, height, 1);
    flush ||= taken > unflushedBytes;
    const grey = greyOf(frame);
    const jpeg = evidence ? jpegOf(frame) : null;
    if (codec === 'h265' && frame.format === AV_PIX_FMT_YUV420P && endedEarly(frame))
      return damaged('the slice ended before the last block');
    reusable = codec !== 'mjpeg' && taken <= keptBytes;
    return [{ type: 'decoded', width, height, picture: factsOf(grey), fingerprint: fingerprintOf(grey) }, jpeg];
  } finally {
    frame.unref();
    if (!reusable) {
      contexts.delete(key);
      context.freeContext();
    } else if (flush) {
      // Else an IDR picture follows, for which it is not needed: H.264's tables would be freed and made again (0.12 ms at
      // 1080p; 1,500 key frames of 704x576, three in four with noise, bits or their end gone: the same answers either way).
      context.flushBuffers();
    }
  }
};

const header = Buffer.alloc(requestHeader);
let room = Buffer.alloc(256 * 1024);

const answer = (number: number, reply: Reply, jpeg: Buffer | null): void => {
  const json = Buffer.from(JSON.stringify(reply));
  const head = Buffer.alloc(replyHeader);
  head.writeUInt32BE(number, 0);
  head.writeUInt32BE(json.length, 4);
  head.writeUInt32BE(jpeg?.length ?? 0, 8);
  put(jpeg === null ? Buffer.concat([head, json]) : Buffer.concat([head, json, jpeg]));
};

Log.setLevel(AV_LOG_QUIET);
while (fill(header)) {
  const number = header.readUInt32BE(0);
  const length = header.readUInt32BE(4);
  if (room.length < length) room = Buffer.alloc(length * 2);
  const bytes = room.subarray(0, length);
  if (!fill(bytes)) break;
  try {
    answer(number, ...decode(number, codecs[header[8]!]!, header[9] === 1, bytes));
  } catch (error) {
    answer(number, { type: 'failed', detail: String(error).slice(0, 200) }, null);
  }
}
process.exit(0);
