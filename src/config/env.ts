import { isIP } from 'node:net';
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
  /** The address that people reach the service by, such as https://xunjian.example; null: the one that it listens at. */
  readonly publicUrl: string | null;
  /** Networks (CIDR) of the proxies whose word on a caller's address is taken; of nobody else's. */
  readonly trustedProxies: readonly string[];
  /** Of the certificate that the API itself speaks TLS with; null: a proxy does, or nobody. */
  readonly tlsCertFile: string | null;
  /** Where people may sign in besides; null: with a password only. */
  readonly oidc: { readonly issuer: string; readonly clientId: string } | null;
  /** Probes under way at once in one worker. */
  readonly sockets: number;
  /** Decoder processes of one worker. */
  readonly decoders: number;
  readonly logLevel: string;
  readonly secrets: {
    /** Keys of 32 bytes in hexadecimal, one a line: the first wraps, all unwrap. */
    readonly keyFile: string | null;
    /** A program and its words that print the same to stdout: for keys that live in a vault of their own. */
    readonly keyCommand: readonly string[] | null;
    readonly tlsKeyFile: string | null;
    readonly oidcSecretFile: string | null;
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

const networks: Parse<readonly string[]> = (value, name) => {
  const list = value.split(',').map((one) => one.trim());
  for (const one of list) {
    const [address, bits] = one.split('/');
    const family = isIP(address ?? '');
    if (family !== 0 && /^\d{1,3}$/.test(bits ?? '') && Number(bits) <= (family === 4 ? 32 : 128)) continue;
    throw new Sentence(
      `环境变量 ${name}：${one} 应形如 10.20.0.0/16，多个以逗号分隔`,
      `environment variable ${name}: ${one} must look like 10.20.0.0/16; several are parted by commas`,
    );
  }
  return list;
};

/** An origin: nothing behind the host. */
const origin: Parse<string> = (value, name) => {
  const checked = withoutLogin(value, name);
  const { origin: bare } = new URL(checked);
  if (checked === bare || checked === `${bare}/`) return bare;
  throw new Sentence(
    `环境变量 ${name}=${value}：只写到主机与端口，例如 ${bare}`,
    `environment variable ${name}=${value}: nothing behind host and port, such as ${bare}`,
  );
};

/** A program and its words, run without a shell: parted by blanks; '…' and "…" hold what has blanks in it. */
const command: Parse<readonly string[]> = (value, name) => {
  const words = [...value.matchAll(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g)].map(([word]) =>
    word.replaceAll(/'([^']*)'|"([^"]*)"/g, (_, one?: string, other?: string) => one ?? other ?? ''),
  );
  const left = value.replaceAll(/'[^']*'|"[^"]*"/g, '');
  if (words.length > 0 && words[0] !== '' && !/['"]/.test(left)) return words;
  // The value is not repeated: it may hold a password.
  throw new Sentence(
    `环境变量 ${name}：应为程序及其参数，例如 /usr/local/bin/print-key --name xunjian；含空格的参数用引号成对括起；不经过 shell`,
    `environment variable ${name}: must be a program and its words, such as /usr/local/bin/print-key --name xunjian; quotes, in pairs, hold what has blanks in it; no shell is used`,
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
    publicUrl: take('XUNJIAN_PUBLIC_URL', origin, null),
    trustedProxies: take('XUNJIAN_TRUSTED_PROXIES', networks, []),
    tlsCertFile: take('XUNJIAN_TLS_CERT_FILE', text, null),
    oidc: oidcOf(take('XUNJIAN_OIDC_ISSUER', withoutLogin, null), take('XUNJIAN_OIDC_CLIENT_ID', text, null)),
    sockets: take('XUNJIAN_SOCKETS', whole(1, 10_000), 192),
    decoders: take('XUNJIAN_DECODERS', whole(1, 256), availableParallelism()),
    logLevel: take('XUNJIAN_LOG_LEVEL', oneOf('debug', 'info', 'warn', 'error', 'silent'), 'info'),
    secrets: {
      keyFile: take('XUNJIAN_KEY_FILE', text, null),
      keyCommand: take('XUNJIAN_KEY_COMMAND', command, null),
      tlsKeyFile: take('XUNJIAN_TLS_KEY_FILE', text, null),
      oidcSecretFile: take('XUNJIAN_OIDC_CLIENT_SECRET_FILE', text, null),
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

const oidcOf = (issuer: string | null, clientId: string | null): Config['oidc'] => {
  if (issuer !== null && clientId !== null) return { issuer, clientId };
  if (issuer === null && clientId === null) return null;
  throw new Sentence(
    'XUNJIAN_OIDC_ISSUER 与 XUNJIAN_OIDC_CLIENT_ID 须同时设置',
    'set XUNJIAN_OIDC_ISSUER and XUNJIAN_OIDC_CLIENT_ID both',
  );
};

const requireTogether = (config: Config): void => {
  if ((config.databaseUrl === null) !== (config.redisUrl === null)) {
    throw new Sentence(
      'XUNJIAN_DATABASE_URL 与 XUNJIAN_REDIS_URL 须同时设置，或都不设置（使用内置的一对，仅供演示）',
      'set XUNJIAN_DATABASE_URL and XUNJIAN_REDIS_URL both, or neither (then the embedded pair is used, for a demo only)',
    );
  }
  const { keyFile, keyCommand, tlsKeyFile, oidcSecretFile } = config.secrets;
  if (config.databaseUrl !== null && keyFile === null && keyCommand === null) {
    throw new Sentence(
      '设置了 XUNJIAN_DATABASE_URL 时必须设置 XUNJIAN_KEY_FILE（64 位十六进制密钥文件，可用 openssl rand -hex 32 生成）或 XUNJIAN_KEY_COMMAND',
      'with XUNJIAN_DATABASE_URL, XUNJIAN_KEY_FILE must be set (a file of 64 hexadecimal digits: openssl rand -hex 32), or XUNJIAN_KEY_COMMAND',
    );
  }
  if (keyFile !== null && keyCommand !== null) {
    throw new Sentence(
      'XUNJIAN_KEY_FILE 与 XUNJIAN_KEY_COMMAND 只能设置其一',
      'set XUNJIAN_KEY_FILE or XUNJIAN_KEY_COMMAND, not both',
    );
  }
  if ((config.tlsCertFile === null) !== (tlsKeyFile === null)) {
    throw new Sentence(
      'XUNJIAN_TLS_CERT_FILE 与 XUNJIAN_TLS_KEY_FILE 须同时设置',
      'set XUNJIAN_TLS_CERT_FILE and XUNJIAN_TLS_KEY_FILE both',
    );
  }
  if (config.oidc === null && oidcSecretFile !== null) {
    throw new Sentence(
      '设置了 XUNJIAN_OIDC_CLIENT_SECRET_FILE 时须同时设置 XUNJIAN_OIDC_ISSUER 与 XUNJIAN_OIDC_CLIENT_ID',
      'with XUNJIAN_OIDC_CLIENT_SECRET_FILE, set XUNJIAN_OIDC_ISSUER and XUNJIAN_OIDC_CLIENT_ID',
    );
  }
  if (config.oidc !== null && config.publicUrl === null) {
    throw new Sentence(
      '设置了 XUNJIAN_OIDC_ISSUER 时须设置 XUNJIAN_PUBLIC_URL：登录后由此返回',
      'with XUNJIAN_OIDC_ISSUER, set XUNJIAN_PUBLIC_URL: the provider sends people back there',
    );
  }
  if ((config.webhookUrl === null) !== (config.secrets.webhookSecretFile === null)) {
    throw new Sentence(
      'XUNJIAN_WEBHOOK_URL 与 XUNJIAN_WEBHOOK_SECRET_FILE 须同时设置：不发送未签名的消息',
      'set XUNJIAN_WEBHOOK_URL and XUNJIAN_WEBHOOK_SECRET_FILE both: nothing is sent unsigned',
    );
  }
};
