import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Principal, Role } from '../../../src/account/role.ts';
import { type Access, access, type Route } from '../../../src/api/access.ts';
import { type Presence, startPresence } from '../../../src/probing/presence.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { askApp, type Bearing, somebodyNew, type Told } from './asking.ts';
import { type Document, documentOf, faultOf } from './documented.ts';
import { ghost, type Place, putWorld, recipes, type World } from './recipes.ts';

let ground: TestGround;
let api: TestApi;
let world: World;
let document: Document;
let workers: Presence;

/** Nobody here waits for a limit: thousands are asked in seconds from one address. */
const bounds = { byAddress: 1e9, byAccount: 1e9 };

beforeAll(async () => {
  ground = await startGround();
  const { db } = ground;
  world = await putWorld(db, new Date());
  api = await startTestApi(ground, { bounds });
  document = await documentOf(api.app);
  // Weak passwords of both.
  const centre = await somebodyNew(db, 'centre', null, 'session');
  for (const { codes } of [world.mine, world.theirs]) {
    const url = `/api/v1/cameras/${codes[3]}/credential`;
    const { status } = await askApp(api.app, 'PUT', url, centre, { user: 'admin', password: '12345' });
    expect(status).toBe(204);
  }
  // A round is opened where somebody can probe.
  const heard = Promise.withResolvers<unknown>();
  workers = startPresence(ground.redis, ground.log, () => [world.mine.site], heard.resolve);
  await heard.promise;
});
afterAll(async () => {
  await workers.stop();
  await api.close();
  await ground.close();
});

type Way = 'session' | 'read' | 'write';
type Who = { readonly role: Role; readonly unit: string | null; readonly way: Way };
const ways: readonly Way[] = ['session', 'read', 'write'];
/** Every role as it may be: of the county 城中区, or of the city. */
const everybody: readonly Who[] = (
  [
    ['administrator', null],
    ['centre', null],
    ['county', '450202'],
    ['maintainer', '450202'],
    ['maintainer', null],
    ['viewer', '450202'],
    ['viewer', null],
    ['auditor', null],
  ] as const
).flatMap(([role, unit]) => ways.map((way) => ({ role, unit, way })));

/** What the table alone says of somebody who asks: a refusal, or that the route answers. */
const expected = (known: Access | 'public', who: Who | null): 401 | 403 | 'answered' => {
  if (known === 'public') return 'answered';
  if (who === null) return 401;
  if (who.way !== 'session' && (known.token === null || (known.token === 'write' && who.way === 'read'))) return 403;
  if (!known.roles.includes(who.role) || (known.of === 'city' && who.unit !== null)) return 403;
  return 'answered';
};

const routes = Object.keys(access) as Route[];
const cellOf = (route: Route, who: Who | null): string =>
  `${route} · ${who === null ? 'nobody' : `${who.role} ${who.unit ?? 'city'} ${who.way}`}`;

const known = new Map<string, Promise<Bearing>>();
/** What somebody bears: the same one each time, or somebody new. */
const bearingOf = ({ role, unit, way }: Who, isNew: boolean): Promise<Bearing> => {
  if (isNew) return somebodyNew(ground.db, role, unit, way);
  const key = `${role} ${unit} ${way}`;
  if (!known.has(key)) known.set(key, somebodyNew(ground.db, role, unit, way));
  return known.get(key)!;
};

/** Asks a route for the things of a place. */
const ask = (app: FastifyInstance, bearing: Bearing, route: Route, place: Place): Promise<Told> => {
  const { url, body, headers } = recipes[route].ask(place, world, 'authorization' in bearing);
  return askApp(app, route.split(' ', 1)[0]!, url, { ...bearing, ...headers }, body);
};

/** An answer without what tells one request, or one thing that was asked for, from another. */
const bare = ({ status, text }: Told, place: Place): string => {
  const names = (Object.keys(ghost) as (keyof Place)[]).flatMap((key) => place[key]).map(String);
  return names
    .sort((a, b) => b.length - a.length)
    .reduce((left, name) => left.replaceAll(name, '#'), `${status} ${text}`)
    .replace(/"request":"[^"]*"/, '');
};

/** A county's own thing of the city's inspection is there for both: nothing of it belongs to one alone. */
const isScoped = (route: Route, who: Who | null): boolean => {
  const row = access[route] as Access | 'public';
  return row !== 'public' && row.of === 'unit' && who !== null && who.unit !== null;
};

type Seen = {
  readonly cells: Set<string>;
  readonly faults: string[];
  readonly succeeded: Set<Route>;
  /** What each said last where it did not. */
  readonly refused: Map<Route, string>;
};

