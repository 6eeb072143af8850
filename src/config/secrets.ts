import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Sentence } from '../sentence.ts';
import type { Config } from './env.ts';

const read = async (file: string, name: string): Promise<string> => {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new Sentence(`${name}=${file}：无法读取（${code}）`, `${name}=${file}: cannot be read (${code})`);
  }
};

const hexKey = (text: string, name: string): Buffer => {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  throw new Sentence(
    `${name}：文件内容应为 64 位十六进制（可用 openssl rand -hex 32 生成）`,
    `${name}: the file must hold 64 hexadecimal digits (openssl rand -hex 32)`,
  );
};

/** The key of the camera passwords; beside the embedded pair, one is made on first use. */
export const readKey = async (config: Config): Promise<Buffer> => {
  const { keyFile } = config.secrets;
  if (keyFile !== null) return hexKey(await read(keyFile, 'XUNJIAN_KEY_FILE'), 'XUNJIAN_KEY_FILE');
  const file = join(config.dataDir, 'key');
  try {
    await writeFile(file, randomBytes(32).toString('hex'), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return hexKey(await read(file, 'key'), file);
};

/**
 * The key of the signature. As the Standard Webhooks specification has it, and with it every receiver's library: 24 to
 * 64 bytes in base64, with or without `whsec_` before them.
 */
export const readWebhookSecret = async (file: string): Promise<Buffer> => {
  const secret = (await read(file, 'XUNJIAN_WEBHOOK_SECRET_FILE')).replace(/^whsec_/, '');
  const key = Buffer.from(secret, 'base64');
  if (/^[A-Za-z0-9+/]+={0,2}$/.test(secret) && key.length >= 24 && key.length <= 64) return key;
  throw new Sentence(
    'XUNJIAN_WEBHOOK_SECRET_FILE：文件内容应为 base64 编码的 24 至 64 字节密钥（可用 openssl rand -base64 32 生成）',
    'XUNJIAN_WEBHOOK_SECRET_FILE: the file must hold a key of 24 to 64 bytes in base64 (openssl rand -base64 32)',
  );
};
