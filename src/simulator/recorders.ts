import type { Draw } from './draw.ts';
import { channelFaults, type FaultName } from './faults.ts';

/** Channels of a recorder: what is sold most. The larger size is every fourth. */
const sizes = [16, 16, 16, 64] as const;
/** A recorder of one channel would be a camera. */
const least = 2;

/** What is looked at of a camera, and what of it is its recorder's where it becomes a channel. */
type Member = {
  readonly index: number;
  readonly unit: string;
  readonly fault: FaultName;
  readonly address: string;
  readonly user: string;
  readonly password: string;
  readonly auth: string;
};
type Channel<M extends Member> = Pick<M, 'address' | 'user' | 'password'> & {
  readonly auth: M['auth'] | 'md5';
  /** From 1. */
  readonly channel: number;
};

/**
 * Which cameras, by their index, are channels of recorders, about `part` of all: neighbours of one unit that share an
 * address, a port and the login of the first of them. Only cameras whose fault can be a single channel's; a channel that
 * is gone is one that is not found.
 */
export const channelsAmong = <M extends Member>(
  cameras: readonly M[],
  part: number,
  draw: Draw,
): Map<number, Channel<M>> => {
  const found = new Map<number, Channel<M>>();
  const wanted = Math.round(cameras.length * part);
  for (const members of Map.groupBy(cameras, ({ unit }) => unit).values()) {
    const fit = members.filter(({ fault }) => channelFaults.has(fault));
    const share = Math.round((wanted * members.length) / cameras.length);
    const due = Math.min(fit.length, share, wanted - found.size);
    for (let from = 0; due - from >= least; ) {
      const channels = fit.slice(from, Math.min(due, from + draw.pick(sizes)));
      const { address, auth, user, password } = channels[0]!;
      channels.forEach(({ index }, nth) => {
        // A recorder without a login would hide the faults that only somebody who logs in can see.
        found.set(index, { address, user, password, auth: auth === 'none' ? 'md5' : auth, channel: nth + 1 });
      });
      from += channels.length;
    }
  }
  return found;
};
