import type { Queryable } from '../db/pool.ts';
import { requireDaily } from '../report/revision.ts';
import { Sentence } from '../sentence.ts';

export type WhichInspection = {
  readonly inspection?: number;
  /** YYYY-MM-DD, of the daily round. */
  readonly date?: string;
};

/** The number of the inspection that a command names in one of two ways. */
export const whichInspection = async (db: Queryable, { inspection, date }: WhichInspection): Promise<number> => {
  if ((inspection === undefined) === (date === undefined)) {
    throw new Sentence(
      '请用 --inspection 给出巡检编号，或用 --date 给出日期，二者取一',
      'name the inspection by its number (--inspection) or its day (--date), by one of the two',
    );
  }
  return inspection ?? requireDaily(db, date!);
};
