const most = 16;

/** What costs time to make, by key; at most 16 of each kind: the one that was not asked for the longest is dropped. */
export const kept = <T>(known: Map<string, T>, key: string, make: () => T, drop: (old: T) => void): T => {
  const found = known.get(key);
  if (found !== undefined) {
    known.delete(key);
    known.set(key, found);
    return found;
  }
  if (known.size >= most) {
    const [oldest, old] = known.entries().next().value!;
    known.delete(oldest);
    drop(old);
  }
  const made = make();
  known.set(key, made);
  return made;
};
