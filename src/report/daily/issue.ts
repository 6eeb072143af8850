import type { FrozenContent } from '../content.ts';
import { localDay } from '../words/local-time.ts';

/** A frozen inspection as it goes to press. */
export type Issue = {
  readonly content: FrozenContent;
  /** Of the canonical content, lower-case hex. */
  readonly sha256: string;
  /** What is not published is a draft, and says so on every page. */
  readonly published: boolean;
};

/** The day that it is of: that of the daily round, or the one on which it began. */
export const dayOf = ({ inspection }: Pick<FrozenContent, 'inspection'>): string =>
  inspection.day ?? localDay(inspection.startedAt);

export const draftLine = ({ published }: Pick<Issue, 'published'>): string | null =>
  published ? null : '草稿（未发布，不作为考核依据）';
