import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Held, LoginGuard, LoginService } from '../../../probes/index.ts';
import { DatabaseAway } from '../../../src/db/errors.ts';
import { type Database, openDatabase } from '../../../src/db/pool.ts';
import type { Log } from '../../../src/log.ts';
import { type HostLogin, LoginBook, type Standings } from '../../../src/probing/login-book.ts';
import { doubtedSpacing, type Standing, standsAs, unansweredSpacing } from '../../../src/probing/login-standing.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { relayTo } from '../store/relay.ts';

let ground: TestGround;
/** Of a second worker. */
let elsewhere: Database;
beforeAll(async () => {
  ground = await startGround();
  elsewhere = openDatabase(ground.pair.databaseUrl, { max: 2 });
});
afterAll(async () => {
  await elsewhere.close();
  await ground.close();
});
beforeEach(() => ground.db.run('truncate login'));

const never = new AbortController().signal;
const services = ['rtsp', 'onvif', 'snapshot'] as const;

const named = (name: string): Buffer => createHash('sha256').update(name).digest();
const login: HostLogin = { host: '10.20.0.1', fingerprint: named('admin'), renewedAt: null };

const book = (db: Database = ground.db, log: Log = ground.log): LoginBook => new LoginBook(db, log);

/** The guard of a probe in a batch that begins now. */
const guardOf = async (of = book(), whose: HostLogin = login): Promise<LoginGuard> =>
  of.guard(whose, await of.standings([whose]), never);

const kindOf = (held: Held | null): string => held?.kind ?? 'go';
/** What each service may do in a batch that begins now, asked of the memory alone: nothing is tried. */
const stands = async (whose: HostLogin = login): Promise<string[]> => {
  const [{ row }] = [...(await book().standings([whose])).rows.values()] as [{ row: Standing | null }];
  const { at } = await ground.db.one<{ at: Date }>('select now() as at');
  return services.map((service) => {
    const told = standsAs(row, service, at);
    return typeof told === 'string' ? told : told.kind;
  });
};
/** As if what happened so far had happened `seconds` earlier. */
const earlier = (seconds: number): Promise<number> =>
  ground.db.run(
    `update login set tried_at = tried_at - make_interval(secs => $1), doubted_at = doubted_at - make_interval(secs => $1),
       unanswered_at = unanswered_at - make_interval(secs => $1), refused_at = refused_at - make_interval(secs => $1)`,
    [seconds],
  );
const rows = () =>
  ground.db.many<{ host: string; trying: string | null; refused_by: string | null; accepted: string[] }>(
    'select * from login order by host',
  );

