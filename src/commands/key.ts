import { randomBytes } from 'node:crypto';
import { changeMasterKeys } from '../config/master-key-source.ts';
import { type KeyReport, keyReport } from '../inventory/key-report.ts';
import { keyState } from '../inventory/key-state.ts';
import { masterKeyId } from '../inventory/master-keys.ts';
import { type Rotated, rotateMaster, rotateUnit, unitsWithLogins } from '../inventory/rotation.ts';
import { units } from '../inventory/unit.ts';
import { type WeakLogin, weakLogins } from '../inventory/weak-logins.ts';
import type { Ground } from '../roles/ground.ts';
import { Sentence } from '../sentence.ts';
import { changing, looking } from './audited.ts';
import { exit } from './exit.ts';
import { shown } from './import-plan.ts';

type Json = { readonly json?: true };

const say = (lines: readonly string[]): void => {
  process.stdout.write(`${lines.join('\n')}\n`);
};

/** Which keys there are and what hangs on them; 3 where a key is missing that something is sealed under. */
export const status = async ({ db, vault }: Ground, { json }: Json): Promise<number> => {
  const state = await keyState(db, vault);
  const report = await keyReport(db, vault.masters);
  if (json === true) say([JSON.stringify({ ok: state.ok, ...report })]);
  else say([...statusLines(report), ...(state.ok ? [] : [state.error.zh, state.error.en])]);
  return state.ok ? exit.ok : exit.unknown;
};

const statusLines = ({ masters, keys, direct }: KeyReport): string[] => [
  '主密钥 master keys：',
  ...masters.map(({ id, held, first, wraps }) => {
    const place = first ? '现用 in use' : held ? '更换前的 former' : '不在手中 NOT AT HAND';
    return `  ${id}  ${place}  包裹 wraps ${wraps}`;
  }),
  '数据密钥 data keys：',
  ...keys.map(({ id, purpose, unit, master, madeAt, retiredAt, logins }) =>
    [
      ...[`  ${id}`, `${purpose}${unit === null ? '' : ` ${unit}`}`, `主密钥 master ${master}`],
      ...[`生成于 made ${madeAt.toISOString()}`, `登录信息 logins ${logins}`],
      ...(retiredAt === null ? [] : [`更换中，停用于 being replaced since ${retiredAt.toISOString()}`]),
    ].join('  '),
  ),
  ...(direct === 0
    ? []
    : [
        `仍直接以主密钥加密的登录信息 ${direct} 个：请运行 xunjian key rotate`,
        `${direct} logins are still sealed under the master key itself: run "xunjian key rotate"`,
      ]),
];

/** Puts a fresh master key in front of the file. Nothing is wrapped by it until `key rotate --master`. */
export const add = async ({ db, keys }: Ground, { json }: Json): Promise<number> => {
  const file = requireFile(keys.file);
  const id = await changing(db, { action: 'key.add', kind: 'master_key' }, async (note) => {
    const fresh = randomBytes(32);
    const name = masterKeyId(fresh).toString('hex');
    note({ on: name });
    await changeMasterKeys(file, async (held) => [fresh, ...held]);
    return name;
  });
  if (json === true) say([JSON.stringify({ added: id })]);
  else {
    say([
      `已在 ${file} 首行加入新的主密钥 ${id}；旧的仍保留。`,
      '接下来：一、把该文件另行备份；二、复制到其他每台运行本服务的机器（以单个文件挂载的容器须重启）；三、运行 xunjian key rotate --master；四、运行 xunjian key forget。',
      `A new master key ${id} stands in the first line of ${file}; the others are kept.`,
      'Next: keep a copy of the file elsewhere; copy it to every other machine of this service (restart containers that mount the file alone); run "xunjian key rotate --master"; then "xunjian key forget".',
    ]);
  }
  return exit.ok;
};

/** Takes the master keys out of the file that nothing is wrapped by any more; never the first. */
export const forget = async ({ db, vault, keys }: Ground, { json }: Json): Promise<number> => {
  const file = requireFile(keys.file);
  const gone = await changing(db, { action: 'key.forget', kind: 'master_key' }, async (note) => {
    let unneeded: readonly string[] = [];
    await changeMasterKeys(file, async (held) => {
      const { direct, keys: inUse } = await keyReport(db, vault.masters);
      const named = new Set(inUse.map(({ master }) => master));
      const needed = held.filter((key, nth) => nth === 0 || named.has(masterKeyId(key).toString('hex')));
      unneeded = held.filter((key) => !needed.includes(key)).map((key) => masterKeyId(key).toString('hex'));
      if (unneeded.length > 0 && direct > 0) {
        throw new Sentence(
          `仍有 ${direct} 个点位的密码直接以主密钥加密，无法判断用的是哪一个：请先运行 xunjian key rotate`,
          `${direct} camera passwords are still sealed under a master key itself, and which one cannot be told: run "xunjian key rotate" first`,
        );
      }
      note({ detail: { forgotten: unneeded } });
      return unneeded.length > 0 ? needed : null;
    });
    return unneeded;
  });
  if (json === true) say([JSON.stringify({ forgotten: gone })]);
  else if (gone.length === 0) say(['（没有可去掉的主密钥 / no master key can be taken out）']);
  else {
    say([
      `已从 ${file} 去掉 ${gone.length} 个主密钥：${gone.join('、')}。其他机器上的副本请同样处理；此前的数据库备份仍须用它们才能读取。`,
      `${gone.length} master keys were taken out of ${file}: ${gone.join(', ')}. Do the same where copies are; backups of the database from before can be read with them only.`,
    ]);
  }
  return exit.ok;
};

