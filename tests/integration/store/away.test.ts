import pLimit from 'p-limit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DatabaseAway } from '../../../src/db/errors.ts';
import { openDatabase } from '../../../src/db/pool.ts';
import { ResultWriter } from '../../../src/store/writer.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { clear } from '../schedule/roster.ts';
import { relayTo } from './relay.ts';
import { sweepOf } from './sweep.ts';

let ground: TestGround;
beforeAll(async () => {
  ground = await startGround();
});
afterAll(() => ground.close());
beforeEach(() => clear(ground.db));

const stored = async (): Promise<Set<number>> =>
  new Set((await ground.db.many<{ camera: number }>('select camera from result')).map(({ camera }) => camera));

describe('a database that goes away under load', () => {
  const letIn = 1_000;
  const results = sweepOf(5_000, 1);

  it.each(['cut', 'hang'] as const)(
    '(%s) lets nobody else in, loses nothing that was acknowledged and doubles nothing',
    async (how) => {
      await using relay = await relayTo(ground.pair.folder);
      const db = openDatabase(relay.url, { max: 2, answerWithinMs: 2_000 });
      const warned = Array.from({ length: 2 }, () => Promise.withResolvers<void>());
      let warnings = 0;
      const log = { ...ground.log, warn: () => warned[warnings++]?.resolve() } as unknown as typeof ground.log;
      const writer = new ResultWriter(db, log);
      // As the probing does: a probe holds its place until its result is committed.
      const places = pLimit(letIn);
      const acknowledged = new Set<number>();
      const all = results.map((one) =>
        places(async () => {
          await writer.write(one);
          acknowledged.add(one.camera);
          if (acknowledged.size === letIn) relay[how]();
        }),
      );
      await warned[0]!.promise;
      // Cut off, it tries again and fails again; hung, it waits for a connection that nobody answers.
      if (how === 'cut') await warned[1]!.promise;
      const known = acknowledged.size;
      expect(known).toBeGreaterThanOrEqual(letIn);
      expect([places.activeCount, places.pendingCount]).toEqual([letIn, results.length - known - letIn]);
      const there = await stored();
      expect([...acknowledged].filter((camera) => !there.has(camera))).toEqual([]);

      relay.restore();
      await Promise.all(all);
      await writer.close();
      expect(await ground.db.one('select count(*) as rows from result')).toEqual({ rows: results.length });
      expect((await stored()).size).toBe(results.length);
      await db.close();
    },
  );

  it('is not waited for by a writer that closes: what it did not take is rejected, and its slot stays open', async () => {
    await using relay = await relayTo(ground.pair.folder);
    const db = openDatabase(relay.url, { max: 2 });
    const writer = new ResultWriter(db, ground.log);
    relay.cut();
    const ends = Promise.allSettled(results.slice(0, 2_500).map((one) => writer.write(one)));
    await writer.close();
    expect((await ends).every((end) => end.status === 'rejected' && end.reason instanceof DatabaseAway)).toBe(true);
    expect((await stored()).size).toBe(0);
    await db.close();
  });
});

describe('a server that takes a statement and never answers', () => {
  it('is away after a while, in a transaction too; what may take minutes is waited for', async () => {
    await using relay = await relayTo(ground.pair.folder);
    const db = openDatabase(relay.url, { max: 3, answerWithinMs: 300 });
    const connected = (work: () => Promise<unknown>) => Promise.all([work(), work(), work()]);
    await connected(() => db.patient.one('select 1'));
    relay.hang();
    const patient = db.patient.one('select 1 as one');
    const away = { constructor: DatabaseAway, message: 'no answer in 300 ms' };
    await expect(db.one('select 1')).rejects.toMatchObject(away);
    await expect(db.transaction((tx) => tx.one('select 1'))).rejects.toMatchObject(away);
    relay.restore();
    expect(await patient).toEqual({ one: 1 });
    expect(await db.one('select 2 as two')).toEqual({ two: 2 });
    await db.close();
  });

  it('does not take along a statement that the database works on for longer, where it was asked for with patience', async () => {
    const db = openDatabase(ground.pair.databaseUrl, { max: 1, answerWithinMs: 300 });
    expect(await db.patient.one("select pg_sleep(1)::text, 'slept' as word")).toMatchObject({ word: 'slept' });
    await expect(db.one('select pg_sleep(1)')).rejects.toThrow(DatabaseAway);
    await db.close();
  });
});
