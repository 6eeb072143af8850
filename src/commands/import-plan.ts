import type { Fault } from '../inventory/cells.ts';
import { titleOf } from '../inventory/columns.ts';
import type { Change, Plan } from '../inventory/plan.ts';
import { worded } from '../inventory/values.ts';

/** Lines of one sort that are printed one by one; of more, their number is told. */
const mostShown = 20;
const mostFaults = 50;
/** Values that a machine is told one by one. */
const mostTold = 1_000;

/** Text of a file on a terminal: what would move its cursor is shown as a dot, and what is long is cut. */
export const shown = (text: string): string => {
  const visible = text.replaceAll(/[\p{Cc}\p{Cf}]/gu, '·');
  return visible.length > 80 ? `${visible.slice(0, 79)}…` : visible;
};

const at = ({ line, cell }: Fault): string => `第 ${line} 行 line ${line}${cell === undefined ? '' : `，${cell}`}`;
const lineOf = (fault: Fault): string =>
  `  ${at(fault)}，${shown(fault.column)} = "${shown(fault.value)}"：${fault.zh} / ${fault.en}`;

const some = <T>(all: readonly T[], most: number, line: (one: T) => string, count = all.length): string[] => [
  ...all.slice(0, most).map(line),
  ...(count > most ? [`  …… 另有 ${count - most} 处 / and ${count - most} more`] : []),
];

export const complaint = (file: string, faults: readonly Fault[]): string =>
  [
    `${file}：有 ${faults.length} 处错误，未写入任何点位：`,
    `${file}: ${faults.length} faults, nothing was written:`,
    ...some(faults, mostFaults, lineOf),
    '',
  ].join('\n');

/** How many cameras change in each field, the most frequent first. */
const fieldsOf = (plan: Plan): [string, number][] => {
  const counts = new Map<string, number>();
  for (const { changes } of plan.changed) {
    for (const { field } of changes) counts.set(field, (counts.get(field) ?? 0) + 1);
  }
  return [...counts].sort(([one, many], [other, more]) => more - many || one.localeCompare(other));
};

/** A city that gets its archive has millions: only the first of them are put together. */
const firstChanges = ({ changed }: Plan, most: number): (Change & { readonly code: string; readonly line: number })[] =>
  changed
    .slice(0, most)
    .flatMap(({ row, changes }) => changes.map((one) => ({ code: row.code, line: row.line, ...one })))
    .slice(0, most);

const value = (field: string, text: string | null): string =>
  text === null ? '（空）' : `"${shown(worded(field, text))}"`;
const titled = (field: string): string => (field === 'login' ? '登录信息 login' : `${titleOf(field)} ${field}`);

/** What an import will do, for a person to agree to. */
export const planText = (plan: Plan, warnings: readonly Fault[]): string => {
  const { added, changed, missing, complete } = plan;
  const fields = fieldsOf(plan);
  const changes = fields.reduce((sum, [, count]) => sum + count, 0);
  const lines: string[] = [];
  const part = (zh: string, en: string, count: number, details: readonly string[]): void => {
    if (count > 0) lines.push(`${zh} ${count} / ${en} ${count}：`, ...details);
  };
  part('提示', 'to know', warnings.length, some(warnings, mostShown, lineOf));
  part(
    '新增',
    'to be added',
    added.length,
    some(added, mostShown, ({ code, name }) => `  + ${code}  ${shown(name)}`),
  );
  part('更改', 'to be changed', changed.length, [
    ...fields.map(([field, count]) => `  ${titled(field)}：${count}`),
    ...some(
      firstChanges(plan, mostShown),
      mostShown,
      ({ code, line, field, old, new: next }) =>
        `  ~ ${code}  第 ${line} 行，${field === 'login' ? '登录信息已更改 login changed' : `${titled(field)}：${value(field, old)} → ${value(field, next)}`}`,
      changes,
    ),
  ]);
  part(
    complete ? '拆除' : '不在文件中、保持不变',
    complete ? 'to be marked as removed' : 'not in the file, left as they are',
    missing.length,
    some(missing, mostShown, ({ code, name }) => `  ${complete ? '-' : ' '} ${code}  ${shown(name)}`),
  );
  return lines.map((line) => `${line}\n`).join('');
};

/** The same for a machine: counts, changes by field, and the first of them one by one. */
export const planJson = (plan: Plan, warnings: readonly Fault[]): object => {
  const removed = plan.complete ? plan.missing.length : 0;
  return {
    added: plan.added.length,
    changed: plan.changed.length,
    same: plan.same,
    removed,
    missing: plan.missing.length - removed,
    fields: Object.fromEntries(fieldsOf(plan)),
    first: {
      added: plan.added.slice(0, mostTold).map(({ code }) => code),
      changes: firstChanges(plan, mostTold),
      missing: plan.missing.slice(0, mostTold).map(({ code }) => code),
    },
    warnings,
  };
};
