import { randomFillSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { BlockList, isIPv6 } from 'node:net';
import { createSecureContext } from 'node:tls';
import { TextDecoder } from 'node:util';
import helmet from '@fastify/helmet';
import underPressure from '@fastify/under-pressure';
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify';
import type { Config } from '../config/env.ts';
import { Sentence } from '../sentence.ts';
import { type Bounds, usualBounds } from './bounds.ts';
import { closeSchemas } from './closed.ts';
import { ComeBackLater, limitRequests } from './limits.ts';
import type { ApiParts } from './parts.ts';
import { ApiProblem } from './problem.ts';
import { answerClientError } from './unreadable.ts';

const boundsOf = ({ bounds }: Pick<ApiParts, 'bounds'>): Bounds => ({ ...usualBounds, ...bounds });

/** Whatever is JSON is smaller; routes that take files have a limit of their own. */
const bodyLimit = 64 * 1024;
/** A session's cookie, a bearer token and the headers of two proxies take a tenth of it. */
const maxHeaderSize = 16 * 1024;

/** Throws a Sentence where the certificate or its key cannot be read, or do not belong together. */
export const serverOptions = (parts: Pick<ApiParts, 'config' | 'bounds'>): FastifyServerOptions => {
  const { headersWithin, requestWithin, silentFor } = boundsOf(parts);
  const { trustedProxies } = parts.config;
  const http = {
    maxHeaderSize,
    headersTimeout: headersWithin,
    // How often those that drip are looked for.
    connectionsCheckingInterval: Math.min(5_000, headersWithin),
  };
  const tls = tlsOf(parts.config);
  // Fastify takes one of both, and its types another instance for each.
  const transport = (tls === null ? { http } : { https: { ...http, ...tls, minVersion: 'TLSv1.2' } }) as {
    http: object;
  };
  return {
    ...transport,
    logger: false,
    bodyLimit,
    requestTimeout: requestWithin,
    connectionTimeout: silentFor,
    keepAliveTimeout: Math.min(75_000, silentFor),
    forceCloseConnections: true,
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    requestIdHeader: false,
    genReqId: requestIds(trustedProxies),
    clientErrorHandler: answerClientError,
  };
};

const tlsOf = ({ tlsCertFile, secrets }: Config): { readonly cert: Buffer; readonly key: Buffer } | null => {
  if (tlsCertFile === null || secrets.tlsKeyFile === null) return null;
  const read = (file: string, name: string): Buffer => {
    try {
      return readFileSync(file);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error);
      throw new Sentence(`${name}=${file}：无法读取（${code}）`, `${name}=${file}: cannot be read (${code})`);
    }
  };
  const pair = {
    cert: read(tlsCertFile, 'XUNJIAN_TLS_CERT_FILE'),
    key: read(secrets.tlsKeyFile, 'XUNJIAN_TLS_KEY_FILE'),
  };
  try {
    createSecureContext(pair);
  } catch (error) {
    // OpenSSL's word for it, such as "key values mismatch"; it holds nothing of the key.
    const why = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new Sentence(
      `XUNJIAN_TLS_CERT_FILE 与 XUNJIAN_TLS_KEY_FILE：不是一对可用的 PEM 证书与私钥（${why}）`,
      `XUNJIAN_TLS_CERT_FILE and XUNJIAN_TLS_KEY_FILE: are no PEM certificate with its key (${why})`,
    );
  }
  return pair;
};

/** 72 random bits, of a kibibyte drawn at once: drawing for each request costs as much as finding its route. */
const randomIds = (): (() => string) => {
  const drawn = Buffer.alloc(9 * 128);
  let at = drawn.length;
  return () => {
    if (at === drawn.length) {
      randomFillSync(drawn);
      at = 0;
    }
    at += 9;
    return drawn.toString('base64url', at - 9, at);
  };
};

