import { createHash } from 'node:crypto';
import { authorize, parseChallenges } from '../../../probes/rtsp/digest.ts';
import type { Asked, Script, Wire } from '../../support/camera.ts';
import { fault, type Operation, replies } from '../../unit/probes/onvif-device.ts';
import { h264Sdp, keyframe } from '../../unit/probes/scene.ts';

/** The one account of a device, and what was tried on it, over all its services. */
export type Account = {
  readonly user: string;
  password: string;
  /** Services over which a wrong login came, in order. */
  readonly failed: string[];
  /** Services over which a right one came. */
  readonly passed: Set<string>;
  /** Called with each wrong login before it is answered. */
  onFailed(): void;
};

export const account = (user: string, password: string): Account => ({
  user,
  password,
  failed: [],
  passed: new Set(),
  onFailed() {},
});

const digest = 'Digest realm="recorder", nonce="5f3a"';
const challenge = { 'WWW-Authenticate': digest };

/** WS-Security UsernameToken, password digest (Username Token Profile 1.1, 3.1). */
const tokenIsRight = (body: string, { user, password }: Account): boolean => {
  const of = (name: string): string => new RegExp(`<(?:\\w+:)?${name}\\b[^>]*>([^<]*)<`).exec(body)?.[1] ?? '';
  const expected = createHash('sha1')
    .update(Buffer.from(of('Nonce'), 'base64'))
    .update(of('Created') + password)
    .digest('base64');
  return of('Username') === user && of('Password') === expected;
};

/** Whether a request may pass; counts its login, where it carries one. */
const passes = (service: string, { login, method, url, body }: Asked, who: Account): boolean => {
  if (login === null) return false;
  const right =
    login === body
      ? tokenIsRight(body, who)
      : login === authorize(parseChallenges([digest])[0]!, who, method, url, 1, '');
  if (right) who.passed.add(service);
  else {
    who.failed.push(service);
    who.onFailed();
  }
  return right;
};

/** Asks every request for the right login, and then gives one whole key frame. `answering` is called around each answer to a login. */
export const rtspOf =
  (who: Account, answering: (asked: Asked, answer: () => void) => Promise<void> | void = (_, answer) => answer()) =>
  async (wire: Wire): Promise<void> => {
    for (;;) {
      const asked = await wire.request();
      const right = passes('rtsp', asked, who);
      await answering(asked, () => {
        if (!right) wire.answer(401, challenge);
        else if (asked.method === 'DESCRIBE') wire.answer(200, { 'Content-Type': 'application/sdp' }, h264Sdp);
        else wire.answer(200, { Session: '9;timeout=60', Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' });
      });
      if (right && asked.method === 'PLAY') for (const packet of keyframe()) wire.frame(0, packet);
    }
  };

/** Operations that ask for no login (ONVIF Core 5.9.4.3, access class PRE_AUTH). */
const open: ReadonlySet<Operation> = new Set(['GetSystemDateAndTime', 'GetServices', 'GetCapabilities']);

/** ONVIF and the snapshot on one port: takes WS-Security and HTTP digest, and gives a snapshot that is no JPEG. */
export const webOf =
  (who: Account): Script =>
  async (wire) => {
    const asked = await wire.request();
    if (asked.url.startsWith('/snapshot')) {
      if (passes('snapshot', asked, who)) wire.http(200, { 'Content-Type': 'image/jpeg' }, 'nothing to see');
      else wire.http(401, challenge);
      return;
    }
    const operation = (Object.keys(replies) as Operation[]).find((name) => asked.body.includes(`<${name} `))!;
    if (passes('onvif', asked, who) || open.has(operation)) {
      wire.http(200, { 'Content-Type': 'application/soap+xml' }, replies[operation](asked));
    } else wire.http(401, challenge, fault('Sender not Authorized'));
  };
