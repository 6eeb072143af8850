import { hash, randomBytes } from 'node:crypto';

/** 256 random bits, as a cookie's value. */
export const newSecret = (): string => randomBytes(32).toString('base64url');

/** All that the database keeps of a secret. */
export const digest = (secret: string): Buffer => hash('sha256', secret, 'buffer');
