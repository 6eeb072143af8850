import { madeHashes } from './made-hashes.ts';

/** documents.test.ts runs this in another zone and language. */
process.stdout.write(JSON.stringify(await madeHashes()));
