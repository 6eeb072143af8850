import { isUtf8 } from 'node:buffer';
import net from 'node:net';
import { parse } from 'csv-parse/sync';
import iconv from 'iconv-lite';
import { parseRtspUrl, strikePasswords } from '../../probes/index.ts';
import { faultOfCode } from './code.ts';

export type Row = {
  readonly line: number;
  readonly code: string;
  readonly name: string;
  readonly unit: string;
  readonly class: 'skynet' | 'social' | 'household';
  readonly site: string;
  readonly rtspUrl: string;
  /** undefined, here and below: the sheet has no such column, and what is known stays. null: there is none. */
  readonly onvifUrl: string | null | undefined;
  readonly snapshotUrl: string | null | undefined;
  /** How video is asked for first. */
  readonly transport: 'tcp' | 'udp' | undefined;
  /** Of rtsps only: SHA-256 of the certificate in lower case, 'unverified', or null for the site's authorities. */
  readonly certificate: string | null | undefined;
  /** Of one probe, ms; null: as the policy says. */
  readonly deadlineMs: number | null | undefined;
  /** null: the sheet has no such column, and says nothing of logins. Empty: the camera has none. */
  readonly user: string | null;
  readonly password: string;
  /** undefined: the sheet has no such column, and what is known stays. */
  readonly basicAllowed: boolean | undefined;
};

/** One thing wrong with the file, at its cell. */
export type Fault = {
  readonly line: number;
  readonly column: string;
  readonly value: string;
  readonly zh: string;
  readonly en: string;
};

export type Sheet = { readonly rows: readonly Row[]; readonly faults: readonly Fault[] };

/** Columns by every name they may bear. */
const columns = {
  code: ['code', '点位编码'],
  name: ['name', '点位名称'],
  unit: ['unit', '考核单位'],
  class: ['class', '点位类别'],
  site: ['site', '探测站点'],
  rtsp_url: ['rtsp_url', 'RTSP地址'],
  onvif_url: ['onvif_url', 'ONVIF地址'],
  snapshot_url: ['snapshot_url', '快照地址'],
  transport: ['transport', '传输方式'],
  certificate: ['certificate', '证书'],
  deadline: ['deadline', '探测时限'],
  user: ['user', '用户名'],
  password: ['password', '密码'],
  basic_allowed: ['basic_allowed', '允许明文登录'],
} as const;
type Column = keyof typeof columns;
const needed: readonly Column[] = ['code', 'name', 'unit', 'class', 'site', 'rtsp_url'];

const classes: ReadonlyMap<string, Row['class']> = new Map([
  ['skynet', 'skynet'],
  ['天网', 'skynet'],
  ['social', 'social'],
  ['社会面', 'social'],
  ['household', 'household'],
  ['平安家园', 'household'],
]);

const flags: ReadonlyMap<string, boolean> = new Map([
  ['', false],
  ['no', false],
  ['否', false],
  ['yes', true],
  ['是', true],
]);

const transports: ReadonlyMap<string, 'tcp' | 'udp'> = new Map([
  ['', 'tcp'],
  ['tcp', 'tcp'],
  ['udp', 'udp'],
]);

/** A password is never repeated, not even in a complaint about it, nor one that was put into a URL. */
const repeatable = (column: Column, value: string): string => (column === 'password' ? '***' : strikePasswords(value));

/** UTF-8, with or without a byte order mark, or else GB18030, which office programs here write. */
const decode = (bytes: Buffer): string =>
  isUtf8(bytes) ? bytes.toString('utf8').replace(/^\uFEFF/, '') : iconv.decode(bytes, 'gb18030');

/** Units that cameras may belong to, by code and by name. */
export type Units = ReadonlyMap<string, string>;

