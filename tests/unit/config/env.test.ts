import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { type Config, readConfig } from '../../../src/config/env.ts';
import { Sentence } from '../../../src/sentence.ts';

const servers = {
  XUNJIAN_DATABASE_URL: 'postgresql://xunjian:opensesame@db:5432/xunjian',
  XUNJIAN_REDIS_URL: 'redis://:opensesame@queue:6379',
  XUNJIAN_KEY_FILE: '/run/secrets/key',
};

const refusal = (env: Record<string, string>): Sentence => {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof Sentence) return error;
    throw error;
  }
  throw new Error(`accepted: ${JSON.stringify(env)}`);
};

const expectWords = ({ zh, en }: Sentence, words: readonly string[]): void => {
  for (const sentence of [zh, en]) for (const word of words) expect(sentence).toContain(word);
  expect(zh).toMatch(/\p{Script=Han}/u);
  expect(en).not.toMatch(/\p{Script=Han}/u);
};

describe('an environment', () => {
  it('that says nothing gives the embedded pair, on this machine only', () => {
    expect(readConfig({ PATH: '/usr/bin', HOME: undefined })).toEqual({
      databaseUrl: null,
      redisUrl: null,
      dataDir: '.xunjian',
      host: '127.0.0.1',
      port: 8080,
      publicUrl: null,
      trustedProxies: [],
      tlsCertFile: null,
      oidc: null,
      sockets: 192,
      decoders: availableParallelism(),
      logLevel: 'info',
      secrets: { keyFile: null, keyCommand: null, tlsKeyFile: null, oidcSecretFile: null, webhookSecretFile: null },
      webhookUrl: null,
    } satisfies Config);
  });

  it('that says everything is taken at its word', () => {
    const env = {
      ...servers,
      XUNJIAN_DATA_DIR: '/data',
      XUNJIAN_HOST: '0.0.0.0',
      XUNJIAN_PORT: '0',
      XUNJIAN_PUBLIC_URL: 'https://xunjian.example/',
      XUNJIAN_TRUSTED_PROXIES: '10.20.0.0/24, 2001:db8::/48',
      XUNJIAN_TLS_CERT_FILE: '/etc/xunjian/tls.crt',
      XUNJIAN_TLS_KEY_FILE: '/etc/xunjian/tls.key',
      XUNJIAN_OIDC_ISSUER: 'https://id.example/realm',
      XUNJIAN_OIDC_CLIENT_ID: 'xunjian',
      XUNJIAN_OIDC_CLIENT_SECRET_FILE: '/run/secrets/oidc',
      XUNJIAN_SOCKETS: '10000',
      XUNJIAN_DECODERS: '1',
      XUNJIAN_LOG_LEVEL: 'silent',
      XUNJIAN_WEBHOOK_URL: 'https://receiver.example/x',
      XUNJIAN_WEBHOOK_SECRET_FILE: '/run/secrets/webhook_secret',
    };
    expect(readConfig(env)).toEqual({
      databaseUrl: servers.XUNJIAN_DATABASE_URL,
      redisUrl: servers.XUNJIAN_REDIS_URL,
      dataDir: '/data',
      host: '0.0.0.0',
      port: 0,
      publicUrl: 'https://xunjian.example',
      trustedProxies: ['10.20.0.0/24', '2001:db8::/48'],
      tlsCertFile: '/etc/xunjian/tls.crt',
      oidc: { issuer: 'https://id.example/realm', clientId: 'xunjian' },
      sockets: 10_000,
      decoders: 1,
      logLevel: 'silent',
      secrets: {
        keyFile: '/run/secrets/key',
        keyCommand: null,
        tlsKeyFile: '/etc/xunjian/tls.key',
        oidcSecretFile: '/run/secrets/oidc',
        webhookSecretFile: '/run/secrets/webhook_secret',
      },
      webhookUrl: 'https://receiver.example/x',
    } satisfies Config);
  });

  it.each([
    ['/usr/local/bin/print-key --name xunjian', ['/usr/local/bin/print-key', '--name', 'xunjian']],
    ["  vault  kv get '-field=the key' \"it's\"  ", ['vault', 'kv', 'get', '-field=the key', "it's"]],
    ['cat /run/"a b"/key', ['cat', '/run/a b/key']],
    // No shell reads it.
    ['cat $HOME/*;id', ['cat', '$HOME/*;id']],
    ["print ''", ['print', '']],
  ])('may take the key from the command %s', (line, words) => {
    const { XUNJIAN_KEY_FILE: _, ...others } = servers;
    expect(readConfig({ ...others, XUNJIAN_KEY_COMMAND: line }).secrets).toMatchObject({
      keyFile: null,
      keyCommand: words,
    });
  });

  it('that names a variable and leaves it empty, as compose does, says nothing of it', () => {
    expect(readConfig({ XUNJIAN_PORT: '', XUNJIAN_WEBHOOK_URL: '' })).toEqual(readConfig({}));
  });

  it.each(['XUNJIAN_SOCKET', 'XUNJIAN_database_url', 'XUNJIAN_'])('with the unknown name %s is refused', (name) => {
    expectWords(refusal({ [name]: 'x' }), [name, 'docker/sample.env']);
    expect(refusal({ [name]: '' }).message).toContain(name);
  });

  it.each(['unix:///run/redis.sock', 'rediss://queue:6380/2'])('may reach Redis at %s', (redisUrl) => {
    expect(readConfig({ ...servers, XUNJIAN_REDIS_URL: redisUrl })).toMatchObject({ redisUrl });
  });
});