/** Asks a route as somebody, and says what is not as the table has it. */
const check = async (seen: Seen, of: TestApi, route: Route, who: Who | null): Promise<void> => {
  const cell = cellOf(route, who);
  const { faults } = seen;
  const wanted = expected(access[route], who);
  const recipe = recipes[route];
  const bearing = who === null ? {} : await bearingOf(who, recipe.fresh === true);
  seen.cells.add(cell);
  const own = await ask(of.app, bearing, route, world.mine);
  const undocumented = faultOf(document, route, own);
  if (undocumented !== null) faults.push(`${cell}: ${undocumented}`);
  if (wanted === 'answered') {
    const isPublic = access[route] === 'public';
    if ([401, 403].includes(own.status) && !isPublic) faults.push(`${cell}: ${own.status} ${own.text}`);
    if (own.status >= 500) faults.push(`${cell}: ${own.status} ${own.text}`);
    if (own.status < 400) seen.succeeded.add(route);
    else seen.refused.set(route, `${own.status} ${own.text}`);
  } else if (own.status !== wanted) faults.push(`${cell}: ${own.status}, not ${wanted} ${own.text.slice(0, 200)}`);
  if (!isScoped(route, who)) return;
  for (const mark of world.marks) if (own.text.includes(mark)) faults.push(`${cell}: tells ${mark}`);
  if (recipe.names === undefined) return;
  const theirs = await ask(of.app, bearing, route, world.theirs);
  const nothing = await ask(of.app, bearing, route, ghost);
  if (wanted === 403 && theirs.status !== 403) faults.push(`${cell}: of the other county ${theirs.status}, not 403`);
  if (wanted === 'answered' && theirs.status !== 404 && !isFieldRefusal(theirs)) {
    faults.push(`${cell}: of the other county ${theirs.status} ${theirs.text.slice(0, 200)}`);
  }
  const [other, none] = [bare(theirs, world.theirs), bare(nothing, ghost)];
  if (other !== none) faults.push(`${cell}: what is another's is told from what is not: ${other} | ${none}`);
};

/** What is named in a body is refused as a field of it. */
const isFieldRefusal = ({ status }: Told): boolean => status === 422;

const nothingSeen = (): Seen => ({ cells: new Set(), faults: [], succeeded: new Set(), refused: new Map() });

/** Whatever asking leaves behind by itself: who asked, when, and that they did. */
const traces = [
  'session',
  'token',
  'account',
  'audit',
  'audit_head',
  'idempotency',
  'browser',
  'guess',
  'schema_migration',
];

/** Every table by its number of rows and what they say. */
const tablesNow = async (): Promise<Record<string, string>> => {
  const { db } = ground;
  const tables = await db.many<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname = 'public' and c.relname <> all ($1) order by 1`,
    [traces],
  );
  const now: Record<string, string> = {};
  for (const { name } of tables) {
    const { sum } = await db.one<{ sum: string }>(
      `select count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' order by t::text)), '') as sum from ${name} t`,
    );
    now[name] = sum;
  }
  return now;
};

