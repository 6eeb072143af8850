import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from '../../../src/config/env.ts';
import { interpolate, readCompose, root, type Service } from './compose-file.ts';

const compose = readCompose('compose.yaml');
const forTests = readCompose('compose.test.yaml');
const services = Object.entries(compose.services);
const ours = services.filter(([, { image }]) => image === 'xunjian');

const expanded = ({ environment = {} }: Service, env: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, interpolate(value, env)]));

describe('the services of xunjian', () => {
  it('are its roles and the migration before them', () => {
    expect(ours.map(([name]) => name).sort()).toEqual(['api', 'migrate', 'scheduler', 'worker']);
  });

  it.each(ours)('%s runs a command that there is, with options that it has', (_, { command }) => {
    const [name, ...options] = command!;
    const help = execFileSync(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', 'src/main.ts', name!, '--help'],
      {
        cwd: root,
        encoding: 'utf8',
      },
    );
    expect(help).toContain(`xunjian ${name} [options]`);
    for (const option of options.filter((word) => word.startsWith('-'))) expect(help).toContain(option);
  });

  it.each(ours)(
    '%s has an environment that the service accepts, and only migrate logs in as the owner',
    (name, service) => {
      const { secrets, ...config } = readConfig(expanded(service, {}));
      const login = name === 'migrate' ? 'xunjian' : 'xunjian_app';
      const password = name === 'migrate' ? 'database_password' : 'service_password';
      expect(service.environment!.DATABASE_PASSWORD_FILE).toBe(`/run/secrets/${password}`);
      expect(config).toMatchObject({
        databaseUrl: `postgresql://${login}@timescaledb:5432/xunjian`,
        redisUrl: 'redis://redis:6379',
        webhookUrl: null,
      });
      expect(secrets.webhookSecretFile).toBeNull();
      expect(() => readConfig(expanded(service, { XUNJIAN_WEBHOOK_URL: 'https://receiver.example' }))).not.toThrow();
    },
  );

  it('probe from the site that the environment names, and from none without one', () => {
    const site = compose.services.worker!.command!.at(-1)!;
    expect(interpolate(site, { SITE: '450202' })).toBe('450202');
    expect(() => interpolate(site, {})).toThrow('SITE');
  });

  it('sign what they send with the mounted secret', () => {
    const told = expanded(compose.services.scheduler!, { XUNJIAN_WEBHOOK_URL: 'https://receiver.example' });
    expect(readConfig(told)).toMatchObject({
      webhookUrl: 'https://receiver.example',
      secrets: { webhookSecretFile: '/run/secrets/webhook_secret' },
    });
  });

  it('are reached by people as docker/.env says: behind a proxy with TLS, and signing in at an identity provider', () => {
    const said = {
      ...{ XUNJIAN_PUBLIC_URL: 'https://xunjian.example', XUNJIAN_TRUSTED_PROXIES: '172.18.0.0/16' },
      ...{ XUNJIAN_OIDC_ISSUER: 'https://id.example', XUNJIAN_OIDC_CLIENT_ID: 'xunjian' },
    };
    expect(readConfig(expanded(compose.services.api!, said))).toMatchObject({
      ...{ publicUrl: 'https://xunjian.example', trustedProxies: ['172.18.0.0/16'] },
      oidc: { issuer: 'https://id.example', clientId: 'xunjian' },
      secrets: { oidcSecretFile: '/run/secrets/oidc_client_secret' },
    });
  });

  it.each(ours.filter(([name]) => name !== 'migrate'))(
    '%s starts after the migration and its login, on a Redis that lives',
    (_, service) => {
      expect(service.depends_on).toEqual({
        redis: { condition: 'service_healthy' },
        migrate: { condition: 'service_completed_successfully' },
        logins: { condition: 'service_completed_successfully' },
      });
    },
  );
});

