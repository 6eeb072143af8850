import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';

/** A seal that does not open: another key's, moved from where it was bound to, or changed. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken';
}

/** Stands first, so that the layout can change again: format (1 byte), nonce (12), tag (16), ciphertext. */
const format = 1;
const [nonceLength, authTagLength] = [12, 16];

/** AES-256-GCM; `bound` is what the seal opens for, and nothing else. */
export const seal = (key: KeyObject, bound: string, text: Buffer): Buffer => {
  const nonce = randomBytes(nonceLength);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength });
  cipher.setAAD(Buffer.from(bound));
  const sealed = Buffer.concat([cipher.update(text), cipher.final()]);
  return Buffer.concat([Buffer.of(format), nonce, cipher.getAuthTag(), sealed]);
};

/** Throws SealBroken. */
export const unseal = (key: KeyObject, bound: string, sealed: Buffer): Buffer => {
  if (sealed[0] !== format) throw new SealBroken(`a seal of format ${sealed[0]}`);
  return unsealFirstForm(key, bound, sealed.subarray(1));
};

/** Of before there was a format. */
export const unsealFirstForm = (key: KeyObject, bound: string, sealed: Buffer): Buffer => {
  const head = nonceLength + authTagLength;
  if (sealed.length < head) throw new SealBroken('a seal cut short');
  // The length of the tag is told: without it Node also takes shorter ones, which are easier to forge.
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceLength), { authTagLength });
  decipher.setAAD(Buffer.from(bound));
  decipher.setAuthTag(sealed.subarray(nonceLength, head));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(head)), decipher.final()]);
  } catch (error) {
    throw new SealBroken('the seal does not open', { cause: error });
  }
};
