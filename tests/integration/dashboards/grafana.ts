import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What of a dashboard's JSON says what is asked and how it is shown. */
export type Dashboard = {
  readonly uid: string;
  readonly title: string;
  readonly templating: { readonly list: readonly Variable[] };
  readonly panels: readonly Panel[];
};
export type Variable = { readonly name: string; readonly datasource: Source; readonly query: string };
export type Panel = {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly datasource: Source;
  readonly targets?: readonly Target[];
  readonly fieldConfig: { readonly overrides: readonly Override[] };
};
export type Source = { readonly type: string; readonly uid: string };
export type Target = {
  readonly refId: string;
  readonly datasource: Source;
  readonly format: 'table' | 'time_series';
  readonly rawSql: string;
};
export type Override = {
  readonly matcher: { readonly id: string; readonly options: string };
  readonly properties: readonly { readonly id: string; readonly value: unknown }[];
};

/** A value mapping of Grafana's: texts by value, or one text for a special value such as null. */
export type Mapping = { readonly type: string; readonly options: Readonly<Record<string, { readonly text: string }>> };

export const dashboardsFolder = fileURLToPath(new URL('../../../dashboards', import.meta.url));

export const readDashboard = (file: string): Dashboard =>
  JSON.parse(readFileSync(`${dashboardsFolder}/${file}`, 'utf8')) as Dashboard;

/** What a viewer chose: the time range, and of each variable the values (all of them where the choice is "All"). */
export type Chosen = {
  readonly from: Date;
  readonly to: Date;
  readonly variables: Readonly<Record<string, readonly string[]>>;
};

const macros: Readonly<Record<string, (argument: string, chosen: Chosen) => string>> = {
  __timeFilter: (column, { from, to }) => `${column} BETWEEN '${from.toISOString()}' AND '${to.toISOString()}'`,
};

/**
 * The statement that Grafana sends: variables first, in the browser (format `sqlstring`: each value quoted, joined by
 * commas), then macros, in the server, with the pattern of pkg/tsdb/grafana-postgresql-datasource/macros.go. Throws on
 * a variable, format or macro that is not known here: then it is either a mistake or to be added.
 */
export const expand = (sql: string, chosen: Chosen): string =>
  sql
    .replace(/\$\{(\w+)(?::(\w+))?\}/g, (found, name: string, format: string | undefined) => {
      const values = chosen.variables[name];
      if (values === undefined || format !== 'sqlstring') throw new Error(`${found} is not known to this test`);
      return values.map((value) => `'${value.replaceAll("'", "''")}'`).join(',');
    })
    .replace(/\$([_a-zA-Z0-9]+)\(([^)]*)\)/g, (found, name: string, argument: string) => {
      const macro = macros[name];
      if (macro === undefined) throw new Error(`${found} is not known to this test`);
      return macro(argument.trim(), chosen);
    });