describe('a bad value', () => {
  it.each([
    ['XUNJIAN_PORT', '65536', ['0', '65535']],
    ['XUNJIAN_PORT', '-1', ['0', '65535']],
    ['XUNJIAN_PORT', '80.5', ['0', '65535']],
    ['XUNJIAN_PORT', ' 80', ['0', '65535']],
    ['XUNJIAN_PORT', '0x50', ['0', '65535']],
    ['XUNJIAN_SOCKETS', '0', ['1', '10000']],
    ['XUNJIAN_SOCKETS', '1e3', ['1', '10000']],
    ['XUNJIAN_DECODERS', '257', ['1', '256']],
    ['XUNJIAN_DECODERS', 'two', ['1', '256']],
    ['XUNJIAN_LOG_LEVEL', 'verbose', ['debug', 'info', 'warn', 'error', 'silent']],
    ['XUNJIAN_LOG_LEVEL', 'INFO', ['info']],
    ['XUNJIAN_PUBLIC_URL', 'https://xunjian.example/board', ['https://xunjian.example']],
  ])('%s=%s is told with what may stand there', (name, value, remedy) => {
    expectWords(refusal({ [name]: value }), [`${name}=${value}`, ...remedy]);
  });

  it.each(['10.20.0.0', '10.20.0.0/33', '2001:db8::/129', 'proxy.example/24', '10.0.0.0/8,', ''])(
    'of the trusted proxies, %s, is told with what a network looks like',
    (network) => {
      const told = refusal({ XUNJIAN_TRUSTED_PROXIES: `10.0.0.0/8,${network}` });
      expectWords(told, ['XUNJIAN_TRUSTED_PROXIES', '10.20.0.0/16']);
    },
  );

  it.each(["print 'opensesame", 'print "opensesame', "'' opensesame", ' '])(
    'of the key command, %s, is told without being repeated',
    (line) => {
      const told = refusal({ XUNJIAN_KEY_COMMAND: line });
      expectWords(told, ['XUNJIAN_KEY_COMMAND', '/usr/local/bin/print-key']);
      expect(told.message).not.toContain('opensesame');
    },
  );

  it.each([
    ['XUNJIAN_PUBLIC_URL', 'https://a:opensesame@xunjian.example', ['XUNJIAN_PUBLIC_URL']],
    ['XUNJIAN_OIDC_ISSUER', 'https://a:opensesame@id.example', ['XUNJIAN_OIDC_ISSUER']],
    ['XUNJIAN_DATABASE_URL', 'mysql://xunjian:opensesame@db/xunjian', ['postgres://', 'postgresql://']],
    ['XUNJIAN_DATABASE_URL', 'xunjian:opensesame@db', ['postgres://', 'postgresql://']],
    ['XUNJIAN_REDIS_URL', 'http://:opensesame@queue', ['redis://', 'rediss://', 'unix://']],
    ['XUNJIAN_WEBHOOK_URL', 'ftp://user:opensesame@receiver.example', ['http://', 'https://']],
  ])('of %s is told without being repeated, because it may hold a password', (name, value, remedy) => {
    const told = refusal({ ...servers, [name]: value });
    expectWords(told, [name, ...remedy]);
    expect(`${told.message} ${told.stack}`).not.toContain('opensesame');
  });
});

