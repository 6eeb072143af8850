import { randomUUID } from 'node:crypto';
import type { Held, LoginGuard, LoginService } from '../../probes/index.ts';
import { Gather } from '../db/gather.ts';
import type { Queryable } from '../db/pool.ts';
import type { Log } from '../log.ts';
import {
  type Came,
  doubtedSpacing,
  type Standing,
  standingAfter,
  standsAs,
  unansweredSpacing,
} from './login-standing.ts';
import { storable } from './storable.ts';

/** One login on one host. `renewedAt` is when its password was changed; null: it is the camera's first. */
export type HostLogin = { readonly host: string; readonly fingerprint: Buffer; readonly renewedAt: Date | null };

type Trial = { readonly login: HostLogin; readonly service: LoginService; readonly trial: string };

type Outcome = {
  readonly login: HostLogin;
  readonly service: LoginService;
  readonly came: Came['came'];
  readonly kind: string | null;
  readonly detail: string | null;
};

/** What a worker knows of the logins of one batch, read at `at` (ms, of performance.now); its cameras on one host share a standing. */
export type Standings = { readonly at: number; readonly rows: ReadonlyMap<string, { row: Standing | null }> };

const keyOf = ({ host, fingerprint }: HostLogin): string => `${fingerprint.toString('base64')} ${host}`;

/** Of one statement, and how long the first waits for company, ms: a first inspection tries every login of the city. */
const most = 500;
const gatherMs = 5;
const retryMs = 1_000;
/** Of a row `l` and an outcome: a doubt that another service settles by taking the login. */
const elsewhere = `(came = 'accepted' and l.doubted <> service)`;

/**
 * What the database remembers of logins, for all workers and restarts. A login that its service has not accepted yet is
 * written down before it goes on the wire, so that a worker killed between the device's answer and its note costs no
 * second one. One that was accepted costs no statement.
 */
export class LoginBook {
  readonly #db: Queryable;
  readonly #log: Log;
  readonly #trials: Gather<Trial, boolean>;
  readonly #outcomes: Gather<Outcome, undefined>;
  readonly #readings: Gather<HostLogin, Standing | null>;

  constructor(db: Queryable, log: Log) {
    this.#db = db;
    this.#log = log;
    this.#trials = new Gather((trials) => this.#try(trials), most, gatherMs);
    this.#outcomes = new Gather((outcomes) => this.#note(outcomes), most, gatherMs);
    this.#readings = new Gather((logins) => this.#readAll(logins), most, gatherMs);
  }

