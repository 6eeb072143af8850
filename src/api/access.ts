import type { Role } from '../account/role.ts';

/**
 * Who may ask for what: the one table. Every route of the API stands here, or the API does not start; the tests of
 * route × role × scope are made from it.
 *
 * `of`: whose data it is. `unit`: of units; an account of a unit meets its own only, in lists, counts, exports and errors,
 * and another's id is not found. `city`: of the whole city; an account of a unit is refused. `any`: of no unit. `self`: of
 * whoever asks. `token`: what scope a token needs; null: by a session only.
 */
export type Access = {
  readonly roles: readonly Role[];
  readonly of: 'unit' | 'city' | 'any' | 'self';
  readonly token: 'read' | 'write' | null;
  /** What leaves a row in the audit, and under which name: whatever changes something, and every look at a picture. */
  readonly audit: string | null;
  /** What a session may do before its first password is changed. */
  readonly beforeChange?: true;
};

const everyone: readonly Role[] = ['administrator', 'centre', 'county', 'maintainer', 'viewer', 'auditor'];
/** Whoever must see a picture to do their work; each look leaves a row in the audit. */
const viewersOfPictures: readonly Role[] = ['administrator', 'centre', 'county', 'maintainer', 'auditor'];
const acting: readonly Role[] = ['administrator', 'centre', 'county', 'maintainer'];
const keepers: readonly Role[] = ['administrator', 'centre', 'county'];
/** Decisions are the centre's alone: whoever makes accounts decides on no county. */
const centre: readonly Role[] = ['centre'];
const administrator: readonly Role[] = ['administrator'];
const overseers: readonly Role[] = ['administrator', 'auditor'];

const read = (of: Access['of'], who = everyone): Access => ({ roles: who, of, token: 'read', audit: null });
/** Something is looked at that leaves a row. */
const look = (of: Access['of'], who: readonly Role[], audit: string): Access => ({
  roles: who,
  of,
  token: 'read',
  audit,
});
const write = (of: Access['of'], who: readonly Role[], audit: string): Access => ({
  ...{ roles: who, of, token: 'write', audit },
});
/** By a person who has signed in, never by a token. */
const inSession = (of: Access['of'], who: readonly Role[], audit: string | null): Access => ({
  ...{ roles: who, of, token: null, audit },
});

