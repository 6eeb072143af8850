import { type Static, Type } from 'typebox';
import type { InspectionReport } from '../report/inspection.ts';
import { Moment, nullable, Verdict } from './shapes.ts';

/** The figures of one class of a unit in an inspection. */
export const Rates = Type.Object({
  roster: Type.Integer({ description: '点位' }),
  exempt: Type.Integer({ description: '报备' }),
  unknown: Type.Integer({ description: '未知' }),
  assessed: Type.Integer({ description: '分母：点位 - 报备 - 未知' }),
  online: Type.Integer({ description: '在线' }),
  image: Type.Integer({ description: '出图' }),
  raw: Type.Object(
    { assessed: Type.Integer(), online: Type.Integer(), image: Type.Integer() },
    { description: '原始：报备与申诉之前，按实测计 / as found, before exemptions and appeals' },
  ),
  verdict: Type.Object({ online: Verdict, image: Verdict }),
});
export const Classes = Type.Object({ total: Rates, skynet: Rates, social: Rates, household: Rates });
/** What every figure of an inspection is told with. */
export const Judged = Type.Object({
  id: Type.Integer(),
  at: Moment,
  formula: Type.String({ description: '算法版本 / version of the formula' }),
  policy: Type.Integer({ description: '口径版次 / version of the policy' }),
  seconds: Type.Number(),
  revision: Type.Integer({ description: '版次；大于 1 的更正前一版' }),
  published: nullable(
    Type.String({ format: 'date-time', description: '发布时间；null 未发布，为草稿 / null: a draft' }),
  ),
});
export const Report = Type.Object({
  inspection: Judged,
  units: Type.Array(Type.Object({ code: Type.String(), name: Type.String(), classes: Classes, verdict: Verdict })),
});

const Target = Type.Object({ online: Type.Integer(), image: Type.Integer() });
export const Targets = Type.Object(
  { total: Target, skynet: Target, social: Target, coverage: Type.Integer() },
  { description: '目标，百分比整数 / whole percent' },
);

/** What an account of a unit meets of an inspection: its own figures. */
export const withinReach = (report: InspectionReport, reach: string | null): Static<typeof Report> => ({
  inspection: report.inspection,
  units: report.units.filter(({ code }) => reach === null || code === reach),
});
