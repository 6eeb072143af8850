import {
  type CameraObservation,
  type Context,
  failures,
  openDecoder,
  parseRtspUrl,
  probeCamera,
  strikePasswords,
  type Target,
  type Trust,
} from '../../probes/index.ts';
import { requireCertificates } from '../inventory/certificates.ts';
import { Sentence } from '../sentence.ts';
import { exit } from './exit.ts';
import { readOption } from './read-option.ts';

export type ProbeOptions = {
  readonly onvif?: string;
  readonly snapshot?: string;
  readonly transport?: 'tcp' | 'udp';
  readonly caFile?: string;
  readonly pin?: string;
  readonly unverified?: true;
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
      snapshot: options.snapshot === undefined ? 'never' : 'ask',
    } as const;
    const { left, jpeg, provedBy, fingerprint, ...observation } = await probeCamera(target, context, how);
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
      `URL ${shown}：应形如 rtsp://地址[:端口]/路径（或 rtsps://）`,
      `URL ${shown}: must look like rtsp://host[:port]/path (or rtsps://)`,
    );
  }
  if (parsed.user !== null) {
    throw new Sentence(
      'URL 中含有用户名或密码，会留在命令历史和进程列表里：请改用 --user 与 --password-file',
      'the URL holds a login, which stays in the history and the process list: use --user and --password-file',
    );
  }
  requireHttp('--onvif', options.onvif);
  requireHttp('--snapshot', options.snapshot);
  if ((options.user === undefined) !== (options.passwordFile === undefined)) {
    throw new Sentence('--user 与 --password-file 须同时给出', 'give --user and --password-file both');
  }
  return {
    url: parsed.request,
    ...(options.onvif === undefined ? {} : { onvifUrl: options.onvif }),
    ...(options.snapshot === undefined ? {} : { snapshotUrl: options.snapshot }),
    ...(options.transport === undefined ? {} : { transport: options.transport }),
    ...(await trustOf(options)),
    login:
      options.user === undefined
        ? null
        : {
            user: options.user,
            password: (await readOption('--password-file', options.passwordFile!)).replace(/\r?\n$/, ''),
            basicAllowed: options.basic === true,
          },
    deadlineMs: options.deadline,
  };
};

const requireHttp = (option: string, url: string | undefined): void => {
  if (url === undefined) return;
  if (/\/\/.*@/.test(url)) {
    throw new Sentence(
      `${option} 的地址中含有用户名或密码：请改用 --user 与 --password-file`,
      `the URL of ${option} holds a login: use --user and --password-file`,
    );
  }
  if (URL.parse(url)?.protocol === 'http:') return;
  throw new Sentence(
    `${option} ${url}：应形如 http://地址[:端口]/路径`,
    `${option} ${url}: must look like http://host[:port]/path`,
  );
};

/** Whom to believe over TLS: at most one of three. */
const trustOf = async ({ caFile, pin, unverified }: ProbeOptions): Promise<{ trust?: Trust }> => {
  if ([caFile, pin, unverified].filter((one) => one !== undefined).length > 1) {
    throw new Sentence('--ca-file、--pin、--unverified 只能给出一个', 'give one of --ca-file, --pin and --unverified');
  }
  if (caFile !== undefined) {
    const pem = await readOption('--ca-file', caFile);
    requireCertificates(pem);
    return { trust: { by: 'ca', pem } };
  }
  if (unverified) return { trust: { by: 'nothing' } };
  if (pin === undefined) return {};
  const sha256 = pin.toLowerCase().replaceAll(':', '');
  if (/^[0-9a-f]{64}$/.test(sha256)) return { trust: { by: 'pin', sha256 } };
  throw new Sentence(
    `--pin ${pin}：应为证书的 SHA-256 指纹（64 位十六进制）`,
    `--pin ${pin}: must be the SHA-256 of the certificate (64 hexadecimal digits)`,
  );
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
}: Omit<CameraObservation, 'left' | 'jpeg' | 'provedBy' | 'fingerprint'>): string => {
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
    if (device.subStreamUri !== null) lines.push(`子码流 sub     ${device.subStreamUri}`);
    if (device.snapshotUri !== null) lines.push(`快照 snapshot  ${device.snapshotUri}`);
  }
  for (const { ok, name, ms, failure: why } of steps) {
    lines.push(`  ${ok ? '✓' : '✗'} ${name.padEnd(10)} ${ms} ms`);
    if (why !== undefined) {
      const { zh, en } = failures[why.kind];
      lines.push(`               ${why.kind}：${zh}`, `               ${en}（${why.detail}）`);
    }
  }
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
