/** The Transport header, RFC 2326 section 12.39, as cameras answer it. Pure. */

export type Transport = 'tcp' | 'udp';

export type Answered = {
  /** `null`: another way than the two that can be asked for, multicast for one. */
  readonly transport: Transport | null;
  /** TCP: the channel of RTP, where the device named one; it need not be the one that was asked for. */
  readonly channel: number | null;
  /** UDP: the device's port of RTP, where it named one. */
  readonly serverPort: number | null;
  /** The SSRC of the packets to come, where the device told one; it may be wrong. */
  readonly ssrc: number | null;
};

export const askTcp = 'RTP/AVP/TCP;unicast;interleaved=0-1';

/** Without "/UDP", which is the default: some devices know only the short form. `port` is even, RTCP's is the next. */
export const askUdp = (port: number): string => `RTP/AVP;unicast;client_port=${port}-${port + 1}`;

/**
 * Reads the answer to a request for `asked`; a device that names no transport has taken that. `source` and
 * `destination` are not read: nothing is sent to, and nothing taken from, a host that a device names.
 */
export const readTransport = (value: string | undefined, asked: Transport): Answered => {
  // Where several are listed the first is the one in use.
  const [profile, ...parameters] = (value ?? '')
    .split(',')[0]!
    .split(';')
    .map((part) => part.trim().toLowerCase());
  const first = (name: string, most: number): number | null => {
    const parameter = parameters.find((one) => named(one, name));
    const number = Number.parseInt(parameter?.slice(parameter.indexOf('=') + 1) ?? '', 10);
    return number >= 0 && number <= most ? number : null;
  };
  const channel = first('interleaved', 255);
  const serverPort = first('server_port', 65_535);
  const told = { channel, serverPort, ssrc: ssrcOf(parameters) };
  if (profile === undefined || profile === '') return { transport: asked, ...told };
  // Only the profile's third part tells, or what only one of the two can have: "/TCP" is left out by some.
  if (profile.endsWith('/tcp') || channel !== null) return { transport: 'tcp', ...told };
  if (parameters.includes('multicast') || !profile.startsWith('rtp/')) return { transport: null, ...told };
  return { transport: 'udp', ...told };
};

/** "name=", whatever blanks are in it. */
const named = (parameter: string, name: string): boolean =>
  parameter.startsWith(`${name}=`) || (/\s/.test(parameter) && parameter.replace(/\s/g, '').startsWith(`${name}=`));

/** Eight hexadecimal digits; more are decimal, as some write it. 0 is what those write that do not know it yet. */
const ssrcOf = (parameters: readonly string[]): number | null => {
  let digits = '';
  for (const one of parameters) {
    if (digits === '' && one.startsWith('ssrc')) {
      digits = /^ssrc\s*=\s*(?:0x)?([0-9a-f]{1,10})$/.exec(one)?.[1] ?? '';
    }
  }
  const number = digits.length > 8 ? Number(digits) : Number.parseInt(digits, 16);
  return number > 0 && number <= 0xffff_ffff ? number : null;
};