  /** Reads where these logins stand. A password that was changed since leaves nothing of what was before. */
  async standings(logins: readonly HostLogin[]): Promise<Standings> {
    const at = performance.now();
    const rows = new Map<string, { row: Standing | null }>(logins.map((login) => [keyOf(login), { row: null }]));
    const renewed = logins.filter(({ renewedAt }) => renewedAt !== null);
    if (renewed.length > 0) {
      await this.#db.run(
        `delete from login l using unnest($1::text[], $2::bytea[], $3::timestamptz[]) as r (host, fingerprint, at)
         where l.host = r.host and l.fingerprint = r.fingerprint
           and greatest(l.tried_at, l.unanswered_at, l.doubted_at, l.refused_at) < r.at
           -- Unless another camera of the host has had it all the while: then it is still the one that was refused.
           and not exists (
             select from camera c join credential cr on cr.camera = c.id
             where c.in_use and c.host = l.host and cr.fingerprint = l.fingerprint
               and (cr.renewed_at is null
                 or cr.renewed_at < greatest(l.tried_at, l.unanswered_at, l.doubted_at, l.refused_at))
           )`,
        [...keys(renewed), renewed.map(({ renewedAt }) => renewedAt)],
      );
    }
    for (const { host, fingerprint, ...row } of await this.#read(logins)) {
      rows.get(keyOf({ host, fingerprint, renewedAt: null }))!.row = row;
    }
    return { at, rows };
  }

  /** Reads one of them again. Throws where the database is away: what stood there before may cost a failed login. */
  refresh(login: HostLogin, { rows }: Standings): Promise<void> {
    return this.#reread(login, rows.get(keyOf(login))!);
  }

  /** The guard of one probe. `stopping` ends the waiting for a database that is away. */
  guard(login: HostLogin, standings: Standings, stopping: AbortSignal): LoginGuard {
    const standing = standings.rows.get(keyOf(login))!;
    const trusted = new Set<LoginService>();
    const trial = randomUUID();
    /** Again and again while the database is away. */
    const persist = async (work: () => Promise<unknown>): Promise<void> => {
      for (;;) {
        try {
          await work();
          return;
        } catch (error) {
          if (stopping.aborted || !retryable(error)) throw error;
          this.#log.warn({ error: error.message }, 'the database is away: what came of a login waits');
          await new Promise((resolve) => setTimeout(resolve, retryMs));
        }
      }
    };
    const note = async (service: LoginService, came: Outcome['came'], kind: string | null, detail: string | null) => {
      const outcome = { login, service, came, kind, detail: detail === null ? null : storable(detail) };
      await persist(() => this.#outcomes.ask(outcome));
    };
    const withdraw = (): Promise<void> => persist(() => this.#withdraw(login, trial));
    return {
      mayTry: async (service) => {
        let known = standsAs(standing.row, service, new Date());
        // What another worker was about when the batch began may long be over; only a refusal lasts.
        if (isPassing(known)) known = await this.#lookAgain(login, service, standing, known);
        if (known === 'go') trusted.add(service);
        if (known !== 'try') return known === 'go' ? null : known;
        try {
          return await this.#begin({ login, service, trial }, standing, trusted);
        } catch (error) {
          if (!retryable(error)) throw error;
          // It may have been permitted, and nobody would ever say what came of it.
          withdraw().catch(() => {});
          // Without its memory, no login.
          return { kind: 'login_held', detail: 'what is known of this login cannot be read: the database is away' };
        }
      },
      accepted: async (service) => {
        if (trusted.has(service)) return;
        await note(service, 'accepted', null, null);
        standing.row = standingAfter(standing.row, service, { came: 'accepted' }, new Date());
      },
      refused: async (service, kind, detail) => {
        const busy = trusted.has(service);
        const came = busy ? 'doubted' : 'refused';
        await note(service, came, kind, detail);
        standing.row = standingAfter(standing.row, service, { came, kind, detail }, new Date());
        return busy ? 'busy' : 'refused';
      },
      unanswered: async (service) => {
        if (trusted.has(service)) return;
        await note(service, 'unanswered', null, null);
        standing.row = standingAfter(standing.row, service, { came: 'unanswered' }, new Date());
      },
      withdrawn: async (service) => {
        if (!trusted.has(service)) await withdraw();
      },
    };
  }

  async #lookAgain(login: HostLogin, service: LoginService, standing: { row: Standing | null }, known: Held) {
    try {
      await this.#reread(login, standing);
      return standsAs(standing.row, service, new Date());
    } catch (error) {
      if (!retryable(error)) throw error;
      return known;
    }
  }

  async #begin(asked: Trial, standing: { row: Standing | null }, trusted: Set<LoginService>): Promise<Held | null> {
    if (await this.#trials.ask(asked)) return null;
    const { login, service } = asked;
    // Another worker was here since the standing was read.
    await this.#reread(login, standing);
    const stands = standsAs(standing.row, service, new Date());
    if (stands === 'try') return { kind: 'login_held', detail: 'another worker tries this login' };
    if (stands !== 'go') return stands;
    trusted.add(service);
    return null;
  }

  /** Writes trials down; true for each that may go. The same rule as `standsAs`, decided by the database at one instant. */
  async #try(trials: readonly Trial[]): Promise<boolean[]> {
    const granted = await this.#db.many<{ host: string; fingerprint: Buffer }>(
      `insert into login as l (host, fingerprint, trying, tried_at, trial)
       select distinct on (host, fingerprint) host, fingerprint, service, now(), trial
       from unnest($1::text[], $2::bytea[], $3::text[], $4::uuid[]) with ordinality
         as t (host, fingerprint, service, trial, place)
       order by host, fingerprint, place
       on conflict (host, fingerprint) do update
         set trying = excluded.trying, tried_at = now(), trial = excluded.trial
       where l.trying is null
         and (l.refused_at is null or (l.refused_by <> excluded.trying and excluded.trying = any (l.accepted)))
         and (excluded.trying <> all (l.accepted) or l.doubted is not null)
         and (l.doubted is null
           or (excluded.trying = any (l.accepted)
             and l.doubted_at <= now() - make_interval(secs => ${doubtedSpacing})))
         and (l.unanswered_at is null or l.unanswered_at <= now() - make_interval(secs => ${unansweredSpacing}))
       returning host, fingerprint`,
      [
        ...keys(trials.map(({ login }) => login)),
        trials.map(({ service }) => service),
        trials.map(({ trial }) => trial),
      ],
    );
    const left = new Set(granted.map((one) => keyOf({ ...one, renewedAt: null })));
    // Of two that asked at once for the same login, the first gets it.
    return trials.map(({ login }) => left.delete(keyOf(login)));
  }

  #withdraw({ host, fingerprint }: HostLogin, trial: string): Promise<number> {
    return this.#db.run(
      `update login set trying = null, tried_at = null, trial = null
       where host = $1 and fingerprint = $2 and trial = $3 and trying is not null`,
      [host, fingerprint, trial],
    );
  }

  async #note(outcomes: readonly Outcome[]): Promise<undefined[]> {
    // A row that is gone, because the password was changed meanwhile, is not written anew: its outcome was the old one's.
    await this.#db.run(
      `update login l set
         accepted = case
             when came = 'accepted' then array_append(array_remove(array_remove(l.accepted, service), l.doubted), service)
             when came = 'refused' and l.doubted is not null then '{}'
           else l.accepted end,
         trying = case when came = 'doubted' then l.trying end,
         tried_at = case when came = 'doubted' then l.tried_at end,
         unanswered_at = case came when 'unanswered' then now() when 'accepted' then null else l.unanswered_at end,
         doubted = case came when 'doubted' then service when 'unanswered' then l.doubted end,
         doubted_at = case came when 'doubted' then now() when 'unanswered' then l.doubted_at end,
         refused_by = case when came = 'refused' then service when ${elsewhere} then l.doubted else l.refused_by end,
         refused_kind = case when came = 'refused' then kind when ${elsewhere} then 'unauthorized' else l.refused_kind end,
         refused_detail = case when came = 'refused' then detail
           when ${elsewhere} then format('refused by %s and then accepted by %s', l.doubted, service) else l.refused_detail end,
         refused_at = case when came = 'refused' or ${elsewhere} then now() else l.refused_at end
       from unnest($1::text[], $2::bytea[], $3::text[], $4::text[], $5::text[], $6::text[])
         as o (host, fingerprint, service, came, kind, detail)
       where l.host = o.host and l.fingerprint = o.fingerprint`,
      [
        ...keys(outcomes.map(({ login }) => login)),
        outcomes.map(({ service }) => service),
        outcomes.map(({ came }) => came),
        outcomes.map(({ kind }) => kind),
        outcomes.map(({ detail }) => detail),
      ],
    );
    return outcomes.map(() => undefined);
  }

  async #reread(login: HostLogin, standing: { row: Standing | null }): Promise<void> {
    standing.row = await this.#readings.ask(login);
  }

  async #readAll(logins: readonly HostLogin[]): Promise<(Standing | null)[]> {
    const found = new Map<string, Standing>();
    for (const { host, fingerprint, ...row } of await this.#read(logins)) {
      found.set(keyOf({ host, fingerprint, renewedAt: null }), row);
    }
    return logins.map((login) => found.get(keyOf(login)) ?? null);
  }

  #read(logins: readonly HostLogin[]): Promise<(Standing & { host: string; fingerprint: Buffer })[]> {
    return this.#db.many(
      `select l.host, l.fingerprint, l.accepted, l.trying, l.unanswered_at, l.doubted, l.doubted_at, l.refused_by,
         l.refused_kind, l.refused_detail
       from login l where (l.host, l.fingerprint) in (select * from unnest($1::text[], $2::bytea[]))`,
      keys(logins),
    );
  }
}

const isPassing = (stands: ReturnType<typeof standsAs>): stands is Held =>
  typeof stands === 'object' && (stands.kind === 'login_held' || stands.kind === 'busy');

const keys = (logins: readonly HostLogin[]): [string[], Buffer[]] => [
  logins.map(({ host }) => host),
  logins.map(({ fingerprint }) => fingerprint),
];

const retryable = (error: unknown): error is Error & { retryable: true } =>
  error instanceof Error && 'retryable' in error && error.retryable === true;
