import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider, { type JWK } from 'oidc-provider';

/** What the provider says of a person. */
export type Claims = {
  readonly preferred_username?: string;
  readonly email?: string;
  readonly email_verified?: boolean;
};

export type IdentityProvider = {
  readonly issuer: string;
  /** null: it knows us by PKCE alone. */
  readonly clientSecret: string | null;
  /** Who has an account there, by subject; tests add and change people. */
  readonly people: Map<string, Claims>;
  /** Cuts every connection from now on without an answer, or no longer. */
  away: boolean;
  stop(): Promise<void>;
};

export const clientId = 'xunjian';

/**
 * npm's oidc-provider on a loopback address, with a form for whoever claims to be somebody. `frugal`: it gives us no secret,
 * and a person's names only when asked for them (userinfo), else they are in the ID token.
 */
export const startIdentityProvider = async (redirectUri: string, frugal = false): Promise<IdentityProvider> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const people = new Map<string, Claims>();
  const clientSecret = frugal ? null : 'the secret: of/the+client %';
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = { ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' } as JWK;
  const provider = new Provider(issuer, {
    clients: [
      {
        ...{ client_id: clientId, redirect_uris: [redirectUri] },
        ...(clientSecret === null ? { token_endpoint_auth_method: 'none' } : { client_secret: clientSecret }),
        ...{ response_types: ['code'], grant_types: ['authorization_code'], id_token_signed_response_alg: 'ES256' },
      },
    ],
    jwks: { keys: [key] },
    cookies: { keys: ['a key of the test'] },
    claims: { profile: ['preferred_username'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: frugal,
    features: { devInteractions: { enabled: true } },
    pkce: { required: () => true },
    ttl: { Interaction: 60, Session: 60, Grant: 60, AccessToken: 60, AuthorizationCode: 60, IdToken: 60 },
    findAccount: (_, subject) => ({ accountId: subject, claims: () => ({ sub: subject, ...people.get(subject) }) }),
  });
  const answer = provider.callback();
  const started = {
    ...{ issuer, clientSecret, people, away: false },
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  server.on('request', (request, response) => {
    if (started.away) request.socket.destroy();
    else answer(request, response);
  });
  return started;
};
