/**
 * Most makes count failed logins for the host, over RTSP, ONVIF and HTTP together, and lock the account after three to
 * seven (lightNVR#339, rroller/dahua#729). So a login goes on the wire only where a guard says so: one guard stands for
 * one host and one version of its credentials, over all probers, workers and restarts. The library asks; whoever uses it
 * remembers (the service: in its database).
 */
export type LoginService = 'rtsp' | 'onvif' | 'snapshot';

/** What stands in the place of a login that must not be tried. */
export type Held = {
  /**
   * `unauthorized`, `forbidden`: refused before, and the password has not changed since. `busy`: it was accepted before
   * and refused a moment ago, the next try is spaced. `login_held`: it was sent before, and what came of it is not known.
   */
  readonly kind: 'unauthorized' | 'forbidden' | 'busy' | 'login_held';
  readonly detail: string;
};

/**
 * A prober asks `mayTry` before the first login that it sends; once accepted, its further requests need not ask again.
 * Where it was told `null` it says exactly one of the others before it ends, also when it is stopped, and waits for what it
 * gets back: a refusal is written down before anything else happens.
 */
export interface LoginGuard {
  mayTry(service: LoginService): Promise<Held | null>;
  accepted(service: LoginService): Promise<void>;
  /**
   * What the refusal means: `busy` where this login was accepted before, because a device at its limit of connections
   * says 401 too (rroller/dahua#603), until a second try, spaced, has met the same.
   */
  refused(service: LoginService, kind: 'unauthorized' | 'forbidden', detail: string): Promise<'refused' | 'busy'>;
  /** Sent, and then silence, a closed connection, or the end of the probe: nothing is known. */
  unanswered(service: LoginService): Promise<void>;
  /** Permitted, and never sent: as if it had not been asked for. */
  withdrawn(service: LoginService): Promise<void>;
}

/**
 * Remembers for as long as it lives: for one probe, where nobody remembers longer. A login is tried once; where one
 * service accepted it, that service may be asked again; where any refused it or left it unanswered, no other is asked.
 */
export const memoryGuard = (): LoginGuard => {
  const accepted = new Set<LoginService>();
  let held: Held | null = null;
  return {
    async mayTry(service) {
      return accepted.has(service) ? null : held;
    },
    async accepted(service) {
      accepted.add(service);
    },
    async refused(service, kind, detail) {
      held = { kind, detail: `${detail}; not tried again` };
      return accepted.has(service) ? 'busy' : 'refused';
    },
    async unanswered(service) {
      held ??= { kind: 'login_held', detail: `the ${service} service left the login without an answer` };
    },
    async withdrawn() {},
  };
};

/**
 * Asks `mayTry`, and hears the caller's signal meanwhile. `abandoned` ends when a guard that was asked and not waited for
 * has answered, and a permission that came too late was given back; it never rejects.
 */
export const mayTryUnlessStopped = async (
  guard: LoginGuard,
  service: LoginService,
  signal: AbortSignal,
): Promise<{ readonly held: Held | null | 'stopped'; readonly abandoned: Promise<void> }> => {
  const asked = guard.mayTry(service);
  let stop = (): void => {};
  const stopped = new Promise<'stopped'>((resolve) => {
    stop = () => resolve('stopped');
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
  });
  const held = await Promise.race([asked, stopped]).finally(() => signal.removeEventListener('abort', stop));
  if (held !== 'stopped') return { held, abandoned: Promise.resolve() };
  const withdrawn = asked.then((late) => (late === null ? guard.withdrawn(service) : undefined));
  return { held, abandoned: withdrawn.catch(() => undefined) };
};
