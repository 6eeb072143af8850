import { isIPv6 } from 'node:net';
import { type Failure, fail, type Step } from '../failure.ts';
import { bareAddress } from '../net/address.ts';
import { addressOf } from '../net/dial.ts';
import type { Secure } from '../net/tls.ts';
import type { Context, Target } from '../probe.ts';

/** Where HTTP is spoken to: always the inventory's address and port, whatever a device names in its answers. */
export type Server = {
  readonly address: string;
  readonly port: number;
  /** The Host header, and what stands in a URL: as the inventory names it. */
  readonly host: string;
  readonly hostname: string;
  /** Path and query as the inventory names them: ASCII, nothing that could end a request line. */
  readonly path: string;
  readonly secure: Secure | null;
  readonly allow: (address: string) => boolean;
};

/** The server of an http:// or https:// URL of the inventory, its name resolved within `ms`. */
export const serverOf = async (
  text: string | undefined,
  target: Target,
  step: Step,
  ms: number,
  context: Context,
): Promise<Server | Failure> => {
  const url = URL.parse(text ?? '');
  if (url === null || !/^https?:$/.test(url.protocol)) return fail('internal', step, 'not an http:// or https:// URL');
  const name = url.hostname.replace(/^\[|\]$/g, '');
  const address = await addressOf(name, step, ms, context.signal);
  if (typeof address !== 'string') return address;
  const secure = url.protocol === 'https:';
  return {
    address,
    port: Number(url.port || (secure ? 443 : 80)),
    host: url.host,
    hostname: isIPv6(name) ? `[${name}]` : name,
    path: url.pathname + url.search,
    secure: secure ? { host: name, trust: target.trust } : null,
    allow: (connected) => target.allow?.(bareAddress(connected)) ?? true,
  };
};
