import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openDaily } from '../../../src/schedule/daily.ts';
import { decidePolicy } from '../../../src/schedule/policy.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { clear, putCameras } from './roster.ts';

let ground: TestGround;
beforeAll(async () => {
  ground = await startGround();
});
afterAll(() => ground.close());
beforeEach(async () => {
  await clear(ground.db);
});

/** A time of day in Liuzhou. */
const at = (day: string, time: string): Date => new Date(`${day}T${time}+08:00`);

describe('the daily round, at 08:00 in Liuzhou by the policy that holds', () => {
  it('begins at its hour and not before, once a day, whoever asks how often', async () => {
    await putCameras(ground.db, [{ serial: 1 }]);
    expect(await openDaily(ground.db, at('2026-11-23', '07:59:59'))).toBeNull();
    const opened = await openDaily(ground.db, at('2026-11-23', '08:00:00'));
    expect(opened).toMatchObject({ day: '2026-11-23', unit: null, completed_at: null });
    expect(opened!.started_at).toEqual(at('2026-11-23', '08:00:00.500'));
    expect(await openDaily(ground.db, at('2026-11-23', '08:00:01'))).toBeNull();
    expect(await openDaily(ground.db, at('2026-11-24', '08:00:00'))).toMatchObject({ day: '2026-11-24' });
  });

  it('is held within the hour by a service that was away, and not later: a round at night is not the day’s', async () => {
    await putCameras(ground.db, [{ serial: 1 }]);
    expect(await openDaily(ground.db, at('2026-11-23', '09:00:00'))).toBeNull();
    expect(await openDaily(ground.db, at('2026-11-23', '08:59:59'))).toMatchObject({ day: '2026-11-23' });
  });

  it('belongs to the day of Liuzhou, also where it is still yesterday in UTC', async () => {
    await putCameras(ground.db, [{ serial: 1 }]);
    await decidePolicy(ground.db, at('2026-01-01', '00:00:00'), 'early', { daily_at: '06:30' });
    expect(await openDaily(ground.db, new Date('2026-11-22T22:30:00Z'))).toMatchObject({ day: '2026-11-23' });
  });

  it('waits for an inventory, and is not held where the policy names no hour', async () => {
    expect(await openDaily(ground.db, at('2026-11-23', '08:00:00'))).toBeNull();
    await putCameras(ground.db, [{ serial: 1 }]);
    await decidePolicy(ground.db, at('2026-01-01', '00:00:00'), 'by hand only', { daily_at: null });
    expect(await openDaily(ground.db, at('2026-11-23', '08:00:00'))).toBeNull();
  });
});