/** The proxy's own id of a request is taken, so that its log and ours can be read together; of nobody else's. */
const requestIds = (trustedProxies: readonly string[]): ((request: IncomingMessage) => string) => {
  const trusted = new BlockList();
  const idOf = randomIds();
  for (const network of trustedProxies) {
    const [address = '', bits] = network.split('/');
    trusted.addSubnet(address, Number(bits), isIPv6(address) ? 'ipv6' : 'ipv4');
  }
  return ({ headers, socket }) => {
    const given = headers['x-request-id'];
    const from = socket.remoteAddress ?? '';
    const known = trustedProxies.length > 0 && trusted.check(from, isIPv6(from) ? 'ipv6' : 'ipv4');
    if (known && typeof given === 'string' && /^[A-Za-z0-9_-]{8,64}$/.test(given)) return given;
    return idOf();
  };
};

/** What every answer is bounded by and goes out with, whatever the route. Before all else, and the guard right behind. */
export const harden = async (app: FastifyInstance, parts: ApiParts): Promise<void> => {
  const bounds = boundsOf(parts);
  app.server.maxConnections = bounds.connections;
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
    // Whoever reads it behind us, on a machine that others use after them, finds nothing. etag.ts lets browsers ask again.
    if (request.url.startsWith('/api/')) reply.header('cache-control', 'no-store');
  });
  logAccess(app, parts);
  const headers = await headersOnce(parts.config);
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers);
    done();
  });
  await app.register(underPressure, {
    maxEventLoopDelay: bounds.lag,
    maxHeapUsedBytes: bounds.heap,
    pressureHandler: async ({ routeOptions }) => {
      if (!(routeOptions.url?.startsWith('/health/') ?? false)) throw overloaded();
    },
  });
  limitRequests(app, parts.redis, bounds);
  readJsonStrictly(app);
  closeSchemas(app);
};

const overloaded = (): ApiProblem =>
  new ComeBackLater(503, 'overloaded', '服务繁忙，请稍后再试', 'Too busy; try again in a moment', 10);

/** What helmet sets, asked once: it is the same of every answer, and helmet works it out anew for each. */
const headersOnce = async (config: Config): Promise<Readonly<Record<string, string>>> => {
  const one = Fastify();
  await one.register(helmet, headersOf(config));
  one.get('/', async () => '');
  const answer = await one.inject('/');
  await one.close();
  const {
    'content-type': _type,
    'content-length': _length,
    date: _date,
    connection: _connection,
    ...set
  } = answer.headers;
  return set as Readonly<Record<string, string>>;
};

/** Of an answer that is data. What is shown as a page has a policy of its own (web/, openapi.ts). */
const headersOf = ({ publicUrl, tlsCertFile }: Config) =>
  ({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    frameguard: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
    // Over plain HTTP a browser ignores it, and on a test machine it would shut people out.
    strictTransportSecurity:
      tlsCertFile !== null || (publicUrl?.startsWith('https:') ?? false)
        ? { maxAge: 365 * 24 * 3600, includeSubDomains: false }
        : false,
  }) as const;

/** UTF-8 and nothing else: read leniently, a name with a broken byte would be stored as another name. */
const readJsonStrictly = (app: FastifyInstance): void => {
  const parse = app.getDefaultJsonParser('error', 'error');
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  app.removeContentTypeParser(['application/json', 'text/plain']);
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    let text: string;
    try {
      text = utf8.decode(body as Buffer);
    } catch {
      done(new ApiProblem(400, 'invalid', '请求正文不是 UTF-8，请按 UTF-8 编码', 'The body is no UTF-8: encode it so'));
      return;
    }
    parse(request, text, done);
  });
};

/**
 * A line a request: who (by number), what (the route, never the address, which holds what was searched for), what came of
 * it. Reading that went well is told at `debug`: there is a hundred times more of it than of the rest.
 */
const logAccess = (app: FastifyInstance, { log }: Pick<ApiParts, 'log'>): void => {
  app.addHook('onResponse', async (request, reply) => {
    const line = {
      request: request.id,
      method: request.method,
      route: request.routeOptions.url ?? null,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
      account: request.principal?.account ?? null,
      token: request.principal?.token?.id ?? null,
      address: request.ip,
    };
    const isReading = request.method === 'GET' || request.method === 'HEAD';
    if (isReading && reply.statusCode < 400) log.debug(line, 'answered');
    else log.info(line, 'answered');
  });
};
