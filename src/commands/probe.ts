import { readFile } from 'node:fs/promises';
import {
  type CameraObservation,
  type Context,
  failures,
  openDecoder,
  parseRtspUrl,
  probeCamera,
  strikePasswords,
  type Target,
} from '../../probes/index.ts';
import { Sentence } from '../sentence.ts';
import { exit } from './exit.ts';

export type ProbeOptions = {
  readonly onvif?: string;
  readonly user?: string;
  readonly passwordFile?: string;
  readonly basic?: true;
  readonly deadline: number;
  readonly trace?: true;
  readonly json?: true;
};

/** Probes one camera and says all that was seen. */
export const probe = async (url: string, options: ProbeOptions): Promise<number> => {
  const target = await targetOf(url, options);
  const decoder = openDecoder(1);
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  const context: Context = {
    signal: stop.signal,
    now: () => performance.now(),
    ...(options.trace === true
      ? { trace: (way: string, words: string) => process.stderr.write(`${words.replace(/^/gm, `${way} `)}\n`) }
      : {}),
  };
  const at = new Date().toISOString();
  try {
    const how = {
      want: 'keyframe',
      decoder,
      evidence: false,
      onvif: options.onvif === undefined ? 'ifUnheard' : 'facts',
    } as const;
    const { left, jpeg, ...observation } = await probeCamera(target, context, how);
    const { online, image, steps, failure, video, picture, device } = observation;
    const found = { target: strikePasswords(target.url), at, online, image, steps, failure, video, picture, device };
    process.stdout.write(options.json === true ? `${JSON.stringify(found)}\n` : told(observation));
    await left;
    if (image === 'yes') return exit.ok;
    return image === 'unknown' || online === 'unknown' ? exit.unknown : exit.missed;
  } finally {
    await decoder.close();
  }
};

const targetOf = async (url: string, options: ProbeOptions): Promise<Target> => {
  const parsed = parseRtspUrl(url);
  if (parsed === null) {
    // It may hold a login all the same.
    const shown = url.replace(/\/\/.*@/, '//***@');
    throw new Sentence(
      `URL ${shown}：应形如 rtsp://地址[:端口]/路径`,
      `URL ${shown}: must look like rtsp://host[:port]/path`,
    );
  }
  if (parsed.user !== null) {
    throw new Sentence(
      'URL 中含有用户名或密码，会留在命令历史和进程列表里：请改用 --user 与 --password-file',
      'the URL holds a login, which stays in the history and the process list: use --user and --password-file',
    );
  }
  if (options.onvif !== undefined && /\/\/.*@/.test(options.onvif)) {
    throw new Sentence(
      '--onvif 的地址中含有用户名或密码：请改用 --user 与 --password-file',
      'the URL of --onvif holds a login: use --user and --password-file',
    );
  }
  if (options.onvif !== undefined && URL.parse(options.onvif)?.protocol !== 'http:') {
    throw new Sentence(
      `--onvif ${options.onvif}：应形如 http://地址[:端口]/onvif/device_service`,
      `--onvif ${options.onvif}: must look like http://host[:port]/onvif/device_service`,
    );
  }
  if ((options.user === undefined) !== (options.passwordFile === undefined)) {
    throw new Sentence('--user 与 --password-file 须同时给出', 'give --user and --password-file both');
  }
  return {
    url: parsed.request,
    ...(options.onvif === undefined ? {} : { onvifUrl: options.onvif }),
    login:
      options.user === undefined
        ? null
        : {
            user: options.user,
            password: await readPassword(options.passwordFile!),
            basicAllowed: options.basic === true,
          },
    deadlineMs: options.deadline,
  };
};

const readPassword = async (file: string): Promise<string> => {
  try {
    return (await readFile(file, 'utf8')).replace(/\r?\n$/, '');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new Sentence(
      `--password-file ${file}：无法读取（${code}）`,
      `--password-file ${file}: cannot be read (${code})`,
    );
  }
};

const words = { yes: '是 yes', no: '否 no', unknown: '未知 unknown' } as const;

const told = ({
  online,
  image,
  steps,
  failure,
  video,
  picture,
  device,
}: Omit<CameraObservation, 'left' | 'jpeg'>): string => {
  const lines = [`在线 online    ${words[online]}`, `出图 picture   ${words[image]}`];
  if (video !== null) {
    lines.push(
      `视频 video     ${video.codec} ${video.width}x${video.height}，关键帧 key frame ${video.keyframeBytes} B`,
    );
  }
  if (picture !== null) {
    const { meanLuma, contrast, sharpness, faults } = picture;
    lines.push(
      `画面 image     亮度 luma ${meanLuma}，对比 contrast ${contrast}，清晰 sharpness ${sharpness} ${faults.join(' ')}`,
    );
  }
  if (device !== null) {
    lines.push(
      `设备 device    ${device.manufacturer ?? '?'} ${device.model ?? '?'} ${device.firmware ?? '?'} ${device.serial ?? '?'}`,
    );
    lines.push(`时钟 clock     ${device.clockSkewMs === null ? '?' : `${device.clockSkewMs} ms`}`);
    lines.push(`流地址 stream  ${device.streamUri ?? '?'}`);
  }
  for (const step of steps) lines.push(`  ${step.ok ? '✓' : '✗'} ${step.name.padEnd(10)} ${step.ms} ms`);
  if (failure !== null) {
    const { zh, en } = failures[failure.kind];
    lines.push(
      `故障 failure   ${failure.kind}（${failure.step}）：${zh}`,
      `               ${en}`,
      `依据 seen      ${failure.detail}`,
    );
  }
  return `${lines.join('\n')}\n`;
};
