import * as client from 'openid-client';
import { Sentence } from '../sentence.ts';

/** Seconds that a provider may take for one answer; a person waits for it before a white page. */
const patience = 10;

export type OidcSettings = {
  readonly issuer: string;
  readonly clientId: string;
  /** null: a public client, held by PKCE alone. */
  readonly clientSecret: string | null;
  /** Where the provider sends people back to; registered there letter by letter. */
  readonly redirectUri: string;
};

/** What the browser keeps while its person is at the provider. None of it means anything without the provider's code. */
export type Begun = { readonly state: string; readonly nonce: string; readonly verifier: string };

/** Who the provider says it is. */
export type Person = {
  readonly issuer: string;
  /** The provider's own, for ever; the only thing that an account is bound to. */
  readonly subject: string;
  /** What an account may be found by the first time: `preferred_username`, and `email` where the provider verified it. */
  readonly names: readonly string[];
};

/**
 * Why nobody was signed in. `away`: the provider does not answer; `misset`: it refuses us, not the person; `unasked`: this
 * browser asked for no such answer (its state differs, or was used); `refused`: the person, or the provider, said no.
 */
export type OidcReason = 'away' | 'misset' | 'unasked' | 'refused';

export class OidcFault extends Sentence {
  readonly reason: OidcReason;

  constructor(reason: OidcReason, zh: string, en: string, cause?: unknown) {
    super(zh, en, { cause });
    this.reason = reason;
  }
}

export type Oidc = {
  /** Where to send the person, and what to keep until they come back. */
  begin(): Promise<{ readonly url: string; readonly begun: Begun }>;
  /** Who came back, by the query that they came back with. Throws an OidcFault. */
  finish(query: string, begun: Begun): Promise<Person>;
};

const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);

/**
 * Signing in at an OpenID provider: authorization code with PKCE, state and nonce. The provider is asked for its addresses
 * when the first person comes, so that the service starts while it is away, and again after it failed. Refuses, with a
 * Sentence, an issuer whose word could be altered on its way.
 */
export const openOidc = ({ issuer, clientId, clientSecret, redirectUri }: OidcSettings): Oidc => {
  const server = new URL(issuer);
  const insecure = server.protocol !== 'https:';
  if (insecure && !isLoopback(server.hostname)) {
    throw new Sentence(
      `XUNJIAN_OIDC_ISSUER=${issuer}：应以 https:// 开头，否则身份在途中可被篡改`,
      `XUNJIAN_OIDC_ISSUER=${issuer}: must begin with https://, else an identity can be altered on its way`,
    );
  }
  let discovered: Promise<client.Configuration> | null = null;
  const discover = (): Promise<client.Configuration> => {
    discovered ??= client
      .discovery(server, clientId, {}, clientSecret === null ? client.None() : withSecret(clientSecret), {
        timeout: patience,
        // The signature of an ID token is checked as well, not only the TLS connection that it came by.
        execute: [client.enableNonRepudiationChecks, ...(insecure ? [client.allowInsecureRequests] : [])],
      })
      .catch((error) => {
        discovered = null;
        throw error;
      });
    return discovered;
  };
  /** Addresses that no longer serve are asked for again the next time. */
  const asking = async <T>(ask: (provider: client.Configuration) => Promise<T>): Promise<T> => {
    try {
      return await ask(await discover());
    } catch (error) {
      const fault = faultOf(error);
      if (fault.reason === 'away') discovered = null;
      throw fault;
    }
  };
  return {
    begin: () =>
      asking(async (provider) => {
        const begun = {
          state: client.randomState(),
          nonce: client.randomNonce(),
          verifier: client.randomPKCECodeVerifier(),
        };
        const url = client.buildAuthorizationUrl(provider, {
          redirect_uri: redirectUri,
          scope: 'openid profile email',
          state: begun.state,
          nonce: begun.nonce,
          code_challenge: await client.calculatePKCECodeChallenge(begun.verifier),
          code_challenge_method: 'S256',
        });
        return { url: url.href, begun };
      }),
    finish: async (query, { state, nonce, verifier }) => {
      const back = new URL(redirectUri);
      back.search = query;
      if (back.searchParams.get('state') !== state) throw unasked(null);
      return asking(async (provider) => {
        const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier };
        const tokens = await client.authorizationCodeGrant(provider, back, checks);
        const claims = tokens.claims()!;
        if (!subjectPattern.test(claims.sub)) throw untrue(null);
        const person = { issuer: claims.iss, subject: claims.sub, names: namesIn(claims) };
        // Most providers put a person's names into the ID token; the others tell them when asked.
        if (person.names.length > 0 || provider.serverMetadata().userinfo_endpoint === undefined) return person;
        return { ...person, names: namesIn(await client.fetchUserInfo(provider, tokens.access_token, claims.sub)) };
      });
    },
  };
};