/** Reads an inventory from CSV. Every fault is named with line, column, value and remedy; nothing is guessed. */
export const readSheet = (bytes: Buffer, units: Units, sites: ReadonlySet<string>): Sheet => {
  const faults: Fault[] = [];
  let lines: { line: number; record: string[] }[];
  try {
    const options = { skip_empty_lines: false, relax_column_count: true, trim: true, info: true } as const;
    const parsed = parse(decode(bytes), options) as unknown as { info: { lines: number }; record: string[] }[];
    // A record ends on its line `lines`, and a cell in quotes may hold line breaks: it begins behind the one before.
    lines = parsed.map(({ record }, index) => ({ line: (parsed[index - 1]?.info.lines ?? 0) + 1, record }));
  } catch (error) {
    // The parser's own message may repeat the cell, which may be a password; its code names the fault as well.
    const { code = 'CSV', lines: line = 1 } = error as Error & { code?: string; lines?: number };
    const zh = `CSV 格式有误（${code}）：含引号、逗号或换行的内容须整体加双引号，其中的引号写两遍`;
    const en = `the CSV is malformed (${code}): quote a cell that holds quotes, commas or line breaks, and double its quotes`;
    return { rows: [], faults: [{ line, column: '-', value: '', zh, en }] };
  }
  const titles = lines[0]?.record ?? [];
  const where = new Map<Column, number>();
  for (const [column, names] of Object.entries(columns) as [Column, readonly string[]][]) {
    const at = titles.findIndex((title) => names.includes(title));
    if (at !== -1) where.set(column, at);
    else if (needed.includes(column)) {
      const either = names.join(' / ');
      faults.push({
        line: 1,
        column,
        // Known titles only: where the line of titles is missing, this one holds a camera with its password.
        value: [...where.keys()].map((found) => titles[where.get(found)!]).join(','),
        zh: `缺少列：${either}`,
        en: `the column is missing: ${either}`,
      });
    }
  }
  if (where.has('user') !== where.has('password')) {
    // Taken as they stand, every login would be cut in half: a password of nothing, sent once to each camera.
    const column = where.has('user') ? 'password' : 'user';
    faults.push({
      line: 1,
      column,
      value: '',
      zh: `有“用户名”就须有“密码”列，反之亦然；不改登录信息时请两列都去掉`,
      en: 'the columns user and password come together; leave out both where logins are not to change',
    });
  }
  if (faults.length > 0) return { rows: [], faults };
  const rows: Row[] = [];
  const seen = new Map<string, number>();
  for (const { line, record } of lines.slice(1)) {
    if (record.every((cell) => cell === '')) continue;
    const cell = (column: Column): string => record[where.get(column) ?? -1] ?? '';
    const row = readRow(
      line,
      cell,
      (column) => where.has(column),
      units,
      sites,
      (column, zh, en) => {
        faults.push({ line, column, value: repeatable(column, cell(column)), zh, en });
      },
    );
    const first = seen.get(row.code);
    if (first === undefined) seen.set(row.code, line);
    else {
      const zh = `点位编码重复：第 ${first} 行已有；请删除其一`;
      faults.push({
        line,
        column: 'code',
        value: row.code,
        zh,
        en: `doubled: line ${first} has it; remove one of them`,
      });
    }
    rows.push(row);
  }
  return { rows, faults };
};

type Complain = (column: Column, zh: string, en: string) => void;

