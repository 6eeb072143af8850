import { addAccount } from '../../../src/account/account.ts';
import type { Role } from '../../../src/account/role.ts';
import type { Route } from '../../../src/api/access.ts';
import type { Database } from '../../../src/db/pool.ts';
import { localTime } from '../../../src/time.ts';
import { jpeg } from '../../unit/inventory/photos.ts';
import { type County, putTwoCounties, type TwoCounties } from './two-counties.ts';

/** A request of a route: what stands behind its method. */
export type Asked = {
  readonly url: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

/** Whose thing is asked for: a county's own, the other's, or that of a county that never was. */
export type Place = Pick<
  County,
  | ('unit' | 'site' | 'codes' | 'photo' | 'inspection' | 'exemption' | 'pendingExemption')
  | ('appeal' | 'pendingAppeal' | 'upload' | 'probe')
>;

/** Such as never were, of as many digits as those that are. */
export const ghost: Place = {
  unit: '450299',
  site: 'nowhere',
  codes: [1, 2, 3, 4, 5, 6].map((number) => `45029900001310${String(number).padStart(6, '0')}`),
  photo: 'f'.repeat(64),
  ...{ inspection: 71_999, exemption: 72_998, pendingExemption: 72_999, appeal: 73_998, pendingAppeal: 73_999 },
  ...{ upload: '00000000-0000-4000-8000-000000000000', probe: 74_999 },
};

export type World = TwoCounties & {
  /** An account that others may change, of nobody who asks here. */
  readonly somebody: number;
  readonly now: Date;
};

/** Puts two counties and their accounts into an empty city. */
export const putWorld = async (db: Database, now: Date): Promise<World> => {
  const add = (name: string, role: Role, unit: string | null) =>
    addAccount(db, now, { name, shownName: name, role, unit, phone: null, password: null, by: 'test' });
  // Whose uploads there are.
  await add('county-450202', 'county', '450202');
  await add('county-450203', 'county', '450203');
  const { id } = await add('somebody', 'viewer', null);
  return { ...(await putTwoCounties(db, now)), somebody: id, now };
};

export type Recipe = {
  /** The whole of it; `cheaply`: of something that is not there, where making it costs much. */
  readonly ask: (place: Place, world: World, cheaply?: boolean) => Asked;
  /** It names something that belongs to a county: what belongs to another must not be found. */
  readonly names?: true;
  /** It takes but a few at once. */
  readonly alone?: true;
  /** It ends or changes who asks: whoever does is somebody new each time. */
  readonly fresh?: true;
  /** Why none succeeds here. */
  readonly never?: string;
};

const get = (url: string): Recipe => ({ ask: () => ({ url: `/api/v1${url}` }) });
/** Something of a county by its address. */
const of = (url: (place: Place) => string, body?: (place: Place, world: World) => unknown): Recipe => ({
  names: true,
  ask: (place, world) => ({ url: `/api/v1${url(place)}`, ...(body === undefined ? {} : { body: body(place, world) }) }),
});

/** A file in a form (RFC 7578). */
export const formOf = (name: string, type: string, bytes: Buffer): Pick<Asked, 'body' | 'headers'> => ({
  headers: { 'content-type': 'multipart/form-data; boundary=xunjian' },
  body: Buffer.concat([
    Buffer.from(
      `--xunjian\r\ncontent-disposition: form-data; name="file"; filename="${name}"\r\ncontent-type: ${type}\r\n\r\n`,
    ),
    bytes,
    Buffer.from('\r\n--xunjian--\r\n'),
  ]),
});

const pdf = Buffer.from('%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n');
const later = ({ now }: World, hours: number): string => new Date(now.getTime() + hours * 3_600_000).toISOString();
let nth = 0;
/** One that nobody has yet. */
const fresh = (): number => {
  nth += 1;
  return nth;
};

/** How each route is asked. */
export const recipes: Readonly<Record<Route, Recipe>> = {
  'GET /health/live': { ask: () => ({ url: '/health/live' }) },
  'GET /health/ready': { ask: () => ({ url: '/health/ready' }) },

  'GET /api/v1/sign-in': get('/sign-in'),
  'POST /api/v1/session': {
    ask: () => ({ url: '/api/v1/session', body: { name: `nobody-${fresh()}`, password: 'long enough for anybody' } }),
    never: 'nobody here has a password',
  },
  'GET /api/v1/oidc/start': { ...get('/oidc/start'), never: 'no provider is set' },
  'GET /api/v1/oidc/callback': { ...get('/oidc/callback?code=a&state=b'), never: 'no provider is set' },
  'GET /api/v1/session': get('/session'),
  'DELETE /api/v1/session': { ...get('/session'), fresh: true },
  'PUT /api/v1/session/password': {
    ask: () => ({
      url: '/api/v1/session/password',
      body: { current: 'none at all', password: `a new one ${fresh()}` },
    }),
    fresh: true,
    never: 'nobody here has a password',
  },
  'POST /api/v1/session/totp': {
    ask: () => ({ url: '/api/v1/session/totp', body: { password: 'none at all' } }),
    fresh: true,
    never: 'nobody here has a password',
  },
  'PUT /api/v1/session/totp': {
    ask: () => ({ url: '/api/v1/session/totp', body: { code: '123456' } }),
    fresh: true,
    never: 'nobody here has begun one',
  },
  'DELETE /api/v1/session/totp': {
    ask: () => ({ url: '/api/v1/session/totp', body: { password: 'none at all' } }),
    fresh: true,
    never: 'nobody here has a password',
  },
  'GET /api/v1/tokens': get('/tokens'),
  'POST /api/v1/tokens': {
    ask: () => ({ url: '/api/v1/tokens', body: { name: '对接 / feed', scope: 'read', days: 7 } }),
    fresh: true,
  },
  'DELETE /api/v1/tokens/:id': { ...get('/tokens/999999'), never: 'its number is told to its owner alone' },

  'GET /api/v1/users': get('/users'),
  'POST /api/v1/users': {
    ask: () => ({ url: '/api/v1/users', body: { name: `new-${fresh()}`, shownName: '新人', role: 'viewer' } }),
  },
  'GET /api/v1/users/:id': { ask: (_, { somebody }) => ({ url: `/api/v1/users/${somebody}` }) },
  'PATCH /api/v1/users/:id': {
    ask: (_, { somebody }) => ({ url: `/api/v1/users/${somebody}`, body: { shownName: `某人 ${fresh()}` } }),
  },
  'POST /api/v1/users/:id/password': { ask: (_, { somebody }) => ({ url: `/api/v1/users/${somebody}/password` }) },
  'DELETE /api/v1/users/:id/totp': {
    ask: (_, { somebody }) => ({ url: `/api/v1/users/${somebody}/totp` }),
    never: 'nobody here has one',
  },
  'DELETE /api/v1/users/:id/sessions': { ask: (_, { somebody }) => ({ url: `/api/v1/users/${somebody}/sessions` }) },

  'GET /api/v1/audit': get('/audit'),
  'GET /api/v1/audit/verification': { ...get('/audit/verification'), alone: true },

  'GET /api/v1/units': get('/units'),
  'GET /api/v1/units/:unit': of(({ unit }) => `/units/${unit}`),
  'GET /api/v1/units/:unit/repairs': of(({ unit }) => `/units/${unit}/repairs`),
  'GET /api/v1/sites': get('/sites'),
  'GET /api/v1/cameras': get('/cameras'),
  'GET /api/v1/cameras/export': get('/cameras/export?format=csv'),
  'GET /api/v1/cameras/:code': of(({ codes }) => `/cameras/${codes[0]}`),
  'GET /api/v1/cameras/:code/history': of(({ codes }) => `/cameras/${codes[0]}/history`),
  'GET /api/v1/cameras/:code/probes': of(({ codes }) => `/cameras/${codes[0]}/probes`),
  'GET /api/v1/cameras/:code/availability': of(({ codes }) => `/cameras/${codes[0]}/availability`),
  'GET /api/v1/cameras/:code/picture': of(({ codes }) => `/cameras/${codes[0]}/picture`),
  'GET /api/v1/cameras/:code/photos/:sha256': of(({ codes, photo }) => `/cameras/${codes[0]}/photos/${photo}`),
  'POST /api/v1/cameras/:code/photos': {
    names: true,
    alone: true,
    ask: ({ codes }) => ({
      url: `/api/v1/cameras/${codes[1]}/photos`,
      ...formOf('现场.jpg', 'image/jpeg', jpeg(100 + fresh(), 480)),
    }),
  },
  'PUT /api/v1/cameras/:code/credential': of(
    ({ codes }) => `/cameras/${codes[1]}/credential`,
    () => ({ user: 'admin', password: `Xun-${fresh()}-jian` }),
  ),
  'DELETE /api/v1/cameras/:code/credential': of(({ codes }) => `/cameras/${codes[1]}/credential`),
  'GET /api/v1/credentials/weak': get('/credentials/weak'),

  'POST /api/v1/cameras/:code/probes': of(
    ({ codes }) => `/cameras/${codes[0]}/probes`,
    () => ({ why: '核对 / a check' }),
  ),
  'GET /api/v1/probes/:id': of(({ probe }) => `/probes/${probe}`),

  'GET /api/v1/inspections': get('/inspections'),
  'POST /api/v1/inspections': {
    names: true,
    ask: ({ unit }) => ({ url: '/api/v1/inspections', body: { unit, why: '抽查 / a check' } }),
  },
  'GET /api/v1/inspections/latest/rates': get('/inspections/latest/rates'),
  'GET /api/v1/inspections/:id': of(({ inspection }) => `/inspections/${inspection}`),
  'GET /api/v1/inspections/:id/rates': of(({ inspection }) => `/inspections/${inspection}/rates`),
  'GET /api/v1/inspections/:id/cameras': of(({ inspection }) => `/inspections/${inspection}/cameras`),
  'GET /api/v1/inspections/:id/revisions': of(({ inspection }) => `/inspections/${inspection}/revisions`),
  'POST /api/v1/inspections/:id/revisions': {
    ask: (_, { inspection }) => ({
      url: `/api/v1/inspections/${inspection}/revisions`,
      body: { why: '更正 / corrected' },
    }),
    never: 'nothing has changed since the last revision',
  },
  'POST /api/v1/inspections/:id/publication': {
    ask: ({ inspection }) => ({ url: `/api/v1/inspections/${inspection}/publication`, body: { revision: 1 } }),
  },
  'GET /api/v1/rates': get('/rates'),
  'GET /api/v1/availability': get('/availability'),
  'GET /api/v1/outages': get('/outages'),
  'GET /api/v1/reports/:kind': {
    names: true,
    alone: true,
    // A document costs half a second.
    ask: ({ unit }, { now }, cheaply) => ({
      url: `/api/v1/reports/daily?date=${localTime(now).slice(0, 10)}&format=csv&unit=${unit}${cheaply ? '&revision=99' : ''}`,
    }),
  },
  'GET /api/v1/incidents': get('/incidents'),
  'GET /api/v1/events': get('/events'),

  'POST /api/v1/uploads': {
    alone: true,
    ask: () => ({ url: '/api/v1/uploads', ...formOf('说明.pdf', 'application/pdf', pdf) }),
  },
  'GET /api/v1/exemption-reasons': get('/exemption-reasons'),
  'GET /api/v1/exemptions': get('/exemptions'),
  'POST /api/v1/exemptions': {
    names: true,
    ask: ({ codes }, world) => ({
      url: '/api/v1/exemptions',
      body: {
        ...{ applicant: '韦某', phone: '0772-2825110', reason: 'power_cut', text: '停电 / a power cut' },
        ...{ cameras: [codes[1]], beginsAt: later(world, 1), endsAt: later(world, 48) },
      },
    }),
  },
  'GET /api/v1/exemptions/:id': of(({ exemption }) => `/exemptions/${exemption}`),
  'GET /api/v1/exemptions/:id/attachment': of(({ exemption }) => `/exemptions/${exemption}/attachment`),
  'POST /api/v1/exemptions/:id/decision': {
    ask: ({ pendingExemption }) => ({
      url: `/api/v1/exemptions/${pendingExemption}/decision`,
      body: { decision: 'refused', note: '材料不足 / not enough' },
    }),
  },
  'POST /api/v1/exemptions/:id/end': of(({ exemption }) => `/exemptions/${exemption}/end`),
  'GET /api/v1/appeals': get('/appeals'),
  'POST /api/v1/appeals': {
    names: true,
    ask: ({ codes }, { inspection }) => ({
      url: '/api/v1/appeals',
      body: {
        ...{ inspection, camera: codes[2], claim: 'image', applicant: '覃某', phone: '0772-2825111' },
        text: '画面正常 / the picture is sound',
      },
    }),
  },
  'GET /api/v1/appeals/:id': of(({ appeal }) => `/appeals/${appeal}`),
  'GET /api/v1/appeals/:id/attachment': of(({ appeal }) => `/appeals/${appeal}/attachment`),
  'GET /api/v1/appeals/:id/frame': of(({ appeal }) => `/appeals/${appeal}/frame`),
  'POST /api/v1/appeals/:id/decision': {
    ask: ({ pendingAppeal }) => ({
      url: `/api/v1/appeals/${pendingAppeal}/decision`,
      body: { decision: 'refused', note: '复核仍离线 / it is down' },
    }),
  },
  'GET /api/v1/policies': get('/policies'),
  'GET /api/v1/policies/:version': get('/policies/1'),
  'POST /api/v1/policies': {
    ask: (_, world) => ({
      url: '/api/v1/policies',
      body: {
        validFrom: later(world, 24 + fresh()),
        note: '试行 / on trial',
        targets: { total: { online: 96, image: 91 } },
      },
    }),
  },
};
