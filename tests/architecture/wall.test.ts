import { execFile } from 'node:child_process';
import { appendFile, cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
type Violation = { rule: { name: string }; from: string; to: string };
type Cruised = { summary: { violations: Violation[]; totalCruised: number } };

const cruise = async (folder: string): Promise<Cruised['summary']> => {
  const script = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const args = [script, 'src', 'probes', '--config', '.dependency-cruiser.cjs', '--output-type', 'json'];
  // Violations are its exit code; what it prints is asked for here.
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder, maxBuffer: 64 << 20 }).catch(
    (error: { stdout: string }) => error,
  );
  return (JSON.parse(stdout) as Cruised).summary;
};

describe('the import wall', () => {
  it('stands: no module imports what it may not', async () => {
    const { violations, totalCruised } = await cruise(root);
    expect(violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`)).toEqual([]);
    expect(totalCruised).toBeGreaterThan(150);
  });

  it('notices each kind of forbidden import', async () => {
    const planted: readonly (readonly [file: string, line: string, rule: string])[] = [
      ['probes/rtsp/rtp.ts', "import '../../src/log.ts';", 'probes-stand-alone'],
      ['probes/rtsp/sdp.ts', "import 'pino';", 'probes-use-two-packages'],
      ['src/store/writer.ts', "import '../../probes/failure.ts';", 'one-door-into-probes'],
      ['src/verdict/rates.ts', "import '../sentence.ts';", 'verdict-is-pure'],
      ['src/db/errors.ts', "import '../inventory/unit.ts';", 'the-base-knows-no-stage'],
      ['src/report/inspection.ts', "import '../roles/ground.ts';", 'nobody-imports-a-role'],
      ['src/simulator/draw.ts', "import '../inventory/code.ts';", 'the-simulator-is-a-city-of-its-own'],
      ['src/roles/scheduler.ts', "import '../simulator/units.ts';", 'only-commands-start-the-simulator'],
      ['src/inventory/code.ts', "import '../schedule/policy.ts';", 'inventory-knows-no-later-stage'],
      ['src/schedule/policy.ts', "import '../probing/turns.ts';", 'schedule-knows-no-later-stage'],
      ['src/probing/turns.ts', "import '../store/writer.ts';", 'probing-knows-no-later-stage'],
      ['src/rollup/refresh.ts', "import '../alert/webhook.ts';", 'rollup-knows-no-later-stage'],
      ['src/alert/webhook.ts', "import '../report/county-table.ts';", 'alert-knows-no-later-stage'],
      ['src/db/embedded/turn.ts', "import './wire.ts';", 'no-circle'],
    ];
    const folder = await mkdtemp(join(tmpdir(), 'xunjian-wall-'));
    try {
      for (const name of ['src', 'probes', 'tsconfig.json', 'package.json', '.dependency-cruiser.cjs']) {
        await cp(join(root, name), join(folder, name), { recursive: true });
      }
      await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
      for (const [file, line] of planted) await appendFile(join(folder, file), `\n${line}\n`);
      const { violations } = await cruise(folder);
      const found = new Set(violations.map(({ rule, from }) => `${from} ${rule.name}`));
      expect(planted.map(([file, , rule]) => `${file} ${rule}`).filter((one) => !found.has(one))).toEqual([]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
