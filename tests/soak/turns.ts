/** A camera's turns, as migration 0010 and the policy say when they come. */
export type Turns = {
  /** Of 17,280 steps of five seconds. */
  readonly phase: number;
  /** Seconds from one job of its site to the next: a turn falls on the last one before it. */
  readonly stride: number;
  /** Seconds; null: never. A picture's slot is also an answer's, whose place it takes. */
  readonly online: number | null;
  readonly picture: number | null;
};

/** How often a turn comes after `from` up to `to`, s since 1970. */
const count = ({ phase, stride }: Turns, period: number | null, from: number, to: number): number => {
  if (period === null) return 0;
  const first = Math.floor(((phase * 5) % period) / stride) * stride;
  return Math.floor((to - first) / period) - Math.floor((from - first) / period);
};

/** The probes that a sweep owes these cameras after `from` up to `to`, s since 1970, whether planned or counted as missed. */
export const owed = (
  cameras: readonly Turns[],
  from: number,
  to: number,
): { readonly answer: number; readonly picture: number } => {
  let answer = 0;
  let picture = 0;
  for (const camera of cameras) {
    const shown = count(camera, camera.picture, from, to);
    picture += shown;
    answer += Math.max(0, count(camera, camera.online, from, to) - shown);
  }
  return { answer, picture };
};
