import http from 'node:http';
import { createRequire } from 'node:module';
import onvif from 'onvif';
import { type Failure, fail, type Step } from '../failure.ts';
import { deadline } from '../net/deadline.ts';
import { failureOfErrno } from '../net/dial.ts';
import type { Context, Login } from '../probe.ts';
import { strikePasswords } from '../rtsp/url.ts';
import { OneHostAgent } from './agent.ts';

/** An answer's body as the package parses it: element names without prefix, every child an array, texts as strings. */
export type Tree = { readonly [name: string]: readonly (Tree | string)[] };

type Answered = (error: Error | null, data: Tree | null, xml?: string, status?: number) => void;

/** The package's own request, used directly: its finished calls turn "1.20" into 1.2 and cut serials. */
type RawCam = {
  timeShift?: number;
  _envelopeHeader(): string;
  _envelopeFooter(): string;
  _request(options: { body: string; service?: string }, answered: Answered): void;
  /** What `_request` ends in: the transport. `action` is the SOAP action that it found in the body. */
  _requestPart2(options: { body: string; service?: string; action: string }, answered: Answered): void;
};

const { parseSOAPString } = createRequire(import.meta.url)('onvif/lib/utils.js') as {
  parseSOAPString(xml: string, answered: Answered, status: number): void;
};

/** Answers larger than this are cut off, bytes: the largest seen was 300 KB. */
const maxBytes = 1024 * 1024;

/**
 * No name of a namespace is that long. The package looks for them with an expression whose time grows with the square
 * of such text: 1 MB of "xmlns" without "=" would hold this process, and every other probe in it, for over a minute.
 */
const endlessNamespace = /xmlns[^=]{200}/;

const escapeXml = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

/** The words with which devices refuse a login: ter:NotAuthorized and its spellings, ONVIF Core 5.11.2.1. */
const refusal = /not\s*authori[sz]ed|unauthori[sz]ed|authority failure|failedauthentication/i;

class DigestWanted extends Error {}
class NotOnvif extends Error {}

/** ONVIF requests to one device, one after the other, inside our bounds of host, size and time. */
export class Onvif {
  /** A SOAP envelope came, or a 401 that asks for a login: the device itself spoke. */
  heard = false;
  readonly #agent: OneHostAgent;
  readonly #cam: RawCam;
  readonly #context: Context;

