import type { Queryable } from '../db/pool.ts';
import { percent, type UnitRates } from '../verdict/rates.ts';

export type MissedUnit = { readonly unit: string; readonly name: string; readonly rates: UnitRates };

/**
 * Writes down that a unit missed its target, in the transaction that decides it. One event a unit and inspection,
 * however often the inspection is worked through.
 */
export const raiseMissed = async (
  tx: Queryable,
  inspection: { readonly id: number; readonly startedAt: Date; readonly formula: string },
  missed: readonly MissedUnit[],
): Promise<void> => {
  for (const { unit, name, rates } of missed) {
    const { total, skynet, social } = rates.classes;
    const payload = {
      type: 'unit.missed_target',
      inspection: inspection.id,
      at: inspection.startedAt.toISOString(),
      formula: inspection.formula,
      unit: { code: unit, name },
      classes: { total, skynet, social },
      zh:
        `${name}未达标：在线 ${total.online}/${total.assessed}（${percent(total.online, total.assessed)}），` +
        `出图 ${total.image}/${total.assessed}（${percent(total.image, total.assessed)}）`,
      en:
        `${name} missed its target: online ${total.online}/${total.assessed} (${percent(total.online, total.assessed)}), ` +
        `picture ${total.image}/${total.assessed} (${percent(total.image, total.assessed)})`,
    };
    await tx.run('insert into outbox (event, payload) values ($1, $2) on conflict (event) do nothing', [
      `inspection-${inspection.id}-missed-${unit}`,
      JSON.stringify(payload),
    ]);
  }
};

/** How long an event that was queued and not sent is left to its job before it is queued again. */
const patienceMs = 15 * 60_000;

export type WebhookJob = { readonly outbox: number };
export const webhookQueue = 'xunjian-webhook';

export type JobAdder = {
  add(name: string, data: WebhookJob, options: Record<string, unknown>): Promise<unknown>;
};

/** Queues what is not sent yet. A job lost with Redis is queued again; the receiver tells doubles by the event's id. */
export const enqueueOutbox = async (db: Queryable, queue: JobAdder, now: Date): Promise<number> => {
  const due = await db.many<{ id: number; enqueued_at: Date | null }>(
    `select id, enqueued_at from outbox where sent_at is null and (enqueued_at is null or enqueued_at < $1) order by id limit 100`,
    [new Date(now.getTime() - patienceMs)],
  );
  for (const { id, enqueued_at } of due) {
    await queue.add(
      'webhook',
      { outbox: id },
      {
        // Killed before the update below, it is queued once more under the same id, which BullMQ does not do twice.
        jobId: `outbox-${id}-${enqueued_at?.getTime() ?? 0}`,
        attempts: 8,
        backoff: { type: 'exponential', delay: 1_000 },
        removeOnComplete: true,
        removeOnFail: true,
      },
    );
    await db.run('update outbox set enqueued_at = $2 where id = $1', [id, now]);
  }
  return due.length;
};