describe('the health of the API', () => {
  const [shell, ...command] = compose.services.api!.healthcheck!.test;

  /** Exit code of the check, asked of a server that answers `status`, or that has closed. */
  const check = async (status: number | null): Promise<number> => {
    const server = createServer((request, response) => {
      response.writeHead(request.url === '/health/ready' ? status! : 404).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    if (status === null) await new Promise((closed) => server.close(closed));
    const [, ...args] = command.map((word) => word.replace('127.0.0.1:8080', `127.0.0.1:${port}`));
    const [code] = await once(spawn(process.execPath, args, { stdio: 'ignore' }), 'exit');
    server.close();
    return code as number;
  };

  it('is asked of the API itself, by the Node of the image', async () => {
    expect([shell, command[0]]).toEqual(['CMD', 'node']);
    expect(await Promise.all([check(200), check(503), check(null)])).toEqual([0, 1, 1]);
  });
});

describe('secrets', () => {
  it.each(services)('that %s reads are mounted into it, and no others', (_, { environment, command, secrets = [] }) => {
    const text = JSON.stringify([environment, command]);
    const read = new Set([...text.matchAll(/\/run\/secrets\/(\w+)/g)].map(([, name]) => name));
    expect([...read].sort()).toEqual([...secrets].sort());
    for (const secret of secrets) expect(compose.secrets![secret]!.file).toBe(`./secrets/${secret}`);
  });

  it('are the ones that the first lines of the file tell to make', () => {
    const [head] = readFileSync(join(root, 'docker/compose.yaml'), 'utf8').split('\n\n');
    for (const name of Object.keys(compose.secrets!)) expect(head).toMatch(new RegExp(`\\b${name}\\b`));
  });

  it('stand in no value that docker inspect shows', () => {
    for (const [name, { environment = {} }] of [...services, ...Object.entries(forTests.services)]) {
      for (const [variable, value] of Object.entries(environment)) {
        expect(`${name} ${variable}=${value}`).not.toMatch(/:\/\/[^/@\s]*:[^/@\s]*@/);
        if (/PASSWORD|SECRET|KEY/.test(variable) && !variable.startsWith('GF_SECURITY_DISABLE')) {
          expect(`${name} ${variable}=${value}`).toMatch(/=(|\/dev\/null|(\$\{\w+:\+)?\/run\/secrets\/\w+\}?)$/);
        }
      }
    }
  });
});

describe('networks', () => {
  it('keep database and Redis on one without a way out, and publish no port of theirs', () => {
    expect(compose.networks!.inside).toEqual({ internal: true });
    for (const name of ['timescaledb', 'redis']) {
      expect(compose.services[name]).toMatchObject({ networks: ['inside'] });
      expect(compose.services[name]!.ports).toBeUndefined();
    }
  });

  it('let only this machine reach what is published', () => {
    const ports = services.flatMap(([, service]) => service.ports ?? []);
    expect(ports.map((port) => interpolate(port, {}))).toEqual(['127.0.0.1:8080:8080', '127.0.0.1:3000:3000']);
    const chosenByDocker = Object.values(forTests.services).flatMap((service) => service.ports ?? []);
    expect(chosenByDocker).toEqual(['127.0.0.1::5432', '127.0.0.1::6379']);
  });

  it('are declared, like volumes, where a service names them', () => {
    for (const [, service] of services) {
      for (const network of service.networks!) expect(Object.keys(compose.networks!)).toContain(network);
      for (const volume of service.volumes ?? []) {
        const [source] = volume.split(':') as [string];
        if (source.startsWith('.')) expect(existsSync(join(root, 'docker', source)), source).toBe(true);
        else expect(Object.keys(compose.volumes!)).toContain(source);
      }
    }
  });
});

describe('neighbours', () => {
  it.each([
    ['compose.yaml', compose],
    ['compose.test.yaml', forTests],
  ])('of %s have a release each, and a Redis that evicts nothing', (_, { services }) => {
    expect(services.timescaledb!.image).toMatch(/^timescale\/timescaledb:\d+\.\d+\.\d+-pg17$/);
    // What the preflight asks for.
    const [major, minor] = services.timescaledb!.image!.match(/\d+/g)!.map(Number);
    expect(major! > 2 || minor! >= 20).toBe(true);
    expect(services.redis!.image).toBe('redis:7.4');
    expect(services.redis!.command!.join(' ')).toContain('--maxmemory-policy noeviction');
    for (const name of ['timescaledb', 'redis']) expect(services[name]!.healthcheck).toBeDefined();
    // An unquoted colon makes a map of a word.
    for (const { command = [], healthcheck } of Object.values(services)) {
      for (const word of [...command, ...(healthcheck?.test ?? [])]) expect(word).toBeTypeOf('string');
    }
  });

  it('are told to Grafana: every variable of its provisioning is set, and the dashboard lies where it looks', () => {
    const { environment, volumes } = compose.services.grafana!;
    const set = new Set(Object.keys(environment!).map((name) => name.replace(/__FILE$/, '')));
    const provisioning = (name: string) => readFileSync(join(root, 'dashboards/provisioning', name), 'utf8');
    const asked = [...provisioning('datasources/xunjian.yaml').matchAll(/: \$(\w+)/g)].map(([, name]) => name!);
    expect(asked).toHaveLength(4);
    expect(asked.filter((name) => !set.has(name))).toEqual([]);
    const { providers } = parse(provisioning('dashboards/xunjian.yaml')) as {
      providers: [{ options: { path: string } }];
    };
    expect(volumes).toContain(`../dashboards/inspection.json:${providers[0].options.path}/inspection.json:ro`);
  });
});
