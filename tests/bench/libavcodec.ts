import { AV_CODEC_ID_H264, AV_CODEC_ID_HEVC, AV_LOG_QUIET } from 'node-av/constants';
import { Codec, CodecContext, Frame, Log, Packet } from 'node-av/lib';

/**
 * The floor of the benchmark `picture`: libavcodec alone, in a process of its own, decoding key frames that lie in memory
 * and doing nothing else. One thread, one context for all of them, flushed after each. Told {codec, keyframes (base64),
 * pictures, loopFilter}, it answers with the CPU milliseconds (user + system) that `pictures` of them took, by turns.
 */
export type Decoding = {
  readonly codec: 'h264' | 'h265';
  readonly keyframes: readonly string[];
  readonly pictures: number;
  /** As libavcodec comes; false: skipped, as our decoder skips it. */
  readonly loopFilter: boolean;
};

Log.setLevel(AV_LOG_QUIET);
const packet = new Packet();
packet.alloc();
const frame = new Frame();
frame.alloc();

const open = (codec: Decoding['codec'], loopFilter: boolean): CodecContext => {
  const decoder = Codec.findDecoder(codec === 'h264' ? AV_CODEC_ID_H264 : AV_CODEC_ID_HEVC);
  if (decoder === null) throw new Error(`no decoder for ${codec}`);
  const context = new CodecContext();
  context.allocContext3(decoder);
  context.threadCount = 1;
  if (!loopFilter) context.setOption('skip_loop_filter', 'all');
  const result = context.open2Sync(decoder, null);
  if (result < 0) throw new Error(`the decoder for ${codec} does not open (${result})`);
  return context;
};

const decode = (context: CodecContext, keyframe: Buffer): void => {
  packet.data = keyframe;
  const sent = context.sendPacketSync(packet);
  packet.unref();
  context.sendPacketSync(null);
  const received = context.receiveFrameSync(frame);
  if (sent < 0 || received < 0 || frame.decodeErrorFlags !== 0) throw new Error(`no picture (${sent}, ${received})`);
  frame.unref();
  context.flushBuffers();
};

process.on('message', ({ codec, keyframes, pictures, loopFilter }: Decoding) => {
  const files = keyframes.map((text) => Buffer.from(text, 'base64'));
  const context = open(codec, loopFilter);
  // The first picture of a context opens its tables.
  for (const file of files) decode(context, file);
  const before = process.cpuUsage();
  for (let nth = 0; nth < pictures; nth++) decode(context, files[nth % files.length]!);
  const { user, system } = process.cpuUsage(before);
  context.freeContext();
  process.send!({ cpuMs: (user + system) / 1000 });
});
process.on('disconnect', () => process.exit(0));
