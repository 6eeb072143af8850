import { isIPv6, SocketAddress } from 'node:net';

/** ::ffff:a.b.c.d, in whatever spelling, as the IPv4 address that it is (RFC 4291 section 2.5.5.2); others as they stand. */
export const plainAddress = (address: string): string => (isIPv6(address) ? (mapped(address) ?? address) : address);

/** The one spelling by which addresses are compared and allowed: no zone, IPv6 as RFC 5952 writes it. */
export const bareAddress = (address: string): string => {
  if (!isIPv6(address)) return address;
  return mapped(address) ?? new SocketAddress({ address, family: 'ipv6' }).address;
};

const mapped = (address: string): string | undefined =>
  /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(new SocketAddress({ address, family: 'ipv6' }).address)?.[1];