describe('a login that was', () => {
  it('never tried may be tried, and is written down before it goes', async () => {
    const guard = await guardOf();
    expect(await guard.mayTry('rtsp')).toBeNull();
    expect(await rows()).toMatchObject([{ host: login.host, trying: 'rtsp', accepted: [] }]);
  });

  it('accepted costs no statement from then on, in this batch and in later ones', async () => {
    const guard = await guardOf();
    await guard.mayTry('rtsp');
    await guard.accepted('rtsp');
    let statements = 0;
    const counting: Database = {
      ...ground.db,
      many: (...asked) => {
        statements++;
        return ground.db.many(...asked);
      },
      run: (...asked) => {
        statements++;
        return ground.db.run(...asked);
      },
    };
    const of = book(counting);
    const standings = await of.standings([login]);
    expect(statements).toBe(1);
    for (let nth = 0; nth < 3; nth++) {
      const later = of.guard(login, standings, never);
      expect(await later.mayTry('rtsp')).toBeNull();
      await later.accepted('rtsp');
    }
    expect(statements).toBe(1);
  });

  it('accepted by one camera of the batch is known to the others on its host', async () => {
    const of = book();
    const standings = await of.standings([login, login]);
    const [first, second] = [of.guard(login, standings, never), of.guard(login, standings, never)];
    expect(await first.mayTry('rtsp')).toBeNull();
    expect(kindOf(await second.mayTry('rtsp'))).toBe('login_held');
    await first.accepted('rtsp');
    expect(await second.mayTry('rtsp')).toBeNull();
    expect(await rows()).toMatchObject([{ trying: null, accepted: ['rtsp'] }]);
  });

  it('refused is not tried again by any service, in this batch or a later one, and says why', async () => {
    const of = book();
    const standings = await of.standings([login]);
    const guard = of.guard(login, standings, never);
    await guard.mayTry('rtsp');
    expect(await guard.refused('rtsp', 'forbidden', 'DESCRIBE: 403 No\0')).toBe('refused');
    for (const later of [guard, of.guard(login, standings, never), await guardOf(), await guardOf(book(elsewhere))]) {
      for (const service of services) {
        expect(await later.mayTry(service)).toMatchObject({
          kind: 'forbidden',
          detail: expect.stringContaining('DESCRIBE: 403 No'),
        });
      }
    }
  });

  it('accepted by RTSP and refused by ONVIF goes on over RTSP; ONVIF never again, nor the snapshot', async () => {
    const guard = await guardOf();
    await guard.mayTry('rtsp');
    await guard.accepted('rtsp');
    expect(await guard.mayTry('onvif')).toBeNull();
    expect(await guard.refused('onvif', 'unauthorized', '401')).toBe('refused');
    for (const later of [guard, await guardOf()]) {
      expect(await later.mayTry('rtsp')).toBeNull();
      expect(kindOf(await later.mayTry('onvif'))).toBe('unauthorized');
      expect(kindOf(await later.mayTry('snapshot'))).toBe('unauthorized');
    }
    await earlier(10 * unansweredSpacing);
    expect(await stands()).toEqual(['go', 'unauthorized', 'unauthorized']);
  });

  it('sent by a worker that died stays held, however long ago', async () => {
    await (await guardOf(book(elsewhere))).mayTry('onvif');
    await earlier(10 * unansweredSpacing);
    for (const service of services) expect(kindOf(await (await guardOf()).mayTry(service))).toBe('login_held');
    expect(await rows()).toMatchObject([{ trying: 'onvif' }]);
  });

  it('left without an answer is tried again after half an hour and not before', async () => {
    const guard = await guardOf();
    await guard.mayTry('rtsp');
    await guard.unanswered('rtsp');
    expect(kindOf(await guard.mayTry('onvif'))).toBe('login_held');
    await earlier(unansweredSpacing - 30);
    expect(await stands()).toEqual(['login_held', 'login_held', 'login_held']);
    expect(kindOf(await (await guardOf()).mayTry('rtsp'))).toBe('login_held');
    await earlier(30);
    const later = await guardOf();
    expect(await later.mayTry('rtsp')).toBeNull();
    await later.accepted('rtsp');
    expect(await stands()).toEqual(['go', 'try', 'try']);
  });
});

