import { todoText } from '../report/todo/table.ts';
import { todoOf } from '../report/todo/todo.ts';
import type { Ground } from '../roles/ground.ts';
import { exit } from './exit.ts';

export type TodoOptions = { readonly unit?: string; readonly inspection?: number; readonly json?: true };

/** What each unit may still lose, what it has to repair, and where today is heading. */
export const todo = async ({ db }: Ground, { unit, inspection, json }: TodoOptions): Promise<number> => {
  const told = await todoOf(db, inspection ?? null, unit ?? null, new Date());
  process.stdout.write(json === true ? `${JSON.stringify(told)}\n` : `${todoText(told)}\n`);
  return exit.ok;
};
