import { randomBytes } from 'node:crypto';
import { hash, parseOptions, verify } from '@node-rs/argon2';

/**
 * argon2id as OWASP recommends it: 19 MiB, two passes. It is what the package takes by itself; said here, because what is
 * stored is hashed anew when it changes.
 */
const strength = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** More wait for a hash than can be served soon. */
export class HashingBusy extends Error {
  override readonly name = 'HashingBusy';
  constructor() {
    super('too many passwords wait to be hashed');
  }
}

/**
 * Hashes passwords, a few at once: each takes 19 MiB and a thread of the four that files and names share. Throws
 * HashingBusy rather than let those who wait grow without end.
 */
export class Hashing {
  readonly #atOnce: number;
  readonly #mostWaiting: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  #nobodys: Promise<string> | null = null;

  constructor(atOnce: number, mostWaiting: number) {
    this.#atOnce = atOnce;
    this.#mostWaiting = mostWaiting;
  }

  /** In the form that is stored, with its parameters (PHC). */
  hash(password: string): Promise<string> {
    return this.#inTurn(() => hash(typed(password), strength));
  }

  /** Whether this is the password; of no account's (null) it costs the same, and is never. */
  async verify(stored: string | null, password: string): Promise<boolean> {
    this.#nobodys ??= this.hash(randomBytes(32).toString('hex'));
    const against = stored ?? (await this.#nobodys);
    const same = await this.#inTurn(() => verify(against, typed(password)));
    return stored !== null && same;
  }

  /** Whether it was hashed by other parameters than today's. */
  isOutdated(stored: string): boolean {
    const { memoryCost, timeCost, parallelism } = parseOptions(stored);
    const { memoryCost: memory, timeCost: time, parallelism: lanes } = strength;
    return memoryCost !== memory || timeCost !== time || parallelism !== lanes;
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#atOnce) {
      if (this.#waiting.length >= this.#mostWaiting) throw new HashingBusy();
      await new Promise<void>((go) => this.#waiting.push(go));
    } else this.#running++;
    try {
      return await work();
    } finally {
      // The place goes to the next at once, so that nobody takes it in between.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}

/** One form of what different keyboards type. */
const typed = (password: string): string => password.normalize('NFKC');

/** Of this process: two at once, some 25 ms each; the 64th waits less than a second. */
export const hashing = new Hashing(2, 64);