describe('a login that was accepted, and meets a 401 now', () => {
  const accepted = async (): Promise<void> => {
    const guard = await guardOf();
    await guard.mayTry('rtsp');
    await guard.accepted('rtsp');
  };
  const doubted = async (): Promise<LoginGuard> => {
    await accepted();
    const guard = await guardOf();
    expect(await guard.mayTry('rtsp')).toBeNull();
    expect(await guard.refused('rtsp', 'unauthorized', '401')).toBe('busy');
    return guard;
  };

  it('is busy, and waits half an hour for its second try, whoever asks', async () => {
    const guard = await doubted();
    expect(kindOf(await guard.mayTry('rtsp'))).toBe('busy');
    await earlier(doubtedSpacing - 30);
    expect(kindOf(await (await guardOf(book(elsewhere))).mayTry('rtsp'))).toBe('busy');
    expect(kindOf(await (await guardOf()).mayTry('onvif'))).toBe('busy');
  });

  it('goes on as before where the second try is accepted', async () => {
    await doubted();
    await earlier(doubtedSpacing);
    const second = await guardOf();
    expect(await second.mayTry('rtsp')).toBeNull();
    await second.accepted('rtsp');
    expect(await stands()).toEqual(['go', 'try', 'try']);
    // And the next 401 is the first again.
    const third = await guardOf();
    await third.mayTry('rtsp');
    expect(await third.refused('rtsp', 'unauthorized', '401')).toBe('busy');
  });

  it('is refused for good where the second try meets the same', async () => {
    await doubted();
    await earlier(doubtedSpacing);
    const second = await guardOf();
    expect(await second.mayTry('rtsp')).toBeNull();
    expect(await second.refused('rtsp', 'unauthorized', '401')).toBe('refused');
    await earlier(10 * unansweredSpacing);
    expect(await stands()).toEqual(['unauthorized', 'unauthorized', 'unauthorized']);
    expect(kindOf(await (await guardOf()).mayTry('rtsp'))).toBe('unauthorized');
  });

  it('has one second try, of whoever asks first', async () => {
    await doubted();
    await earlier(doubtedSpacing);
    const [one, other] = [await guardOf(), await guardOf(book(elsewhere))];
    const told = await Promise.all([one.mayTry('rtsp'), other.mayTry('rtsp')]);
    expect(told.map(kindOf).sort()).toEqual(['go', 'login_held']);
  });
});

describe('two workers', () => {
  it('that ask for one login at once: one goes, the other is told so', async () => {
    for (let nth = 0; nth < 20; nth++) {
      const whose = { ...login, fingerprint: named(`${nth}`) };
      const guards = [await guardOf(book(), whose), await guardOf(book(elsewhere), whose)];
      const told = await Promise.all(guards.map((guard) => guard.mayTry('rtsp')));
      expect(told.map(kindOf).sort()).toEqual(['go', 'login_held']);
    }
  });

  it('of which one was here since the other looked: the other knows it by what the database says', async () => {
    const late = await guardOf(book(elsewhere));
    const early = await guardOf();
    await early.mayTry('rtsp');
    await early.accepted('rtsp');
    expect(await late.mayTry('rtsp')).toBeNull();
    // It was sent as one that was accepted before: a 401 is no refusal yet.
    expect(await late.refused('rtsp', 'unauthorized', '401')).toBe('busy');
  });

  it('of which one was about to log in when the other’s batch began: the other goes as soon as it knows what came of it', async () => {
    const early = await guardOf();
    await early.mayTry('rtsp');
    const of = book(elsewhere);
    const standings = await of.standings([login]);
    const late = (): LoginGuard => of.guard(login, standings, never);
    expect(kindOf(await late().mayTry('rtsp'))).toBe('login_held');
    await early.accepted('rtsp');
    expect(await late().mayTry('rtsp')).toBeNull();
  });

  it('of which one met a 401 to a watcher too many when the other’s batch began: likewise', async () => {
    const early = await guardOf();
    await early.mayTry('rtsp');
    await early.accepted('rtsp');
    const crowded = await guardOf();
    await crowded.mayTry('rtsp');
    expect(await crowded.refused('rtsp', 'unauthorized', '401')).toBe('busy');
    const of = book(elsewhere);
    const standings = await of.standings([login]);
    const late = (): LoginGuard => of.guard(login, standings, never);
    expect(kindOf(await late().mayTry('rtsp'))).toBe('busy');
    await earlier(doubtedSpacing);
    const second = await guardOf();
    await second.mayTry('rtsp');
    expect(kindOf(await late().mayTry('rtsp'))).toBe('login_held');
    await second.accepted('rtsp');
    expect(await late().mayTry('rtsp')).toBeNull();
  });

  it('do not stand in each other’s way on other hosts or with other passwords', async () => {
    const others = [login, { ...login, host: '10.20.0.2' }, { ...login, fingerprint: named('other') }];
    const [one, other] = [book(), book(elsewhere)];
    const told = await Promise.all(
      others.map(async (whose, nth) => (await guardOf(nth % 2 === 0 ? one : other, whose)).mayTry('rtsp')),
    );
    expect(told).toEqual([null, null, null]);
    expect(await rows()).toHaveLength(3);
  });
});

