import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The video is named by its recipe, so that it can be kept from run to run. */
export const clipsDir = join(tmpdir(), 'xunjian-test-clips');
