import { Worker } from 'bullmq';
import { type WebhookJob, webhookQueue } from '../alert/outbox.ts';
import { sendEvent } from '../alert/webhook.ts';
import { readWebhookSecret } from '../config/secrets.ts';
import { bullConnection } from '../queue/connection.ts';
import type { Ground } from './ground.ts';
import type { Role } from './worker.ts';

/** Sends what the outbox holds to the configured receiver; does nothing where none is configured. */
export const startNotifier = async ({ config, db, redis, log }: Ground): Promise<Role> => {
  const { webhookUrl, secrets } = config;
  if (webhookUrl === null) return { stop: async () => {} };
  const secret = await readWebhookSecret(secrets.webhookSecretFile!);
  const worker = new Worker<WebhookJob>(
    webhookQueue,
    (job) => sendEvent(db, { url: webhookUrl, secret }, job.data.outbox, new Date()),
    { ...bullConnection(redis), concurrency: 4 },
  );
  worker.on('error', (error) => log.warn({ error: error.message }, 'worker of webhooks'));
  worker.on('failed', (job, error) =>
    log.warn({ outbox: job?.data.outbox, error: error.message }, 'webhook not taken'),
  );
  await worker.waitUntilReady();
  return { stop: () => worker.close() };
};