describe('two services of one worker that ask for one login in the same moment', () => {
  it.each([
    ['rtsp', 'onvif'],
    ['onvif', 'rtsp'],
  ] as const)('%s and %s: the one that goes is the one that is written down', async (one, other) => {
    const of = book();
    const standings = await of.standings([login]);
    const told = await Promise.all(
      [one, other].map((service) => of.guard(login, standings, never).mayTry(service).then(kindOf)),
    );
    expect([...told].sort()).toEqual(['go', 'login_held']);
    expect(await rows()).toMatchObject([{ trying: [one, other][told.indexOf('go')] }]);
  });
});

describe('a password that was changed', () => {
  const renewed = async (whose: HostLogin): Promise<HostLogin> => ({
    ...whose,
    renewedAt: (await ground.db.one<{ at: Date }>('select clock_timestamp() as at')).at,
  });

  it.each<[string, (guard: LoginGuard) => Promise<unknown>]>([
    ['refused', (guard) => guard.refused('rtsp', 'unauthorized', '401')],
    ['left open by a worker that died', async () => {}],
    ['left without an answer', (guard) => guard.unanswered('rtsp')],
  ])('and returns to what was %s before is tried anew, once', async (_, came) => {
    const first = await guardOf();
    await first.mayTry('rtsp');
    await came(first);
    const again = await renewed(login);
    const second = await guardOf(book(), again);
    expect(await second.mayTry('rtsp')).toBeNull();
    await second.refused('rtsp', 'unauthorized', '401');
    // What is refused after the change stays refused, also in batches that begin later.
    expect(kindOf(await (await guardOf(book(), again)).mayTry('rtsp'))).toBe('unauthorized');
  });

  it('leaves what is known of other hosts and logins alone', async () => {
    for (const whose of [login, { ...login, host: '10.20.0.2' }, { ...login, fingerprint: named('other') }]) {
      const guard = await guardOf(book(), whose);
      await guard.mayTry('rtsp');
      await guard.refused('rtsp', 'unauthorized', '401');
    }
    await book().standings([await renewed(login)]);
    expect(await rows()).toHaveLength(2);
  });

  it('while its old login is on the way: what comes of that is not written for the new one', async () => {
    const old = await guardOf();
    await old.mayTry('rtsp');
    await book().standings([await renewed(login)]);
    await old.refused('rtsp', 'unauthorized', '401');
    expect(await rows()).toEqual([]);
  });
});

describe('a password that was changed on the device after all services had accepted it', () => {
  it('fails twice in all, half an hour apart, whatever asks and however often', async () => {
    const accepting = await guardOf();
    for (const service of services) {
      if ((await accepting.mayTry(service)) === null) await accepting.accepted(service);
    }
    const failed: string[] = [];
    for (let round = 0; round < 40; round++) {
      const guard = await guardOf();
      for (const service of services) {
        if ((await guard.mayTry(service)) !== null) continue;
        await guard.refused(service, 'unauthorized', '401');
        failed.push(`${service} in round ${round}`);
      }
      await earlier(300);
    }
    expect(failed).toEqual(['rtsp in round 0', 'rtsp in round 6']);
    expect(await stands()).toEqual(['unauthorized', 'unauthorized', 'unauthorized']);
  });

  it('only for ONVIF, fails once there, and RTSP goes on', async () => {
    const accepting = await guardOf();
    for (const service of services) {
      if ((await accepting.mayTry(service)) === null) await accepting.accepted(service);
    }
    const asked: string[] = [];
    for (let round = 0; round < 40; round++) {
      const guard = await guardOf();
      for (const service of services) {
        if ((await guard.mayTry(service)) !== null) continue;
        if (service === 'onvif') asked.push(await guard.refused(service, 'unauthorized', '401'));
        else await guard.accepted(service);
      }
      await earlier(300);
    }
    expect(asked).toEqual(['busy']);
    expect(await stands()).toEqual(['go', 'unauthorized', 'go']);
  });
});

