import type { ApiParts } from './parts.ts';

/** A neighbour that says nothing for so long counts as away, ms. */
const patienceMs = 2_000;

/** What the database or Redis answers; throws where it does not within two seconds, for whoever waits for the page. */
export const answered = async <T>(question: () => Promise<T>): Promise<T> => {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${patienceMs} ms`)), patienceMs);
  try {
    return await Promise.race([question(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
};

/**
 * The same of Redis, which is not asked without a connection: what is asked of it then is kept until there is one, a
 * question a request, for hours.
 */
export const answeredByRedis = <T>({ status }: ApiParts['redis'], question: () => Promise<T>): Promise<T> =>
  answered(() => (status === 'ready' ? question() : Promise.reject(new Error('not connected'))));
