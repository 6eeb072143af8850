import { readFile } from 'node:fs/promises';
import { Sentence } from '../sentence.ts';

/** What a file holds, without the blanks around it; a Sentence that names the variable where it cannot be read. */
export const readSecret = async (file: string, name: string): Promise<string> => {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new Sentence(`${name}=${file}：无法读取（${code}）`, `${name}=${file}: cannot be read (${code})`);
  }
};

/**
 * The key of the signature. As the Standard Webhooks specification has it, and with it every receiver's library: 24 to
 * 64 bytes in base64, with or without `whsec_` before them.
 */
export const readWebhookSecret = async (file: string): Promise<Buffer> => {
  const secret = (await readSecret(file, 'XUNJIAN_WEBHOOK_SECRET_FILE')).replace(/^whsec_/, '');
  const key = Buffer.from(secret, 'base64');
  if (/^[A-Za-z0-9+/]+={0,2}$/.test(secret) && key.length >= 24 && key.length <= 64) return key;
  throw new Sentence(
    'XUNJIAN_WEBHOOK_SECRET_FILE：文件内容应为 base64 编码的 24 至 64 字节密钥（可用 openssl rand -base64 32 生成）',
    'XUNJIAN_WEBHOOK_SECRET_FILE: the file must hold a key of 24 to 64 bytes in base64 (openssl rand -base64 32)',
  );
};

/** What the identity provider knows this service by. */
export const readOidcSecret = async (file: string): Promise<string> => {
  const secret = await readSecret(file, 'XUNJIAN_OIDC_CLIENT_SECRET_FILE');
  if (/^[\x20-\x7e]{1,1000}$/.test(secret)) return secret;
  throw new Sentence(
    'XUNJIAN_OIDC_CLIENT_SECRET_FILE：文件内容应为身份提供方给出的密钥（一行可见字符）',
    'XUNJIAN_OIDC_CLIENT_SECRET_FILE: the file must hold the secret that the identity provider gave (one line)',
  );
};
