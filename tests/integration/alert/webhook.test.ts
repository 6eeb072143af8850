import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Queue } from 'bullmq';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { enqueueOutbox, raiseMissed, webhookQueue } from '../../../src/alert/outbox.ts';
import { sendEvent } from '../../../src/alert/webhook.ts';
import { readWebhookSecret } from '../../../src/config/secrets.ts';
import { bullConnection } from '../../../src/queue/connection.ts';
import { startNotifier } from '../../../src/roles/notifier.ts';
import { startScheduler } from '../../../src/roles/scheduler.ts';
import { openInspection } from '../../../src/schedule/inspection.ts';
import { decidePolicy } from '../../../src/schedule/policy.ts';
import { Sentence } from '../../../src/sentence.ts';
import { judgeUnit, none } from '../../../src/verdict/rates.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { clear, putCameras } from '../schedule/roster.ts';
import { type Receiver, receiver } from './receiver.ts';

const secret = randomBytes(32).toString('base64');
let ground: TestGround;
let secretFile: string;
beforeAll(async () => {
  ground = await startGround();
  secretFile = join(ground.pair.folder, 'webhook-secret');
  await writeFile(secretFile, `${secret}\n`);
});
afterAll(() => ground.close());
beforeEach(async () => {
  await clear(ground.db);
  await ground.redis.flushall();
});

const now = new Date('2026-10-01T03:00:00Z');
const targets = { online: 95, image: 95 };
const rates = judgeUnit(
  { social: { ...none, roster: 20_000, online: 18_999, image: 18_000 } },
  { total: targets, skynet: targets, social: targets, coverage: 99 },
);
const raise = (inspection: number, ...units: string[]): Promise<void> =>
  raiseMissed(
    ground.db,
    { id: inspection, startedAt: now, formula: 'xunjian-rates/1' },
    units.map((unit) => ({ unit, name: `单位 ${unit}`, rates })),
  );

type Event = { id: number; event: string; sent_at: Date | null; tries: number; last_error: string | null };
const events = (): Promise<Event[]> =>
  ground.db.many<Event>('select id, event, sent_at, tries, last_error from outbox order by id');

const webhook = async (to: Receiver) => ({ url: to.url, secret: await readWebhookSecret(secretFile) });
const withReceiver = (to: Receiver): TestGround => ({
  ...ground,
  config: {
    ...ground.config,
    webhookUrl: to.url,
    secrets: { ...ground.config.secrets, webhookSecretFile: secretFile },
  },
});
const taken = (): { status: number } => ({ status: 204 });

/** Asks again and again until `done`; the answer is a state of the world, not a time. */
const until = async (done: () => Promise<boolean>): Promise<void> => {
  while (!(await done())) await new Promise((resolve) => setTimeout(resolve, 20));
};

describe('an event', () => {
  it('is written once for an inspection and unit, however often its cause is worked through', async () => {
    await raise(1, '450202', '450203');
    await raise(1, '450203', '450204');
    await raise(2, '450203');
    expect((await events()).map(({ event }) => event)).toEqual([
      'inspection-1-missed-450202',
      'inspection-1-missed-450203',
      'inspection-1-missed-450204',
      'inspection-2-missed-450203',
    ]);
  });

  it('is told signed and once, with its figures and a rate that is rounded down', async () => {
    await using to = await receiver(secret, taken);
    await raise(1, '450202');
    const [{ id }] = (await events()) as [Event];
    await sendEvent(ground.db, await webhook(to), id, new Date());
    await sendEvent(ground.db, await webhook(to), id, new Date());
    expect(to.messages).toHaveLength(1);
    expect(to.messages[0]).toMatchObject({
      id: 'inspection-1-missed-450202',
      genuine: true,
      body: {
        type: 'unit.missed_target',
        inspection: 1,
        at: '2026-10-01T03:00:00.000Z',
        formula: 'xunjian-rates/1',
        unit: { code: '450202', name: '单位 450202' },
        classes: { total: { assessed: 20_000, online: 18_999 } },
        zh: expect.stringContaining('在线 18999/20000（94.9%）'),
        en: expect.stringContaining('online 18999/20000 (94.9%)'),
      },
    });
  });

  it.each([
    [500, 'the receiver answered 500'],
    [404, 'the receiver answered 404'],
    [410, 'the receiver answered 410'],
  ])('that the receiver answers with %i is not sent, and why is kept', async (status, reason) => {
    await using to = await receiver(secret, () => ({ status }));
    await raise(1, '450202');
    await expect(sendEvent(ground.db, await webhook(to), 1, now)).rejects.toThrow(reason);
    expect(await events()).toMatchObject([{ sent_at: null, tries: 1, last_error: reason }]);
  });

  it('does not follow the receiver to another address', async () => {
    await using other = await receiver(secret, taken);
    await using to = await receiver(secret, () => ({ status: 307, location: other.url }));
    await raise(1, '450202');
    await expect(sendEvent(ground.db, await webhook(to), 1, now)).rejects.toThrow(/redirect/);
    expect([to.messages.length, other.messages.length]).toEqual([1, 0]);
    expect(await events()).toMatchObject([{ sent_at: null, last_error: expect.stringContaining('redirect') }]);
  });

  it('whose receiver is not there says so', async () => {
    const to = await receiver(secret, taken);
    await to[Symbol.asyncDispose]();
    await raise(1, '450202');
    await expect(sendEvent(ground.db, await webhook(to), 1, now)).rejects.toThrow(/ECONNREFUSED/);
  });
});

