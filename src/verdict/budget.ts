import type { ClassRates, Targets, UnitRates } from './rates.ts';

/** The classes that have a target. */
export const judgedClasses = ['total', 'skynet', 'social'] as const;
export type JudgedClass = (typeof judgedClasses)[number];
export const metrics = ['online', 'image'] as const;

/** How far one rate is from its target, in cameras. */
export type Room = {
  readonly yes: number;
  readonly assessed: number;
  /** Percent. */
  readonly target: number;
  /** The fewest of the assessed that meet the target. */
  readonly needed: number;
  /** So many more may be lost and the target is still met; one more, and it is missed. 0 where it is missed. */
  readonly spare: number;
  /** So many must come back until it is met; 0 where it is. */
  readonly short: number;
};

export type ClassBudget = {
  /** null: nothing was assessed. */
  readonly online: Room | null;
  readonly image: Room | null;
  /** So many of the unknown need an answer until there is a verdict at all; no repair of a camera gives it. */
  readonly unanswered: number;
};

export type Budget = Readonly<Record<JudgedClass, ClassBudget>> & {
  /**
   * Cameras of one class that may go offline, whichever they are, before a rate of this class or of the total is missed:
   * each costs both rates, of its class and of the total. null where the class has no camera that is assessed.
   */
  readonly mayGoOffline: { readonly skynet: number | null; readonly social: number | null };
};

/** The smallest whole number that is not under `percent` of `of`. */
const atLeast = (percent: number, of: number): number => Math.floor((percent * of + 99) / 100);

export const roomOf = (yes: number, assessed: number, target: number): Room | null => {
  if (assessed === 0) return null;
  const needed = atLeast(target, assessed);
  return { yes, assessed, target, needed, spare: Math.max(0, yes - needed), short: Math.max(0, needed - yes) };
};

/** What a unit may still lose, and what it has to get back, by the same whole numbers that decide its verdicts. */
export const budgetOf = (classes: UnitRates['classes'], targets: Targets): Budget => {
  const of = (name: JudgedClass): ClassBudget => ({
    online: roomOf(classes[name].online, classes[name].assessed, targets[name].online),
    image: roomOf(classes[name].image, classes[name].assessed, targets[name].image),
    unanswered: unanswered(classes[name], targets.coverage),
  });
  const budget = { total: of('total'), skynet: of('skynet'), social: of('social') };
  const mayGoOffline = (name: 'skynet' | 'social'): number | null => {
    const rooms = [budget[name], budget.total].flatMap(({ online, image }) => [online, image]);
    return budget[name].online === null ? null : Math.min(...rooms.flatMap((room) => room?.spare ?? []));
  };
  return { ...budget, mayGoOffline: { skynet: mayGoOffline('skynet'), social: mayGoOffline('social') } };
};

const unanswered = ({ roster, exempt, assessed }: ClassRates, coverage: number): number =>
  Math.max(0, atLeast(coverage, roster - exempt) - assessed);