  constructor(
    device: { address: string; port: number; path: string },
    login: Login,
    allow: (address: string) => boolean,
    context: Context,
  ) {
    this.#context = context;
    this.#agent = new OneHostAgent(device.address, device.port, allow);
    const credentials = login !== null && 'user' in login ? login : null;
    this.#cam = new onvif.Cam({
      autoconnect: false,
      hostname: device.address,
      port: device.port,
      path: device.path,
      agent: this.#agent,
      ...(credentials === null ? {} : { username: escapeXml(credentials.user), password: credentials.password }),
    } as never) as unknown as RawCam;
    this.#cam._requestPart2 = ({ body, service, action }, answered) =>
      this.#post({ host: device.address, port: device.port, path: service ?? device.path }, action, body, answered);
  }

  /**
   * In place of the package's own transport, which takes bodies of any size, never says that a device closed in the
   * middle of an answer, and logs in a second time where HTTP digest is asked for, which may lock the account.
   */
  #post(to: { host: string; port: number; path: string }, action: string, body: string, answered: Answered): void {
    const headers = {
      'Content-Type': `application/soap+xml;charset=utf-8;action="${action}"`,
      'Content-Length': Buffer.byteLength(body),
    };
    const request = http.request({ ...to, agent: this.#agent, method: 'POST', headers });
    request.on('error', (error) => answered(error, null));
    request.on('response', (response) => {
      const pieces: Buffer[] = [];
      let length = 0;
      response.on('data', (bytes: Buffer) => {
        pieces.push(bytes);
        length += bytes.length;
        if (length > maxBytes) response.destroy(new NotOnvif(`an answer of more than ${maxBytes} bytes`));
      });
      response.on('error', (error) => answered(error, null));
      response.on('end', () => {
        const xml = Buffer.concat(pieces).toString('utf8');
        const status = response.statusCode ?? 0;
        const challenged = status === 401 && response.headers['www-authenticate'] !== undefined;
        if (challenged && !/<(?:\w+:)?Envelope\b/.test(xml)) answered(new DigestWanted(), null, xml);
        else if (endlessNamespace.test(xml)) answered(new NotOnvif('an answer that is not parsed'), null);
        else parseSOAPString(xml, answered, status);
      });
    });
    request.end(body);
  }

  /** Device time for WS-Security: `shiftMs` is device clock minus ours (agsh/onvif counts from process start). */
  shiftClock(shiftMs: number): void {
    this.#cam.timeShift = Date.now() + shiftMs - process.uptime() * 1000;
  }

  /** One request; its body's tree, or what went wrong, within `ms`. `path` is the service's, on the same host. */
  async ask(step: Step, request: string, ms: number, path?: string): Promise<Tree | Failure> {
    const { signal } = this.#context;
    if (signal.aborted) return fail('aborted', step, 'stopped');
    const body = `${this.#cam._envelopeHeader()}${request}${this.#cam._envelopeFooter()}`;
    return new Promise((resolve) => {
      const settle = (result: Tree | Failure): void => {
        callOff();
        signal.removeEventListener('abort', onAbort);
        resolve(result);
      };
      const callOff = deadline(ms, this.#context.now, (stalled) => {
        settle(stalled ? fail('overloaded', step, 'did not listen in time') : this.#late(step, ms));
        this.#agent.cut();
      });
      const onAbort = (): void => {
        settle(fail('aborted', step, 'stopped'));
        this.#agent.cut();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#context.trace?.('>', `ONVIF ${request}`);
      this.#cam._request(path === undefined ? { body } : { body, service: path }, (error, data, xml) => {
        if (xml !== undefined) this.#context.trace?.('<', `ONVIF ${strikePasswords(xml.slice(0, 2_000))}`);
        settle(error === null ? this.#body(step, data) : this.#failure(step, error, xml));
      });
    });
  }

  close(): void {
    this.#agent.cut();
  }

  #late(step: Step, ms: number): Failure {
    const waited = `${Math.round(ms)} ms`;
    if (!this.#agent.connected) return fail('unreachable', step, `no answer to the connection within ${waited}`);
    if (this.#agent.received > 0) return fail('dripping', step, `an answer begun and not ended within ${waited}`);
    return fail('silent', step, `no answer within ${waited}`);
  }

  #body(step: Step, data: Tree | null): Tree | Failure {
    const body = Array.isArray(data) ? (data[0] as Tree | undefined) : data;
    if (body === undefined || body === null || typeof body !== 'object') {
      return fail('not_onvif', step, 'an envelope without a body');
    }
    this.heard = true;
    return body;
  }

  #failure(step: Step, error: Error, xml: string | undefined): Failure {
    if (error instanceof DigestWanted) {
      this.heard = true;
      return fail('auth_unsupported', step, 'the device asks for a login over HTTP');
    }
    const { code } = error as NodeJS.ErrnoException;
    // HPE_...: what came is no HTTP.
    if (code !== undefined && !code.startsWith('HPE_')) return failureOfErrno(error, step);
    if (xml === undefined) return fail('not_onvif', step, error.message.slice(0, 120));
    if (/Wrong ONVIF SOAP response/.test(error.message)) {
      return fail('not_onvif', step, `${xml.length} bytes that are no SOAP envelope`);
    }
    this.heard = true;
    const kind = refusal.test(error.message) || refusal.test(xml) ? 'unauthorized' : 'onvif_fault';
    return fail(kind, step, error.message.replace(/\s+/g, ' ').slice(0, 120));
  }
}

/** The text at `path` below a tree, or `null`; names in the package's spelling (first letter small). */
export const textAt = (tree: Tree, ...path: readonly string[]): string | null => {
  let at: Tree | string | undefined = tree;
  for (const name of path) {
    if (at === undefined || typeof at === 'string') return null;
    at = at[name]?.[0];
  }
  if (typeof at === 'string') return at.trim() === '' ? null : at.trim();
  const text = (at as { _?: unknown } | undefined)?._;
  return typeof text === 'string' && text.trim() !== '' ? text.trim() : null;
};
