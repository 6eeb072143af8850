import { kinds } from './picture.ts';

/**
 * What each benchmark of the READMEs measures, by the beginnings of its rows. A run that gives other rows fails, and a
 * test holds the tables in the READMEs to this list.
 */
export const cases: Readonly<Record<string, readonly string[]>> = {
  picture: Object.values(kinds),
  online: ['one online probe', '64 in flight', 'memory with 1000 in flight', 'whoever asks the exporter'],
  api: [
    'the directory of 16610 cameras read',
    ...['county table', 'camera search', 'camera page'].flatMap((name) => [
      ...[`${name}: p99`, `${name}: beside bare Fastify`, `${name}: beside Express`],
    ]),
  ],
  city: [
    ...['16610 cameras, inspection to verdicts', '16610 cameras, worker process', '16610 cameras, decoder processes'],
    ...['16610 cameras, embedded TimescaleDB', '16610 cameras, Redis', '16610 cameras, scheduler'],
    ...['16610 cameras, simulator', '16610 cameras, most memory of the worker'],
  ],
  sweep: [
    ...['138698 cameras, all answered', '138698 cameras, the worker', '138698 cameras, most memory of the worker'],
    ...['1000 sound cameras', '16610 sound cameras', '138698 sound cameras'],
  ],
  store: [
    ...['answers, through ResultWriter', 'answers', 'answers, delivered again', 'pictures, JPEG of 8 KB'],
    ...['result, compressed', 'answers, delivered again into compressed chunks'],
  ],
  reports: [
    ...['results loaded', 'loading and adding up', 'an hour added up', 'result, compressed'],
    ...['availability_hour, compressed', 'camera_day and unit_day, compressed', 'outage, compressed', 'all of them'],
    ...['county table: ', 'month of a county', 'month of a camera: ', 'ranking of the counties', 'monthly report: '],
  ],
  queue: ['one site: ', 'twelve sites: ', 'twelve sites, a sweep: '],
};

/** What is wrong with the cases of a run or of a table; empty where nothing is. */
export const amiss = (bench: string, found: readonly string[]): string[] => {
  const wanted = cases[bench] ?? [];
  const odd = found.filter((name) => !wanted.some((beginning) => name.startsWith(beginning)));
  const missing = wanted.filter((beginning) => !found.some((name) => name.startsWith(beginning)));
  return [...odd.map((name) => `not known: ${name}`), ...missing.map((name) => `missing: ${name}`)];
};
