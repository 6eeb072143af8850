import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importRows } from '../../../src/inventory/import.ts';
import type { Row } from '../../../src/inventory/sheet.ts';
import { putSite } from '../../../src/inventory/site.ts';
import { startScheduler } from '../../../src/roles/scheduler.ts';
import { type Role, startWorker } from '../../../src/roles/worker.ts';
import { inspectionOf, openInspection } from '../../../src/schedule/inspection.ts';
import { decidePolicy } from '../../../src/schedule/policy.ts';
import { type FakeCamera, fakeCamera } from '../../support/camera.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { judgedBy } from '../../support/truth.ts';
import { until } from '../../support/worker-process.ts';
import { codeOf } from '../schedule/roster.ts';
import { account, rtspOf } from './guarded-camera.ts';

const sites = ['north', 'east', 'south', 'west'];
const channels = 64;

let ground: TestGround;
beforeAll(async () => {
  ground = await startGround({ decoders: 1 });
});
afterAll(() => ground.close());

describe('a recorder of 64 channels, each quarter of which is another site’s', () => {
  it('has never more than two connections and one login under way, of four workers, and shows every channel', async () => {
    const who = account('admin', 'opensesame');
    const seen = { connections: 0, mostConnections: 0, logins: 0, mostLogins: 0 };
    const guarded = rtspOf(who, async ({ login }, answer) => {
      if (login === null) return answer();
      seen.mostLogins = Math.max(seen.mostLogins, ++seen.logins);
      // Whatever else is on its way to the recorder comes in before the answer.
      await new Promise((resolve) => setImmediate(resolve));
      answer();
      seen.logins--;
    });
    await using recorder: FakeCamera = await fakeCamera((wire) => {
      seen.mostConnections = Math.max(seen.mostConnections, ++seen.connections);
      void wire.closed.then(() => {
        seen.connections--;
      });
      return guarded(wire);
    });
    const { db, vault } = ground;
    for (const code of sites) await putSite(db, { code, name: code, networks: ['127.0.0.0/8'] });
    const rows = Array.from(
      { length: channels },
      (_, nth): Row => ({
        line: nth + 2,
        code: codeOf(nth + 1),
        name: `通道 ${nth + 1}`,
        unit: '450202',
        class: 'social',
        site: sites[nth % sites.length]!,
        rtspUrl: recorder.url(`/channel/${nth + 1}`),
        ...{ onvifUrl: null, snapshotUrl: null, transport: 'tcp', certificate: null, deadlineMs: null },
        ...{ user: who.user, password: who.password, basicAllowed: false },
      }),
    );
    await importRows(db, vault, rows, false);
    await decidePolicy(db, new Date('2026-01-01T00:00:00Z'), 'one attempt', {
      ...{ daily_at: null, attempts: [0], cutoff: 150, deadline: 20_000 },
    });
    const roles: Role[] = await Promise.all(sites.map((site) => startWorker(ground, [site])));
    try {
      roles.push(startScheduler(ground));
      const { id } = await openInspection(db, new Date(), null);
      await until(async () => (await inspectionOf(db, id))?.completed_at != null);
      expect((await judgedBy(db, id)).map(({ online, image, kind }) => [online, image, kind])).toEqual(
        Array(channels).fill(['yes', 'yes', 'sound']),
      );
    } finally {
      for (const role of roles.reverse()) await role.stop();
    }
    expect(recorder.connections).toBe(channels);
    expect(who.failed).toEqual([]);
    expect(seen.mostConnections).toBeLessThanOrEqual(2);
    expect(seen.mostLogins).toBe(1);
  });
});
