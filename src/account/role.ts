/** What an account may do; what each role may ask for stands in api/access.ts. */
export const roles = ['administrator', 'centre', 'county', 'maintainer', 'viewer', 'auditor'] as const;
export type Role = (typeof roles)[number];

/**
 * Whether an account of this role belongs to a unit, whose data is all that it meets: a county's always, a maintainer's
 * or a viewer's where one is named, the city's own never.
 */
export const unitOf: Readonly<Record<Role, 'always' | 'may' | 'never'>> = {
  administrator: 'never',
  centre: 'never',
  county: 'always',
  maintainer: 'may',
  viewer: 'may',
  auditor: 'never',
};

/** Who asks: an account, in a session or by a token. */
export type Principal = {
  readonly account: number;
  /** What it signs in by; stands in the audit. */
  readonly name: string;
  /** Of the account when it was looked up: whatever is made in its name is dead when it has risen since. */
  readonly epoch: number;
  readonly role: Role;
  /** All that it meets; null: the whole city. */
  readonly unit: string | null;
  /** null: by a session. A token reads, or reads and writes. */
  readonly token: { readonly id: number; readonly scope: 'read' | 'write' } | null;
  /** A session that may do nothing yet but set a password of its own. */
  readonly mustChange: boolean;
};
