/** How long the same words are not said again, ms. */
const quietMs = 60_000;

/**
 * Hands on an error unless the same was said within the last minute: a Redis that is away fails every attempt of every
 * connection, and one cause is one line.
 */
export const sayOnce = (say: (error: Error) => void): ((error: Error) => void) => {
  const said = new Map<string, number>();
  return (error) => {
    const now = performance.now();
    for (const [words, at] of said) if (now - at >= quietMs) said.delete(words);
    if (said.has(error.message)) return;
    said.set(error.message, now);
    say(error);
  };
};
