import { type Config, readConfig } from '../../config/env.ts';
import type { Ground } from '../../roles/ground.ts';

export const config = (): Config => readConfig(process.env);

/** Opens what a command stands on for as long as it works. */
export const onGround = async (work: (ground: Ground) => Promise<number>): Promise<number> => {
  const { openGround } = await import('../../roles/ground.ts');
  const ground = await openGround(config());
  try {
    return await work(ground);
  } finally {
    await ground.close();
  }
};

/** What a command gives back is the process's exit code. */
export const end = (code: number): void => {
  process.exitCode = code;
};