describe('a permission that is not used', () => {
  it('is taken back, and the next may try', async () => {
    const guard = await guardOf();
    expect(await guard.mayTry('rtsp')).toBeNull();
    await guard.withdrawn('rtsp');
    expect(await stands()).toEqual(['try', 'try', 'try']);
  });

  it('is taken back where the connection broke before it was heard of', async () => {
    const { db } = ground;
    let broken = false;
    const breaking: Database = {
      ...db,
      async many<T extends object>(sql: string, parameters?: readonly unknown[]) {
        const found = await db.many<T>(sql, parameters);
        if (broken || !sql.includes('insert into login')) return found;
        broken = true;
        throw new DatabaseAway('the connection broke behind the statement');
      },
    };
    const taken = Promise.withResolvers<void>();
    const watched: Database = {
      ...breaking,
      async run(sql, parameters) {
        const touched = await db.run(sql, parameters);
        if (touched === 1) taken.resolve();
        return touched;
      },
    };
    expect(kindOf(await (await guardOf(book(watched))).mayTry('rtsp'))).toBe('login_held');
    await taken.promise;
    expect(await stands()).toEqual(['try', 'try', 'try']);
  });

  it('is not taken back from another who tries it now', async () => {
    const late = await guardOf();
    expect(await late.mayTry('rtsp')).toBeNull();
    await late.withdrawn('rtsp');
    expect(await (await guardOf()).mayTry('rtsp')).toBeNull();
    await late.withdrawn('rtsp');
    expect(await stands()).toEqual(['login_held', 'login_held', 'login_held']);
  });
});

describe('a database that is away', () => {
  /** A book behind a network that can be cut; `told` counts what it said of that. */
  const behindRelay = async () => {
    const relay = await relayTo(ground.pair.folder);
    const db = openDatabase(relay.url, { max: 2 });
    const waits = Promise.withResolvers<void>();
    const log = { ...ground.log, warn: () => waits.resolve() } as unknown as Log;
    return {
      relay,
      book: book(db, log),
      waits: waits.promise,
      async [Symbol.asyncDispose]() {
        await db.close();
        await relay[Symbol.asyncDispose]();
      },
    };
  };

  it('lets no login go that it could not write down', async () => {
    await using away = await behindRelay();
    const guard = await guardOf(away.book);
    away.relay.cut();
    expect(kindOf(await guard.mayTry('rtsp'))).toBe('login_held');
    expect(await rows()).toEqual([]);
    away.relay.restore();
    expect(await guard.mayTry('rtsp')).toBeNull();
  });

  it('lets those go that were accepted before', async () => {
    const early = await guardOf();
    await early.mayTry('rtsp');
    await early.accepted('rtsp');
    await using away = await behindRelay();
    const guard = await guardOf(away.book);
    away.relay.cut();
    expect(await guard.mayTry('rtsp')).toBeNull();
    expect(kindOf(await guard.mayTry('onvif'))).toBe('login_held');
  });

  it.each<[string, (guard: LoginGuard) => Promise<unknown>, string, string[]]>([
    [
      'a refusal',
      (guard) => guard.refused('rtsp', 'unauthorized', '401'),
      'refused',
      ['unauthorized', 'unauthorized', 'unauthorized'],
    ],
    ['an acceptance', (guard) => guard.accepted('rtsp').then(() => 'accepted'), 'accepted', ['go', 'try', 'try']],
    [
      'silence',
      (guard) => guard.unanswered('rtsp').then(() => 'unanswered'),
      'unanswered',
      ['login_held', 'login_held', 'login_held'],
    ],
  ])('is waited for with %s, and told when it is back', async (_, came, tells, after) => {
    await using away = await behindRelay();
    const guard = await guardOf(away.book);
    await guard.mayTry('rtsp');
    away.relay.cut();
    let done = false;
    const noted = came(guard).finally(() => {
      done = true;
    });
    await away.waits;
    expect(done).toBe(false);
    away.relay.restore();
    expect(await noted).toBe(tells);
    expect(await stands()).toEqual(after);
  });

  it('is not waited for by a worker that is stopped, and the login stays held', async () => {
    await using away = await behindRelay();
    const stop = new AbortController();
    const guard = away.book.guard(login, await away.book.standings([login]), stop.signal);
    await guard.mayTry('rtsp');
    away.relay.cut();
    const noted = guard.accepted('rtsp');
    await away.waits;
    stop.abort();
    await expect(noted).rejects.toMatchObject({ name: 'DatabaseAway' });
    expect(await stands()).toEqual(['login_held', 'login_held', 'login_held']);
  });
});