/** OpenID Connect Core 1.0, 2. */
const subjectPattern = /^[\x20-\x7e]{1,255}$/;

/** In the header, as every provider must take it (RFC 6749, 2.3.1), unless this one says that it only takes the form. */
const withSecret = (secret: string): client.ClientAuth => {
  const [basic, post] = [client.ClientSecretBasic(secret), client.ClientSecretPost(secret)];
  return (server, ...rest) => {
    const taken = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    const only = taken.includes('client_secret_post') && !taken.includes('client_secret_basic');
    return (only ? post : basic)(server, ...rest);
  };
};

const namesIn = (claims: Readonly<Record<string, unknown>>): readonly string[] => {
  const told = [claims.preferred_username, claims.email_verified === true ? claims.email : undefined];
  return told.filter((name) => typeof name === 'string' && name !== '') as string[];
};

const fault = (reason: OidcReason, zh: string, en: string) => (cause: unknown) => new OidcFault(reason, zh, en, cause);

const unasked = fault(
  'unasked',
  '此次登录已过期、已用过，或不是从本浏览器发起：请重新登录',
  'This sign-in has expired, was used already, or was not begun in this browser: sign in again',
);
const denied = fault('refused', '统一身份认证未允许此次登录', 'The identity provider did not allow this sign-in');
const untrue = fault(
  'refused',
  '统一身份认证的应答未通过核验，未登录',
  'What the identity provider answered did not pass its checks; nobody was signed in',
);
const misset = fault(
  'misset',
  '统一身份认证与本系统的设置不符：请管理员核对 XUNJIAN_OIDC_ISSUER、XUNJIAN_OIDC_CLIENT_ID 与 XUNJIAN_OIDC_CLIENT_SECRET_FILE',
  'The identity provider and this service are not set up alike: let the administrator check XUNJIAN_OIDC_ISSUER, XUNJIAN_OIDC_CLIENT_ID and XUNJIAN_OIDC_CLIENT_SECRET_FILE',
);
const away = fault(
  'away',
  '统一身份认证暂时连不上：请稍后再试，或用密码登录',
  'The identity provider cannot be reached now: try again later, or sign in with a password',
);

/** No answer, or one that no provider would give: a proxy's page, half of one. */
const noAnswer = [
  ...['OAUTH_TIMEOUT', 'OAUTH_ABORT', 'OAUTH_RESPONSE_IS_NOT_CONFORM', 'OAUTH_RESPONSE_IS_NOT_JSON'],
  'OAUTH_PARSE_ERROR',
];
const notOurs = [
  ...['OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED', 'OAUTH_UNSUPPORTED_OPERATION', 'OAUTH_HTTP_REQUEST_FORBIDDEN'],
  ...['OAUTH_MISSING_SERVER_METADATA', 'OAUTH_INVALID_SERVER_METADATA', 'OAUTH_WWW_AUTHENTICATE_CHALLENGE'],
];

/** Which it was. The provider's own words are the `cause`, for the log and never for the page: anybody can forge them. */
const faultOf = (error: unknown): OidcFault => {
  if (error instanceof OidcFault) return error;
  if (error instanceof client.AuthorizationResponseError) {
    return ['server_error', 'temporarily_unavailable'].includes(error.error) ? away(error) : denied(error);
  }
  if (error instanceof client.ResponseBodyError) {
    if (error.error === 'invalid_grant') return unasked(error);
    return error.status >= 500 ? away(error) : misset(error);
  }
  const { code, message } = error as { code?: string; message: string };
  // What fetch throws where nobody listens carries no code of its own.
  if (message === 'fetch failed' || noAnswer.includes(code ?? '')) return away(error);
  if (notOurs.includes(code ?? '')) return misset(error);
  if (code?.startsWith('OAUTH_')) return untrue(error);
  throw error;
};
