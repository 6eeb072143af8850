import { X509Certificate } from 'node:crypto';
import { Sentence } from '../sentence.ts';

/** Throws a Sentence where a text holds no certificate in PEM, or one that is none. */
export const requireCertificates = (pem: string): void => {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    if (blocks.length === 0) throw new Error('no certificate in it');
    for (const block of blocks) new X509Certificate(block);
  } catch (error) {
    const detail = (error as Error).message;
    throw new Sentence(
      `CA 证书文件无效（${detail}）：应为 PEM，含 -----BEGIN CERTIFICATE-----`,
      `the file of authorities is not valid (${detail}): it must be PEM with -----BEGIN CERTIFICATE-----`,
    );
  }
};