const readRow = (
  line: number,
  cell: (column: Column) => string,
  has: (column: Column) => boolean,
  units: Units,
  sites: ReadonlySet<string>,
  complain: Complain,
): Row => {
  const code = cell('code');
  const codeFault = faultOfCode(code);
  if (codeFault !== null) complain('code', codeFault.zh, codeFault.en);
  const name = cell('name');
  if (name === '' || name.length > 200) complain('name', '应为 1 至 200 个字', 'must have 1 to 200 characters');
  const unit = units.get(cell('unit'));
  if (unit === undefined)
    complain('unit', '没有这个考核单位：请填单位代码或全称', 'no such unit: give its code or full name');
  const cameraClass = classes.get(cell('class'));
  if (cameraClass === undefined) {
    complain('class', '应为 天网、社会面 或 平安家园', 'must be skynet, social or household');
  }
  const site = cell('site');
  if (!sites.has(site)) {
    complain(
      'site',
      '没有这个探测站点：请先用 xunjian site 登记',
      'no such site: register it first with "xunjian site"',
    );
  }
  const rtsp = parseRtspUrl(cell('rtsp_url'));
  if (rtsp === null) complain('rtsp_url', '应形如 rtsp://地址[:端口]/路径', 'must look like rtsp://host[:port]/path');
  else if (net.isIP(rtsp.host) === 0) {
    // A name may lead elsewhere tomorrow; the networks of a site are addresses.
    complain('rtsp_url', '须填 IP 地址而非主机名', 'must hold an IP address and not a host name');
  } else if (rtsp.user !== null) {
    complain('rtsp_url', '地址中不得含用户名和密码：请填到各自的列', 'must not hold a login: put it into its columns');
  }
  const onvifUrl = readHttpUrl('onvif_url', cell, rtsp?.host, complain);
  const snapshotUrl = readHttpUrl('snapshot_url', cell, rtsp?.host, complain);
  const transport = transports.get(cell('transport').toLowerCase());
  if (transport === undefined) complain('transport', '应为 tcp 或 udp', 'must be tcp or udp');
  const certificate = cell('certificate') === '' ? null : cell('certificate').toLowerCase().replaceAll(':', '');
  if (certificate !== null && !/^([0-9a-f]{64}|unverified)$/.test(certificate)) {
    complain(
      'certificate',
      '应为证书的 SHA-256 指纹（64 位十六进制），或 unverified 表示不校验',
      'must be the SHA-256 of the certificate (64 hexadecimal digits), or unverified',
    );
  }
  const deadline = cell('deadline');
  const deadlineMs = deadline === '' ? null : Number(deadline);
  if (deadlineMs !== null && !(/^\d+$/.test(deadline) && deadlineMs >= 500 && deadlineMs <= 120_000)) {
    complain('deadline', '应为 500 至 120000 的整数（毫秒）', 'must be a whole number of milliseconds, 500 to 120000');
  }
  const user = has('user') ? cell('user') : null;
  const password = cell('password');
  if (!user && password !== '') complain('user', '有密码而无用户名', 'there is a password and no user');
  // They would end a header, or be cut at it.
  for (const [column, value] of [
    ['user', user ?? ''],
    ['password', password],
  ] as const) {
    if (/\p{Cc}/u.test(value)) complain(column, '不得含换行等控制字符', 'must not hold control characters');
  }
  const basicAllowed = flags.get(cell('basic_allowed').toLowerCase());
  if (basicAllowed === undefined) complain('basic_allowed', '应为 是 或 否', 'must be yes or no');
  return {
    line,
    code,
    name,
    unit: unit ?? '',
    class: cameraClass ?? 'social',
    site,
    rtspUrl: rtsp?.request ?? '',
    onvifUrl: has('onvif_url') ? onvifUrl : undefined,
    snapshotUrl: has('snapshot_url') ? snapshotUrl : undefined,
    transport: has('transport') ? transport : undefined,
    certificate: has('certificate') ? certificate : undefined,
    deadlineMs: has('deadline') ? deadlineMs : undefined,
    user,
    password,
    basicAllowed: has('basic_allowed') ? basicAllowed : undefined,
  };
};

/** A service of the same device: what holds for its host (one visitor, one failed login) holds for all its services. */
const readHttpUrl = (
  column: Column,
  cell: (column: Column) => string,
  host: string | undefined,
  complain: Complain,
): string | null => {
  const value = cell(column);
  if (value === '') return null;
  if (!/^http:\/\/[^/@\s]+\/\S*$/.test(value) || URL.parse(value) === null) {
    complain(
      column,
      '应形如 http://地址[:端口]/路径，且不含密码',
      'must look like http://host[:port]/path without a login',
    );
  } else if (host !== undefined && hostName(host) !== URL.parse(value)!.hostname) {
    complain(column, `须与 RTSP 地址为同一主机 ${host}`, `must be on the same host as rtsp_url, ${host}`);
  }
  return value;
};

/** As the URL class spells it: IPv6 in brackets and shortened. */
const hostName = (host: string): string =>
  URL.parse(`http://${net.isIPv6(host) ? `[${host}]` : host}/`)?.hostname ?? host;