describe('the outbox', () => {
  it('queues each event once; one that was lost with Redis again, a quarter of an hour later', async () => {
    const queue = new Queue(webhookQueue, bullConnection(ground.redis));
    await raise(1, '450202', '450203');
    expect(await enqueueOutbox(ground.db, queue, now)).toBe(2);
    expect(await enqueueOutbox(ground.db, queue, new Date(now.getTime() + 60_000))).toBe(0);
    expect(await queue.count()).toBe(2);
    // Killed between the queue and the note of it: the same jobs, at another moment, are not two more.
    await ground.db.run('update outbox set enqueued_at = null');
    expect(await enqueueOutbox(ground.db, queue, new Date(now.getTime() + 120_000))).toBe(2);
    expect(await queue.count()).toBe(2);
    await ground.redis.flushall();
    await ground.db.run('update outbox set sent_at = now() where id = 1');
    expect(await enqueueOutbox(ground.db, queue, new Date(now.getTime() + 20 * 60_000))).toBe(1);
    expect((await queue.getWaiting()).map(({ data }) => data)).toEqual([{ outbox: 2 }]);
    await queue.close();
  });
});

describe('the notifier', () => {
  it('tries again after a 500, and tells an event once, also when it is queued twice or started anew', async () => {
    await using to = await receiver(secret, (nth) => ({ status: nth === 1 ? 500 : 204 }));
    const queue = new Queue(webhookQueue, bullConnection(ground.redis));
    const first = await startNotifier(withReceiver(to));
    await raise(1, '450202');
    await enqueueOutbox(ground.db, queue, now);
    await until(async () => (await events())[0]!.sent_at !== null);
    expect(to.messages.map(({ id, genuine }) => [id, genuine])).toEqual([
      ['inspection-1-missed-450202', true],
      ['inspection-1-missed-450202', true],
    ]);
    expect(await events()).toMatchObject([{ tries: 2, last_error: null }]);
    await first.stop();

    await queue.add('webhook', { outbox: 1 });
    await raise(1, '450202', '450203');
    await enqueueOutbox(ground.db, queue, now);
    const second = await startNotifier(withReceiver(to));
    await until(
      async () => (await events())[1]!.sent_at !== null && (await queue.getJobCountByTypes('waiting', 'active')) === 0,
    );
    expect(to.messages.map(({ id }) => id).slice(2)).toEqual(['inspection-1-missed-450203']);
    await second.stop();
    await queue.close();
  });

  it('hears of a unit that missed its target from the scheduler, and of one that met it nothing', async () => {
    await using to = await receiver(secret, taken);
    const roles = withReceiver(to);
    const notifier = await startNotifier(roles);
    await putCameras(ground.db, [
      { serial: 1, unit: '450202' },
      { serial: 2, unit: '450203' },
    ]);
    // Or a run of these tests at eight in Liuzhou would open the day's own round.
    await decidePolicy(ground.db, new Date('2026-01-01T00:00:00Z'), 'by hand only', { daily_at: null });
    const { id } = await openInspection(ground.db, new Date(), null);
    const scheduler = startScheduler(roles);
    await until(async () => (await ground.db.many('select from batch')).length === 1);
    // All attempts have been made, and one of the two answered none of them.
    await ground.db.run(
      `insert into result (slot, camera, inspection, attempt, observed_at, online, image, took)
       select slot, camera, inspection, attempt, slot, camera = $2, camera = $2, 5
       from batch cross join unnest(cameras) as camera where inspection = $1`,
      [id, (await ground.db.one<{ id: number }>("select id from camera where unit = '450203'")).id],
    );
    await ground.db.run(
      "update inspection set cutoff_at = greatest(started_at + interval '1 ms', now()) where id = $1",
      [id],
    );
    await to.received(1);
    await until(async () => (await events())[0]?.sent_at !== null);
    await scheduler.stop();
    await notifier.stop();
    expect(to.messages).toMatchObject([
      {
        id: `inspection-${id}-missed-450202`,
        genuine: true,
        body: { unit: { code: '450202', name: '城中区' }, classes: { total: { roster: 1, assessed: 1, online: 0 } } },
      },
    ]);
  });

  it('starts where no receiver is configured, and does nothing', async () => {
    await (await startNotifier(ground)).stop();
  });
});

describe('the secret of the signatures', () => {
  const read = async (text: string): Promise<Buffer> => {
    await writeFile(secretFile, text);
    try {
      return await readWebhookSecret(secretFile);
    } finally {
      await writeFile(secretFile, secret);
    }
  };

  it('is bytes in base64, with or without their prefix', async () => {
    expect(await read('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n')).toHaveLength(24);
    expect(await read('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')).toEqual(
      await read('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'),
    );
    // What docker/compose.yaml says to make is base64 too.
    expect(await read(randomBytes(32).toString('hex'))).toHaveLength(48);
  });

  it.each(['', 'opensesame', 'a secret of more than 24 characters!', 'A'.repeat(100)])(
    'is refused in words, and not repeated, where it is "%s"',
    async (text) => {
      const refused = await read(text).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(Sentence);
      if (text !== '') expect((refused as Sentence).message).not.toContain(text);
    },
  );

  it('that cannot be read is refused with its path', async () => {
    await expect(readWebhookSecret('/no/such/file')).rejects.toThrow('XUNJIAN_WEBHOOK_SECRET_FILE=/no/such/file');
  });
});
