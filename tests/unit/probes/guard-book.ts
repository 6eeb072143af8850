import type { Held, LoginGuard } from '../../../probes/index.ts';

/** A guard that writes down what it is asked and told; `held` is its answer to the first question, `meant` to a refusal. */
export const guardBook = (held: Held | null = null, meant: 'refused' | 'busy' = 'refused') => {
  const told: string[] = [];
  const guard: LoginGuard = {
    mayTry: async (service) => {
      told.push(`may ${service}?`);
      return held;
    },
    accepted: async () => void told.push('accepted'),
    refused: async (_, kind) => {
      told.push(kind);
      return meant;
    },
    unanswered: async () => void told.push('unanswered'),
    withdrawn: async () => void told.push('withdrawn'),
  };
  return { guard, told };
};