describe('the rule in SQL and the pure one', () => {
  const service = fc.constantFrom(...services);
  /** Seconds before now: on either side of both spacings, and far enough from them that the two clocks agree. */
  const ago = fc.constantFrom(
    0,
    doubtedSpacing - 30,
    doubtedSpacing + 30,
    unansweredSpacing - 30,
    unansweredSpacing + 30,
  );
  const story = fc.record({
    service,
    accepted: fc.subarray([...services]),
    trying: fc.option(service, { freq: 3 }),
    unanswered: fc.option(ago),
    doubted: fc.option(fc.record({ service, ago })),
    refused: fc.option(fc.record({ service, kind: fc.constantFrom('unauthorized', 'forbidden') })),
  });

  it('agree on every row: one that knows nothing yet is granted by the database exactly what the pure rule grants', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(story, { minLength: 40, maxLength: 120 }), async (stories) => {
        await ground.db.run('truncate login');
        const logins = stories.map((_, nth): HostLogin => ({ ...login, host: `10.20.0.${nth}` }));
        const of = book();
        // Read before anything was written: whatever is told then, the database told.
        const standings: Standings = await of.standings(logins);
        await ground.db.run(
          `insert into login (host, fingerprint, accepted, trying, tried_at, unanswered_at, doubted, doubted_at,
             refused_by, refused_kind, refused_detail, refused_at)
           select host, $2, string_to_array(accepted, ','), trying,
             case when trying is not null then now() - interval '1 day' end, now() - make_interval(secs => unanswered),
             doubted, now() - make_interval(secs => doubted_ago), refused_by, refused_kind, refused_kind,
             case when refused_by is not null then now() end
           from unnest($1::text[], $3::text[], $4::text[], $5::float[], $6::text[], $7::float[], $8::text[], $9::text[])
             as s (host, accepted, trying, unanswered, doubted, doubted_ago, refused_by, refused_kind)`,
          [
            logins.map(({ host }) => host),
            login.fingerprint,
            stories.map(({ accepted }) => accepted.join()),
            stories.map(({ trying }) => trying),
            stories.map(({ unanswered }) => unanswered),
            stories.map(({ doubted }) => doubted?.service ?? null),
            stories.map(({ doubted }) => doubted?.ago ?? null),
            stories.map(({ refused }) => refused?.service ?? null),
            stories.map(({ refused }) => refused?.kind ?? null),
          ],
        );
        const written = await ground.db.many<Standing & { host: string }>('select * from login');
        const told = await Promise.all(
          stories.map(async (one, nth) => kindOf(await of.guard(logins[nth]!, standings, never).mayTry(one.service))),
        );
        const granted = new Set(
          (
            await ground.db.many<{ host: string }>(
              "select host from login where trying is not null and tried_at > now() - interval '12 hours'",
            )
          ).map(({ host }) => host),
        );
        const byHost = new Map(written.map((row) => [row.host, row]));
        const now = new Date();
        const seen = stories.map((one, nth) => ({ ...one, told: told[nth], granted: granted.has(logins[nth]!.host) }));
        const right = stories.map((one, nth) => {
          const pure = standsAs(byHost.get(logins[nth]!.host)!, one.service as LoginService, now);
          const kind = typeof pure === 'string' ? 'go' : pure.kind;
          return { ...one, told: kind, granted: pure === 'try' };
        });
        expect(seen).toEqual(right);
      }),
      { numRuns: 25 },
    );
  });
});
