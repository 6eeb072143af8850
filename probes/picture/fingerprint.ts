import { hash } from 'node:crypto';
import type { Grey } from './facts.ts';

/**
 * 16 hex digits that are the same for the same small grey picture (SHA-256, its first 64 bits), so that pictures of a
 * camera can be told apart over time: a recorder serves the last frame of a dead channel, or a card that says NO VIDEO.
 * Not made of the coded bytes, which change while the picture stands: idr_pic_id alternates (H.264 7.4.3). Only those of
 * one kind of decoder compare: the pool and the second choice shrink differently. An encoder that follows a bit rate
 * codes what stands in a few ways by turns (x264 at 500 kbit/s: one of 1 to 3 after some key frames), and noise in an even
 * grey may leave no trace at all (alls=2 at crf 28: five key frames, two fingerprints).
 */
export const fingerprintOf = ({ luma }: Grey): string => hash('sha256', luma, 'hex').slice(0, 16);
