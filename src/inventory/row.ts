import net from 'node:net';
import { parseRtspUrl } from '../../probes/index.ts';
import { type Cell, mostExact, textOfNumber } from './cells.ts';
import { faultOfCode, lostDigits } from './code.ts';
import { type ArchiveColumn, archiveColumns, type Column } from './columns.ts';
import { faultOfText, lostDigitsOfText, plain } from './text.ts';
import {
  type Reader,
  readDate,
  readDays,
  readKind,
  readLatitude,
  readLongitude,
  readMac,
  readPhone,
  readState,
  readText,
  type State,
} from './values.ts';

/** What is known of a camera beside how it is probed, as PostgreSQL writes it; null: not known. */
export type Archive = Readonly<Partial<Record<ArchiveColumn, string | null>>>;

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
  /** undefined: the sheet has no such column; what is suspended stays so, and all else in a sheet is in use. */
  readonly state?: State | undefined;
  /** The columns that the sheet has. */
  readonly archive?: Archive;
};

/** What a sheet is held against. */
export type Known = {
  /** Units that cameras may belong to, by code and by name. */
  readonly units: ReadonlyMap<string, string>;
  /** Sites and what lies in their networks; null: nobody says what does. */
  readonly sites: ReadonlyMap<string, ((address: string) => boolean) | null>;
  /** YYYY-MM-DD: nothing was built after it. */
  readonly today: string;
  /** The one unit whose sheet this is; null: anybody's. */
  readonly unit: string | null;
};

export type Complain = (column: Column, zh: string, en: string) => void;

/** A line of a sheet, by column. `has` tells whether there is such a column. */
export type Given = {
  readonly line: number;
  readonly cell: (column: Column) => Cell;
  readonly has: (column: Column) => boolean;
};

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
  ['false', false],
  ['否', false],
  ['yes', true],
  ['true', true],
  ['是', true],
]);

const transports: ReadonlyMap<string, 'tcp' | 'udp'> = new Map([
  ['', 'tcp'],
  ['tcp', 'tcp'],
  ['udp', 'udp'],
]);

const archiveReaders: Readonly<Partial<Record<ArchiveColumn, Reader>>> = {
  kind: readKind,
  mac: readMac,
  longitude: readLongitude,
  latitude: readLatitude,
  managing_phone: readPhone,
  maintaining_phone: readPhone,
  built_on: readDate,
  retention_days: readDays,
};

/** Reads one line; what is wrong with it is complained of, and what is given back is then worth nothing. */
export const readRow = (given: Given, known: Known, complain: Complain): Row => {
  const { line, has } = given;
  const spoilt = new Set<Column>();
  const faulty = (column: Column, zh: string, en: string): void => {
    // Of a cell that cannot be read at all nothing else is to be said.
    if (!spoilt.has(column)) complain(column, zh, en);
  };
  const cell = (column: Column): string => {
    const value = given.cell(column);
    if (typeof value === 'string') return value;
    if (Math.abs(value) < mostExact) return textOfNumber(value);
    if (!spoilt.has(column)) {
      const { zh, en } = column === 'code' ? lostDigits : lostDigitsOfText;
      complain(column, zh, en);
      spoilt.add(column);
    }
    return textOfNumber(value);
  };
  /** Any text but a login, which has its own rules: what cannot be kept or read again. */
  const text = (column: Column): string => {
    const value = cell(column);
    if (plain.test(value) || spoilt.has(column)) return value;
    const fault = faultOfText(value);
    if (fault === null) return value;
    complain(column, fault.zh, fault.en);
    spoilt.add(column);
    return value;
  };

  const code = text('code');
  const codeFault = faultOfCode(code);
  if (codeFault !== null) faulty('code', codeFault.zh, codeFault.en);
  const name = text('name');
  if (name === '' || name.length > 200) faulty('name', '应为 1 至 200 个字', 'must have 1 to 200 characters');
  const unit = readUnit(text('unit'), known, (zh, en) => faulty('unit', zh, en));
  const cameraClass = classes.get(text('class'));
  if (cameraClass === undefined) {
    faulty('class', '应为 天网、社会面 或 平安家园', 'must be skynet, social or household');
  }
  const site = text('site');
  const within = known.sites.get(site);
  if (within === undefined) {
    faulty('site', '没有这个探测站点：请先用 xunjian site 登记', 'no such site: register it first with "xunjian site"');
  }
  const state = text('state') === '' ? 'in_use' : readState(text('state'), known.today);
  if (typeof state !== 'string') faulty('state', state.zh, state.en);
  const rtsp = parseRtspUrl(text('rtsp_url'));
  if (rtsp === null) faulty('rtsp_url', '应形如 rtsp://地址[:端口]/路径', 'must look like rtsp://host[:port]/path');
  else if (net.isIP(rtsp.host) === 0) {
    // A name may lead elsewhere tomorrow; the networks of a site are addresses.
    faulty('rtsp_url', '须填 IP 地址而非主机名', 'must hold an IP address and not a host name');
  } else if (rtsp.user !== null) {
    faulty('rtsp_url', '地址中不得含用户名和密码：请填到各自的列', 'must not hold a login: put it into its columns');
  } else if (state !== 'removed' && within?.(rtsp.host) === false) {
    faulty(
      'rtsp_url',
      `地址 ${rtsp.host} 不在站点 ${site} 的网段内，永远不会被探测：请核对地址与站点，或用 xunjian site ${site} --networks 登记该网段`,
      `${rtsp.host} lies outside the networks of site ${site} and would never be probed: check address and site, or register its network with "xunjian site ${site} --networks"`,
    );
  }
  const onvifUrl = readHttpUrl(text('onvif_url'), rtsp?.host, (zh, en) => faulty('onvif_url', zh, en));
  const snapshotUrl = readHttpUrl(text('snapshot_url'), rtsp?.host, (zh, en) => faulty('snapshot_url', zh, en));
  const transport = transports.get(text('transport').toLowerCase());
  if (transport === undefined) faulty('transport', '应为 tcp 或 udp', 'must be tcp or udp');
  const certificate = text('certificate') === '' ? null : text('certificate').toLowerCase().replaceAll(':', '');
  if (certificate !== null && !/^([0-9a-f]{64}|unverified)$/.test(certificate)) {
    faulty(
      'certificate',
      '应为证书的 SHA-256 指纹（64 位十六进制），或 unverified 表示不校验',
      'must be the SHA-256 of the certificate (64 hexadecimal digits), or unverified',
    );
  }
  const deadline = text('deadline');
  const deadlineMs = deadline === '' ? null : Number(deadline);
  if (deadlineMs !== null && !(/^\d+$/.test(deadline) && deadlineMs >= 500 && deadlineMs <= 120_000)) {
    faulty('deadline', '应为 500 至 120000 的整数（毫秒）', 'must be a whole number of milliseconds, 500 to 120000');
  }
  const user = has('user') ? cell('user') : null;
  const password = cell('password');
  if (!user && password !== '') faulty('user', '有密码而无用户名', 'there is a password and no user');
  // They would end a header, or be cut at it.
  for (const [column, value] of [
    ['user', user ?? ''],
    ['password', password],
  ] as const) {
    if (/\p{Cc}/u.test(value)) faulty(column, '不得含换行等控制字符', 'must not hold control characters');
  }
  const basicAllowed = flags.get(text('basic_allowed').toLowerCase());
  if (basicAllowed === undefined) faulty('basic_allowed', '应为 是 或 否', 'must be yes or no');
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
    state: has('state') ? (state as State) : undefined,
    archive: readArchive(text, has, known.today, faulty),
  };
};

