import { userInfo } from 'node:os';
import { requireName, requireWritten } from '../schedule/written.ts';
import { Sentence } from '../sentence.ts';

/** Who does something to the inventory, and why. */
export type Told = { readonly by?: string; readonly note?: string };

/** As they were given; by default the account that the command runs under. A Sentence where they cannot be shown. */
export const whoever = ({ by = account(), note }: Told): { readonly by: string; readonly note: string | null } => {
  requireName(by);
  if (note !== undefined) requireWritten(['说明', 'note'], 'text', note);
  return { by, note: note ?? null };
};

const account = (): string => {
  try {
    return userInfo().username;
  } catch {
    // In a container the account may be a number without a name.
    throw new Sentence(
      '当前账户没有名字：请用 --by 写明经办人',
      'the account has no name: say with --by who does this',
    );
  }
};
