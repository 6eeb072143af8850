import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** Certificates as cameras have them, made for a test: X.509 v3 (RFC 5280) signed by ECDSA over P-256. */
export type Certificate = {
  readonly key: string;
  readonly cert: string;
  /** SHA-256 of the DER bytes, hexadecimal. */
  readonly sha256: string;
};

const tlv = (tag: number, ...parts: readonly Buffer[]): Buffer => {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
};
const sequence = (...parts: readonly Buffer[]): Buffer => tlv(0x30, ...parts);
const oid = (hex: string): Buffer => tlv(0x06, Buffer.from(hex, 'hex'));
const name = (common: string): Buffer => sequence(tlv(0x31, sequence(oid('550403'), tlv(0x0c, Buffer.from(common)))));
const time = (at: Date): Buffer =>
  tlv(0x18, Buffer.from(`${at.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`, 'latin1'));

/** id-ecPublicKey's signature algorithm ecdsa-with-SHA256. */
const ecdsa = sequence(oid('2a8648ce3d040302'));
const day = 86_400_000;

/** Signed by `by`, or by itself. It bears `common` as its name and no address; valid until `days` from now. */
export const certificate = (common: string, by?: Certificate & { readonly common: string }, days = 30): Certificate => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signer: KeyObject = by === undefined ? pair.privateKey : createPrivateKey(by.key);
  const authority = by === undefined;
  const constraints = sequence(
    oid('551d13'),
    tlv(0x04, sequence(...(authority ? [tlv(0x01, Buffer.from([255]))] : []))),
  );
  const body = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsa,
    name(by?.common ?? common),
    sequence(time(new Date(Date.now() - 60 * day)), time(new Date(Date.now() + days * day))),
    name(common),
    pair.publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(constraints)),
  );
  const signature = sign('sha256', body, signer);
  const der = sequence(body, ecdsa, tlv(0x03, Buffer.from([0]), signature));
  return {
    key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    cert: `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
    sha256: createHash('sha256').update(der).digest('hex'),
  };
};