describe('what belongs together', () => {
  const { XUNJIAN_DATABASE_URL, XUNJIAN_REDIS_URL, XUNJIAN_KEY_FILE } = servers;

  it.each([
    ['a database without Redis', { XUNJIAN_DATABASE_URL, XUNJIAN_KEY_FILE }],
    ['Redis without a database', { XUNJIAN_REDIS_URL }],
  ])('is missed: %s', (_, env) => {
    const told = refusal(env);
    expectWords(told, ['XUNJIAN_DATABASE_URL', 'XUNJIAN_REDIS_URL']);
    expect(told.message).not.toContain('opensesame');
  });

  it('is missed: a database without the file of the key', () => {
    const told = refusal({ XUNJIAN_DATABASE_URL, XUNJIAN_REDIS_URL });
    expectWords(told, ['XUNJIAN_KEY_FILE', 'openssl rand -hex 32']);
    expect(told.message).not.toContain('opensesame');
  });

  const keyCommand = { XUNJIAN_KEY_COMMAND: 'print-key' };
  const oidc = { XUNJIAN_OIDC_ISSUER: 'https://id.example', XUNJIAN_OIDC_CLIENT_ID: 'xunjian' };
  const { XUNJIAN_OIDC_ISSUER, XUNJIAN_OIDC_CLIENT_ID } = oidc;
  it.each<[string, Record<string, string>, string[]]>([
    [
      'one key of a file and of a command',
      { ...keyCommand, XUNJIAN_KEY_FILE },
      ['XUNJIAN_KEY_FILE', 'XUNJIAN_KEY_COMMAND'],
    ],
    [
      'a certificate without its key',
      { XUNJIAN_TLS_CERT_FILE: '/c' },
      ['XUNJIAN_TLS_CERT_FILE', 'XUNJIAN_TLS_KEY_FILE'],
    ],
    [
      'a key without its certificate',
      { XUNJIAN_TLS_KEY_FILE: '/k' },
      ['XUNJIAN_TLS_CERT_FILE', 'XUNJIAN_TLS_KEY_FILE'],
    ],
    ['an issuer without a client', { XUNJIAN_OIDC_ISSUER }, ['XUNJIAN_OIDC_ISSUER', 'XUNJIAN_OIDC_CLIENT_ID']],
    ['a client without an issuer', { XUNJIAN_OIDC_CLIENT_ID }, ['XUNJIAN_OIDC_ISSUER', 'XUNJIAN_OIDC_CLIENT_ID']],
    ['the way back from an issuer', oidc, ['XUNJIAN_OIDC_ISSUER', 'XUNJIAN_PUBLIC_URL']],
    [
      "a client's secret without an issuer",
      { XUNJIAN_OIDC_CLIENT_SECRET_FILE: '/s' },
      ['XUNJIAN_OIDC_CLIENT_SECRET_FILE', 'XUNJIAN_OIDC_ISSUER'],
    ],
  ])('is missed, or too much: %s', (_, env, words) => {
    expectWords(refusal(env), words);
  });

  it.each([
    ['a receiver without a secret', { XUNJIAN_WEBHOOK_URL: 'https://receiver.example' }],
    ['a secret without a receiver', { XUNJIAN_WEBHOOK_SECRET_FILE: '/run/secrets/webhook_secret' }],
  ])('is missed: %s', (_, env) => {
    expectWords(refusal(env), ['XUNJIAN_WEBHOOK_URL', 'XUNJIAN_WEBHOOK_SECRET_FILE']);
  });
});
