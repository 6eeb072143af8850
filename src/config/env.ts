import { availableParallelism } from 'node:os';
import { Sentence } from '../sentence.ts';

/** Everything that the environment may say; the only place that reads it. `secrets` are files' paths, never values. */
export type Config = {
  /** null: the embedded pair, for demo, tests and a first look. */
  readonly databaseUrl: string | null;
  readonly redisUrl: string | null;
  /** Where the embedded pair, the generated key and the simulator's clips live. */
  readonly dataDir: string;
  readonly host: string;
  readonly port: number;
  /** Probes under way at once in one worker. */
  readonly sockets: number;
  /** Decoder processes of one worker. */
  readonly decoders: number;
  readonly logLevel: string;
  readonly secrets: {
    /** 32 bytes in hexadecimal. */
    readonly keyFile: string | null;
    readonly webhookSecretFile: string | null;
  };
  readonly webhookUrl: string | null;
};

type Parse<T> = (text: string, name: string) => T;

const text: Parse<string> = (value) => value;

const whole =
  (from: number, to: number): Parse<number> =>
  (value, name) => {
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= from && number <= to) return number;
    throw new Sentence(
      `环境变量 ${name}=${value}：应为 ${from} 至 ${to} 的整数`,
      `environment variable ${name}=${value}: must be a whole number from ${from} to ${to}`,
    );
  };

const oneOf =
  (...choices: readonly string[]): Parse<string> =>
  (value, name) => {
    if (choices.includes(value)) return value;
    throw new Sentence(
      `环境变量 ${name}=${value}：应为 ${choices.join('、')} 之一`,
      `environment variable ${name}=${value}: must be one of ${choices.join(', ')}`,
    );
  };

const url =
  (...protocols: readonly string[]): Parse<string> =>
  (value, name) => {
    if (protocols.includes(URL.parse(value)?.protocol ?? '')) return value;
    // The value is not repeated: it may hold a password.
    const list = protocols.map((protocol) => `${protocol}//`).join(' ');
    throw new Sentence(`环境变量 ${name}：应以 ${list} 开头`, `environment variable ${name}: must begin with ${list}`);
  };

/** fetch sends nothing to a URL that holds a login, and repeats it in its error. */
const withoutLogin: Parse<string> = (value, name) => {
  const checked = url('http:', 'https:')(value, name);
  const { username, password } = new URL(checked);
  if (username === '' && password === '') return checked;
  throw new Sentence(
    `环境变量 ${name}：地址中不得含用户名和密码；消息已有签名，请由接收方验签`,
    `environment variable ${name}: must not hold a login; messages are signed, let the receiver check the signature`,
  );
};

/** Reads the environment once. Unknown XUNJIAN_ names and bad values are refused by name, with the remedy. */
export const readConfig = (env: Readonly<Record<string, string | undefined>>): Config => {
  const left = new Set(Object.keys(env).filter((name) => name.startsWith('XUNJIAN_')));
  const take = <T, D>(name: string, parse: Parse<T>, otherwise: D): T | D => {
    left.delete(name);
    const value = env[name];
    return value === undefined || value === '' ? otherwise : parse(value, name);
  };
  const config: Config = {
    databaseUrl: take('XUNJIAN_DATABASE_URL', url('postgres:', 'postgresql:'), null),
    redisUrl: take('XUNJIAN_REDIS_URL', url('redis:', 'rediss:', 'unix:'), null),
    dataDir: take('XUNJIAN_DATA_DIR', text, '.xunjian'),
    host: take('XUNJIAN_HOST', text, '127.0.0.1'),
    port: take('XUNJIAN_PORT', whole(0, 65535), 8080),
    sockets: take('XUNJIAN_SOCKETS', whole(1, 10_000), 192),
    decoders: take('XUNJIAN_DECODERS', whole(1, 256), availableParallelism()),
    logLevel: take('XUNJIAN_LOG_LEVEL', oneOf('debug', 'info', 'warn', 'error', 'silent'), 'info'),
    secrets: {
      keyFile: take('XUNJIAN_KEY_FILE', text, null),
      webhookSecretFile: take('XUNJIAN_WEBHOOK_SECRET_FILE', text, null),
    },
    webhookUrl: take('XUNJIAN_WEBHOOK_URL', withoutLogin, null),
  };
  const [unknown] = left;
  if (unknown !== undefined) {
    throw new Sentence(
      `未知的环境变量 ${unknown}：请对照 docker/sample.env 更正或删除`,
      `unknown environment variable ${unknown}: correct it after docker/sample.env, or remove it`,
    );
  }
  requireTogether(config);
  return config;
};

const requireTogether = (config: Config): void => {
  if ((config.databaseUrl === null) !== (config.redisUrl === null)) {
    throw new Sentence(
      'XUNJIAN_DATABASE_URL 与 XUNJIAN_REDIS_URL 须同时设置，或都不设置（使用内置的一对，仅供演示）',
      'set XUNJIAN_DATABASE_URL and XUNJIAN_REDIS_URL both, or neither (then the embedded pair is used, for a demo only)',
    );
  }
  if (config.databaseUrl !== null && config.secrets.keyFile === null) {
    throw new Sentence(
      '设置了 XUNJIAN_DATABASE_URL 时必须设置 XUNJIAN_KEY_FILE（64 位十六进制密钥文件，可用 openssl rand -hex 32 生成）',
      'with XUNJIAN_DATABASE_URL, XUNJIAN_KEY_FILE must be set (a file of 64 hexadecimal digits: openssl rand -hex 32)',
    );
  }
  if ((config.webhookUrl === null) !== (config.secrets.webhookSecretFile === null)) {
    throw new Sentence(
      'XUNJIAN_WEBHOOK_URL 与 XUNJIAN_WEBHOOK_SECRET_FILE 须同时设置：不发送未签名的消息',
      'set XUNJIAN_WEBHOOK_URL and XUNJIAN_WEBHOOK_SECRET_FILE both: nothing is sent unsigned',
    );
  }
};