describe('whoever asks for whatever', () => {
  const seen = nothingSeen();

  it('of another county changes nothing and counts nowhere', async () => {
    const before = await tablesNow();
    expect(Object.keys(before).length).toBeGreaterThan(30);
    const answers: string[] = [];
    for (const route of routes.filter((one) => recipes[one].names)) {
      const left = everybody.filter(({ unit }) => unit !== null).values();
      const askOn = async (): Promise<void> => {
        for (const who of left) {
          const { status } = await ask(api.app, await bearingOf(who, false), route, world.theirs);
          answers.push(`${route} ${status}`);
        }
      };
      await Promise.all(Array.from({ length: recipes[route].alone ? 1 : 16 }, askOn));
    }
    expect(answers.filter((answer) => !/ (403|404|422)$/.test(answer))).toEqual([]);
    expect(await tablesNow()).toEqual(before);
  });

  it('meets what the table says, in every role, as a person and by either token', async () => {
    for (const route of routes) {
      // Many at once: statements of several requests then go together.
      const left = [null, ...everybody].values();
      const askOn = async (): Promise<void> => {
        for (const who of left) await check(seen, api, route, who);
      };
      await Promise.all(Array.from({ length: recipes[route].alone ? 1 : 16 }, askOn));
    }
    expect(seen.faults).toEqual([]);
  });

  it('was asked for in every cell of the table, and each route succeeded for somebody', () => {
    const cells = routes.flatMap((route) => [null, ...everybody].map((who) => cellOf(route, who)));
    const covered = cells.filter((cell) => seen.cells.has(cell)).length;
    expect(`${covered} of ${cells.length}`).toBe(`${routes.length * 25} of ${routes.length * 25}`);
    const failed = routes.filter((route) => !seen.succeeded.has(route) && recipes[route].never === undefined);
    expect(failed.map((route) => `${route}: ${seen.refused.get(route)}`)).toEqual([]);
  });

  it('learns as little by naming another county in a filter as by naming none', async () => {
    const viewer = await bearingOf({ role: 'viewer', unit: '450202', way: 'session' }, false);
    const county = await bearingOf({ role: 'county', unit: '450202', way: 'session' }, false);
    const asked: string[] = [];
    for (const route of routes.filter((one) => one.startsWith('GET') && (access[one] as Access).of === 'unit')) {
      if (recipes[route].names) continue;
      const { url } = recipes[route].ask(world.mine, world);
      for (const filter of ['unit', 'site', 'q', 'camera', 'code']) {
        const value = { unit: 'unit', site: 'site', q: 'unit', camera: 'code', code: 'code' }[filter];
        const of = (place: Place): string =>
          value === 'code' ? place.codes[0]! : String(place[value as 'unit' | 'site']);
        const with_ = (place: Place): string =>
          `${url}${url.includes('?') ? '&' : '?'}${filter}=${encodeURIComponent(of(place))}`;
        for (const bearing of [viewer, county]) {
          const [theirs, none] = [
            await askApp(api.app, 'GET', with_(world.theirs), bearing),
            await askApp(api.app, 'GET', with_(ghost), bearing),
          ];
          if (theirs.status === 400) continue;
          asked.push(`${route} ${filter}`);
          expect([route, filter, bare(theirs, world.theirs)]).toEqual([route, filter, bare(none, ghost)]);
        }
      }
    }
    expect(asked.length).toBeGreaterThan(5);
  });

  it('of the city meets the other county in every list, so that a county which does not meets less', async () => {
    // Nothing is written to these yet, or they begin with what comes.
    const empty: readonly Route[] = ['GET /api/v1/incidents', 'GET /api/v1/events'];
    const lists = routes.filter((route) => {
      const row = access[route] as Access | 'public';
      return row !== 'public' && row.of === 'unit' && !recipes[route].names && !empty.includes(route);
    });
    expect(lists.length).toBeGreaterThan(10);
    const silent: string[] = [];
    for (const route of lists) {
      const bearing = await bearingOf({ role: 'centre', unit: null, way: 'session' }, false);
      const { text } = await ask(api.app, bearing, route, world.mine);
      if (!world.marks.some((mark) => text.includes(mark))) silent.push(`${route}: ${text.slice(0, 300)}`);
    }
    expect(silent).toEqual([]);
  });
});

describe('a hole in it', () => {
  const holed = async (change: (who: Principal) => Principal): Promise<TestApi> => {
    const { identifyWith } = await import('../../../src/account/identify.ts');
    const identify = identifyWith(ground.db, ground.config);
    return startTestApi(ground, {
      bounds,
      identify: async (request) => {
        const who = await identify(request);
        return who === null ? null : change(who);
      },
    });
  };

  it.each<[what: string, route: Route, who: Who, change: (who: Principal) => Principal]>([
    [
      'a route that answers a role which it should refuse',
      'GET /api/v1/users',
      { role: 'viewer', unit: null, way: 'session' },
      (who) => ({ ...who, role: 'administrator' }),
    ],
    [
      'one that takes a token which only reads',
      'POST /api/v1/inspections',
      { role: 'centre', unit: null, way: 'read' },
      (who) => ({ ...who, token: { id: who.token?.id ?? 1, scope: 'write' } }),
    ],
    [
      'one that gives a county what is of another',
      'GET /api/v1/cameras/:code/probes',
      { role: 'county', unit: '450202', way: 'session' },
      (who) => ({ ...who, unit: null }),
    ],
    [
      'a list that tells a county of another',
      'GET /api/v1/units',
      { role: 'viewer', unit: '450202', way: 'session' },
      (who) => ({ ...who, unit: null }),
    ],
  ])('would be seen: %s', async (_, route, who, change) => {
    const open = await holed(change);
    const seen = nothingSeen();
    await check(seen, open, route, who);
    await open.close();
    expect(seen.faults).not.toEqual([]);
    const whole = nothingSeen();
    await check(whole, api, route, who);
    expect(whole.faults).toEqual([]);
  });
});
