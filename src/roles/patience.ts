/** A role that is told to stop waits so long for its neighbours, ms: Redis or the database may be away for good. */
export const patienceMs = 5_000;

/** Waits for `work`, but no longer than `ms`: then `otherwise` is done, and `work` left to itself. */
export const within = async (ms: number, work: Promise<unknown>, otherwise: () => unknown): Promise<void> => {
  const late = Symbol('late');
  let timer: NodeJS.Timeout | undefined;
  const waiting = new Promise((resolve) => {
    timer = setTimeout(() => resolve(late), ms);
  });
  // Off also where `work` fails: the timer would keep the process for the rest of its time.
  const first = await Promise.race([work, waiting]).finally(() => clearTimeout(timer));
  if (first !== late) return;
  // What it still comes to is nobody's business any more.
  work.catch(() => {});
  await otherwise();
};
