import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { render } from '../../../src/report/render.ts';
import { issueOf, madeContent } from './made-city.ts';
import { madePeriod, periodIssueOf } from './made-period.ts';

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const bytesOf = (content: object): Uint8Array => Buffer.from(canonicalize(content)!);

/** The hashes of the documents of the made-up city, by what they are of. */
export const madeHashes = async (): Promise<Record<string, string>> => {
  const { content, sha256 } = issueOf(madeContent({ cameras: 60 }));
  const day = { report: 'daily', bytes: bytesOf(content), sha256, published: true } as const;
  // Of three units: what a chart costs is its words.
  const period = madePeriod();
  const month = periodIssueOf({ ...period, units: period.units.slice(0, 3) });
  return {
    'daily docx': hash(await render({ ...day, format: 'docx', unit: null })),
    'daily xlsx': hash(await render({ ...day, format: 'xlsx', unit: null })),
    'daily csv': hash(await render({ ...day, format: 'csv', unit: null })),
    'county docx': hash(await render({ ...day, format: 'docx', unit: '450202' })),
    'county xlsx': hash(await render({ ...day, format: 'xlsx', unit: '450202' })),
    'month docx': hash(
      await render({ report: 'period', format: 'docx', bytes: bytesOf(month.content), sha256: month.sha256 }),
    ),
  };
};
