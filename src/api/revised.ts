import { Type } from 'typebox';
import type { RevisionMade } from '../report/correction.ts';
import { Id, nullable } from './shapes.ts';

const Verdict = nullable(Type.String({ description: 'met | missed | undetermined' }));

/** What a new revision of an inspection says otherwise than the one before. */
export const Revised = Type.Object({
  inspection: Id,
  revision: Type.Integer(),
  sha256: Type.String({ description: '规范化内容（RFC 8785）的 SHA-256' }),
  verdicts: Type.Array(Type.Object({ unit: Type.String(), name: Type.String(), from: Verdict, to: Verdict }), {
    description: '结论有变的单位 / units whose verdict changed',
  }),
  figures: Type.Integer({ description: '有变的数据项数 / figures that changed' }),
  cameras: Type.Integer({ description: '改判的点位数 / cameras that are judged otherwise' }),
});

export const revisedOf = ({ inspection, revision, sha256, changes }: RevisionMade) => ({
  inspection,
  revision,
  sha256,
  verdicts: changes.verdicts.map(({ unit, name, from, to }) => ({ unit, name, from, to })),
  figures: changes.figures.length,
  cameras: changes.cameras.length,
});