export const access = {
  'GET /health/live': 'public',
  'GET /health/ready': 'public',

  // Signing in.
  'GET /api/v1/sign-in': 'public',
  'POST /api/v1/session': 'public',
  'GET /api/v1/oidc/start': 'public',
  'GET /api/v1/oidc/callback': 'public',
  'GET /api/v1/session': { ...read('self'), beforeChange: true },
  'DELETE /api/v1/session': { ...inSession('self', everyone, 'session.end'), beforeChange: true },
  'PUT /api/v1/session/password': { ...inSession('self', everyone, 'password.change'), beforeChange: true },
  'POST /api/v1/session/totp': inSession('self', everyone, 'totp.begin'),
  'PUT /api/v1/session/totp': inSession('self', everyone, 'totp.confirm'),
  'DELETE /api/v1/session/totp': inSession('self', everyone, 'totp.remove'),
  'GET /api/v1/tokens': inSession('self', everyone, null),
  'POST /api/v1/tokens': inSession('self', everyone, 'token.make'),
  'DELETE /api/v1/tokens/:id': inSession('self', everyone, 'token.revoke'),

  // Accounts.
  'GET /api/v1/users': read('city', overseers),
  'POST /api/v1/users': inSession('city', administrator, 'user.add'),
  'GET /api/v1/users/:id': read('city', overseers),
  'PATCH /api/v1/users/:id': inSession('city', administrator, 'user.change'),
  'POST /api/v1/users/:id/password': inSession('city', administrator, 'user.reset_password'),
  'DELETE /api/v1/users/:id/totp': inSession('city', administrator, 'user.remove_totp'),
  'DELETE /api/v1/users/:id/sessions': inSession('city', administrator, 'user.end_sessions'),

  // Audit.
  'GET /api/v1/audit': read('city', overseers),
  'GET /api/v1/audit/verification': read('city', overseers),

  // The inventory.
  'GET /api/v1/units': read('unit'),
  'GET /api/v1/units/:unit': read('unit'),
  'GET /api/v1/units/:unit/repairs': read('unit'),
  'GET /api/v1/sites': read('unit'),
  'GET /api/v1/cameras': read('unit'),
  'GET /api/v1/cameras/export': look('unit', everyone, 'camera.export'),
  'GET /api/v1/cameras/:code': read('unit'),
  'GET /api/v1/cameras/:code/history': read('unit'),
  'GET /api/v1/cameras/:code/probes': read('unit'),
  'GET /api/v1/cameras/:code/availability': read('unit'),
  'GET /api/v1/cameras/:code/picture': look('unit', viewersOfPictures, 'picture.look'),
  'GET /api/v1/cameras/:code/photos/:sha256': look('unit', viewersOfPictures, 'photo.look'),
  'POST /api/v1/cameras/:code/photos': write('unit', acting, 'photo.add'),
  'PUT /api/v1/cameras/:code/credential': write('unit', keepers, 'credential.set'),
  'DELETE /api/v1/cameras/:code/credential': write('unit', keepers, 'credential.remove'),
  'GET /api/v1/credentials/weak': inSession('unit', keepers, 'credential.weak'),

  // Probes on demand.
  'POST /api/v1/cameras/:code/probes': write('unit', acting, 'camera.probe'),
  'GET /api/v1/probes/:id': read('unit'),

  // Inspections and what they came to.
  'GET /api/v1/inspections': read('unit'),
  'POST /api/v1/inspections': write('unit', keepers, 'inspection.start'),
  'GET /api/v1/inspections/latest/rates': read('unit'),
  'GET /api/v1/inspections/:id': read('unit'),
  'GET /api/v1/inspections/:id/rates': read('unit'),
  'GET /api/v1/inspections/:id/cameras': read('unit'),
  'GET /api/v1/inspections/:id/revisions': read('unit'),
  'POST /api/v1/inspections/:id/revisions': write('city', centre, 'inspection.revise'),
  'POST /api/v1/inspections/:id/publication': write('city', centre, 'inspection.publish'),
  'GET /api/v1/rates': read('unit'),
  'GET /api/v1/availability': read('unit'),
  'GET /api/v1/outages': read('unit'),
  'GET /api/v1/reports/:kind': read('unit'),
  'GET /api/v1/incidents': read('unit'),
  'GET /api/v1/events': read('unit'),

  // What a county asks for, and the centre decides.
  'POST /api/v1/uploads': write('self', keepers, 'upload.add'),
  'GET /api/v1/exemption-reasons': read('any'),
  'GET /api/v1/exemptions': read('unit'),
  'POST /api/v1/exemptions': write('unit', ['county'], 'exemption.submit'),
  'GET /api/v1/exemptions/:id': read('unit'),
  'GET /api/v1/exemptions/:id/attachment': look('unit', viewersOfPictures, 'attachment.look'),
  'POST /api/v1/exemptions/:id/decision': write('city', centre, 'exemption.decide'),
  'POST /api/v1/exemptions/:id/end': write('unit', ['centre', 'county'], 'exemption.end'),
  'GET /api/v1/appeals': read('unit'),
  'POST /api/v1/appeals': write('unit', ['county'], 'appeal.submit'),
  'GET /api/v1/appeals/:id': read('unit'),
  'GET /api/v1/appeals/:id/attachment': look('unit', viewersOfPictures, 'attachment.look'),
  'GET /api/v1/appeals/:id/frame': look('unit', viewersOfPictures, 'picture.look'),
  'POST /api/v1/appeals/:id/decision': write('city', centre, 'appeal.decide'),
  'GET /api/v1/policies': read('any'),
  'GET /api/v1/policies/:version': read('any'),
  'POST /api/v1/policies': write('city', centre, 'policy.decide'),
} as const satisfies Readonly<Record<string, Access | 'public'>>;

export type Route = keyof typeof access;

/** Of a route as Fastify names it; undefined where the table does not know it. */
export const accessOf = (method: string, url: string): Access | 'public' | undefined =>
  (access as Readonly<Record<string, Access | 'public'>>)[`${method} ${url}`];