const requireFile = (file: string | null): string => {
  if (file !== null) return file;
  throw new Sentence(
    '主密钥由 XUNJIAN_KEY_COMMAND 给出，本服务不能改动：请在其来源处把新密钥（openssl rand -hex 32）放在首行、旧的留在其后，再运行 xunjian key rotate --master；之后即可在来源处去掉旧的（xunjian key status 列出仍在使用者）',
    'the master keys come from XUNJIAN_KEY_COMMAND, which this service cannot change: where they come from, put a new one (openssl rand -hex 32) into the first line and leave the others behind it, then run "xunjian key rotate --master"; after that the others may go ("xunjian key status" tells what is still in use)',
  );
};

export type RotateOptions = Json & { readonly unit?: string; readonly master?: true };

/** New data keys for all units or one, with all logins sealed anew under them; or all data keys under the first master key. */
export const rotate = async (ground: Ground, { unit, master, json }: RotateOptions): Promise<number> => {
  const { db, vault } = ground;
  if (master === true) {
    const what = { action: 'key.rotate', kind: 'master_key' } as const;
    const rewrapped = await changing(db, what, async (note) => {
      const count = await rotateMaster(db, vault);
      note({ on: vault.masters.first.id.toString('hex'), detail: { rewrapped: count } });
      return count;
    });
    if (json === true) say([JSON.stringify({ rewrapped })]);
    else {
      say([
        `${rewrapped} 个数据密钥改由主密钥 ${vault.masters.first.id.toString('hex')} 包裹；各进程无需重启，会自行重读密钥。`,
        `${rewrapped} data keys are wrapped by master key ${vault.masters.first.id.toString('hex')} now; whoever runs reads the keys again by itself.`,
      ]);
    }
    return exit.ok;
  }
  const wanted = unit === undefined ? await unitsWithLogins(db) : [await requireUnit(db, unit)];
  const all: Rotated[] = [];
  for (const code of wanted) {
    const what = { action: 'key.rotate', kind: 'data_key', on: code, unit: code } as const;
    const rotated = await changing(db, what, async (note) => {
      const done = await rotateUnit(db, vault, code, new Date());
      const { unit: _, broken, ...counts } = done;
      note({ detail: { ...counts, broken: broken.length } });
      return done;
    });
    all.push(rotated);
    if (json !== true) say(rotatedLines(rotated));
  }
  if (json === true) say([JSON.stringify({ units: all })]);
  else if (all.length === 0) say(['（没有登录信息 / there is no login）']);
  return all.some(({ broken }) => broken.length > 0) ? exit.unknown : exit.ok;
};

const rotatedLines = ({ unit, resumed, resealed, broken, destroyed }: Rotated): string[] => [
  resumed
    ? `${unit}：接续上次未完成的更换，${resealed} 个登录信息已换密钥，销毁旧密钥 ${destroyed} 个 / the rotation that was left unfinished is done: ${resealed} logins sealed anew, ${destroyed} keys destroyed`
    : `${unit}：已换新密钥，${resealed} 个登录信息已重新加密，销毁旧密钥 ${destroyed} 个 / a new key, ${resealed} logins sealed anew, ${destroyed} keys destroyed`,
  ...broken.map(
    (code) => `  ${code}：密文不能解开，保持原样 / its seal does not open: its row was changed, and stays as it is`,
  ),
];

const requireUnit = async (db: Ground['db'], code: string): Promise<string> => {
  if ((await units(db)).some((one) => one.code === code)) return code;
  throw new Sentence(`--unit ${code}：没有这个考核单位`, `--unit ${code}: no such unit`);
};

const words: Readonly<Record<WeakLogin['reasons'][number], string>> = {
  factory: '出厂密码 factory default',
  empty: '无密码 empty',
  same_as_user: '与用户名相同 same as the user',
  common: '常见密码 common',
  short: '不足 8 位 short',
  shared: '多台设备共用 shared',
};

export type WeakOptions = Json & { readonly unit?: string };

/** Cameras whose stored login is weak, without the login; none is tried. */
export const weak = async ({ db, vault }: Ground, { unit, json }: WeakOptions): Promise<number> => {
  const code = unit === undefined ? null : await requireUnit(db, unit);
  await looking(db, { action: 'credential.weak', kind: 'credential', unit: code });
  const found = await weakLogins(db, vault, code);
  if (json === true) {
    say([JSON.stringify(found)]);
    return exit.ok;
  }
  say([
    ...found.weak.map(
      (one) =>
        `${one.code}  ${one.unit}  ${shown(one.name)}  ${one.reasons
          .map((reason) => (reason === 'shared' ? `${words.shared} ×${one.hosts}` : words[reason]))
          .join('，')}`,
    ),
    ...found.broken.map((one) => `${one}  密文不能解开 its seal does not open`),
    `已比对 ${found.looked} 个登录信息，其中 ${found.weak.length} 个不安全 / ${found.weak.length} of ${found.looked} logins are weak`,
  ]);
  return exit.ok;
};