const readArchive = (
  text: (column: Column) => string,
  has: (column: Column) => boolean,
  today: string,
  faulty: Complain,
): Archive => {
  const archive: Partial<Record<ArchiveColumn, string | null>> = {};
  for (const column of archiveColumns) {
    if (!has(column)) continue;
    const given = text(column);
    const value = given === '' ? null : (archiveReaders[column] ?? readText)(given, today);
    if (value !== null && typeof value !== 'string') faulty(column, value.zh, value.en);
    else archive[column] = value;
  }
  if (has('longitude') && has('latitude') && (text('longitude') === '') !== (text('latitude') === '')) {
    faulty(
      text('longitude') === '' ? 'longitude' : 'latitude',
      '经度和纬度须同时填写，或都留空',
      'longitude and latitude come together: fill in both or neither',
    );
  }
  return archive;
};

/** The code of a unit that a cell names by code or full name. */
const readUnit = (
  text: string,
  { units, unit }: Known,
  faulty: (zh: string, en: string) => void,
): string | undefined => {
  const found = units.get(text);
  if (found === undefined) {
    const several = text.split(/[\s、,，;；/]+/).filter((part) => units.has(part));
    if (several.length > 1)
      faulty('只能填一个考核单位，写一次：代码或全称', 'must name one unit, once: by its code or its full name');
    else faulty('没有这个考核单位：请填单位代码或全称', 'no such unit: give its code or full name');
  } else if (unit !== null && found !== unit) {
    faulty(
      `不属于 --unit ${unit}：请移到该单位自己的文件`,
      `does not belong to --unit ${unit}: move it to its own unit's file`,
    );
  }
  return found;
};

/** A service of the same device: what holds for its host (one visitor, one failed login) holds for all its services. */
const readHttpUrl = (
  value: string,
  host: string | undefined,
  faulty: (zh: string, en: string) => void,
): string | null => {
  if (value === '') return null;
  if (!/^http:\/\/[^/@\s]+\/\S*$/.test(value) || URL.parse(value) === null) {
    faulty('应形如 http://地址[:端口]/路径，且不含密码', 'must look like http://host[:port]/path without a login');
  } else if (host !== undefined && hostName(host) !== URL.parse(value)!.hostname) {
    faulty(`须与 RTSP 地址为同一主机 ${host}`, `must be on the same host as rtsp_url, ${host}`);
  }
  return value;
};

/** As the URL class spells it: IPv6 in brackets and shortened. */
const hostName = (host: string): string =>
  URL.parse(`http://${net.isIPv6(host) ? `[${host}]` : host}/`)?.hostname ?? host;
