import type { Static } from 'typebox';
import { type FailureKind, failures } from '../../probes/index.ts';
import type { Failure } from './shapes.ts';

/** A failure for programs and for people; of a kind that is not known any more its name alone. */
export const failureOf = (kind: string, step: string | null, detail: string | null): Static<typeof Failure> => {
  const words = failures[kind as FailureKind] ?? { zh: kind, en: kind };
  return { kind, step, detail, zh: words.zh, en: words.en };
};
