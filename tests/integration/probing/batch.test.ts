import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Decoder, openDecoder } from '../../../probes/index.ts';
import type { Queryable } from '../../../src/db/pool.ts';
import { importRows } from '../../../src/inventory/import.ts';
import type { Row } from '../../../src/inventory/sheet.ts';
import { putSite } from '../../../src/inventory/site.ts';
import { BatchProber, type ProberParts } from '../../../src/probing/batch.ts';
import { markDone } from '../../../src/schedule/attempts.ts';
import { closeInspection, openInspection } from '../../../src/schedule/inspection.ts';
import { decidePolicy } from '../../../src/schedule/policy.ts';
import { insert } from '../../../src/store/writer.ts';
import { fakeCamera, type Wire } from '../../support/camera.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { digest, works } from '../../unit/probes/scene.ts';
import { clear, codeOf } from '../schedule/roster.ts';

let ground: TestGround;
let decoder: Decoder;
beforeAll(async () => {
  ground = await startGround();
  decoder = openDecoder(1);
});
afterAll(async () => {
  await decoder.close();
  await ground.close();
});
beforeEach(async () => {
  await clear(ground.db);
  await putSite(ground.db, { code: 'north', name: '城北', networks: ['127.0.0.0/8'] });
  await decidePolicy(ground.db, new Date('2026-01-01T00:00:00Z'), 'short', { deadline: 5_000 });
});

const never = new AbortController().signal;

const prober = (more: Partial<ProberParts> = {}): BatchProber => {
  const { db, vault, log } = ground;
  return new BatchProber({ db, vault, decoder, log, sockets: 8, deliver: (one) => insert(db, [one]), ...more });
};

/** Cameras at these URLs, all with one password, and an inspection of them; gives a batch of each attempt. */
const batchesOf = async (urls: readonly string[], attempts: number, more: Partial<Row> = {}): Promise<number[]> => {
  const { db, vault } = ground;
  const rows = urls.map(
    (rtspUrl, nth): Row => ({
      line: nth + 2,
      code: codeOf(nth + 1),
      name: `点位 ${nth + 1}`,
      unit: '450202',
      class: 'social',
      site: 'north',
      rtspUrl,
      onvifUrl: null,
      user: 'admin',
      password: 'opensesame',
      basicAllowed: false,
      ...more,
    }),
  );
  await importRows(db, vault, rows, false);
  const { id, started_at } = await openInspection(db, new Date('2026-10-01T02:00:00Z'), null);
  const batches: number[] = [];
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const batch = await db.one<{ id: number }>(
      `insert into batch (inspection, attempt, part, slot, site, cameras)
       select $1, $2, 0, $3, 'north', array_agg(id order by code) from camera returning id`,
      [id, attempt, new Date(started_at.getTime() + (attempt - 1) * 60_000)],
    );
    batches.push(batch.id);
  }
  return batches;
};

type Stored = {
  serial: number;
  attempt: number;
  online: boolean | null;
  image: boolean | null;
  failure: string | null;
};
const stored = (): Promise<Stored[]> =>
  ground.db.many<Stored>(
    `select right(c.code, 6)::integer as serial, r.attempt, r.online, r.image, r.failure
     from result r join camera c on c.id = r.camera order by r.slot, serial`,
  );

const refuses = async (wire: Wire): Promise<void> => {
  for (;;) {
    await wire.request();
    wire.answer(401, { 'WWW-Authenticate': digest });
  }
};
const answers =
  (status: number, reason = '') =>
  async (wire: Wire): Promise<void> => {
    await wire.request();
    if (reason === '') wire.answer(status);
    else wire.send(`RTSP/1.0 ${status} ${reason}\r\nCSeq: 1\r\n\r\n`);
  };

describe('a camera whose password is wrong', () => {
  const refused = { online: true, image: false, failure: 'unauthorized' };

  it('is logged in to exactly once in three attempts, also by workers that start anew', async () => {
    await using camera = await fakeCamera(refuses);
    const [first, second, third] = await batchesOf([camera.url()], 3);
    const worker = prober();
    await worker.work(first!, never);
    await worker.work(second!, never);
    await prober().work(third!, never);
    expect(camera.logins).toBe(1);
    expect(await stored()).toMatchObject([
      { attempt: 1, ...refused },
      { attempt: 2, ...refused },
      { attempt: 3, ...refused },
    ]);
  });

  it('is not tried again by the same worker while the database cannot be told, and is noted as soon as it can', async () => {
    await using camera = await fakeCamera(refuses);
    const [first, second] = await batchesOf([camera.url()], 2);
    let away = true;
    const db: Queryable = {
      ...ground.db,
      run: (sql, parameters) =>
        away && sql.includes('login_refusal') ? Promise.reject(new Error('away')) : ground.db.run(sql, parameters),
    };
    const worker = prober({ db });
    await expect(worker.work(first!, never)).rejects.toThrow('away');
    await expect(worker.work(second!, never)).rejects.toThrow('away');
    expect(await stored()).toEqual([]);
    away = false;
    await worker.work(first!, never);
    await prober().work(second!, never);
    expect(camera.logins).toBe(1);
    expect(await stored()).toMatchObject([
      { attempt: 1, ...refused },
      { attempt: 2, ...refused },
    ]);
  });

  it('is logged in to once where two batches hold it at the same moment', async () => {
    await using camera = await fakeCamera(refuses);
    const batches = await batchesOf([camera.url()], 3);
    const worker = prober();
    await Promise.all(batches.map((batch) => worker.work(batch, never)));
    expect(camera.logins).toBe(1);
  });
});

describe('a batch', () => {
  it('gives a result of every camera, whatever it says; a NUL in its words does not take the others along', async () => {
    await using sound = await fakeCamera(works);
    await using gone = await fakeCamera(answers(404, 'No\0t'));
    const [batch] = await batchesOf([sound.url(), gone.url(), 'rtsp://127.0.0.2:1/'], 1);
    expect(await prober().work(batch!, never)).toBe(3);
    expect(await stored()).toEqual([
      { serial: 1, attempt: 1, online: true, image: true, failure: null },
      { serial: 2, attempt: 1, online: true, image: false, failure: 'not_found' },
      { serial: 3, attempt: 1, online: false, image: false, failure: 'refused' },
    ]);
    const kept = await ground.db.many<{ jpeg: Buffer }>('select jpeg from evidence');
    expect(kept.map(({ jpeg }) => jpeg.subarray(0, 3).toString('hex'))).toEqual(['ffd8ff']);
  });

  it('is taken up where it stands, and a camera that has its result is not asked again', async () => {
    await using camera = await fakeCamera(answers(404));
    const [batch] = await batchesOf([camera.url(), 'rtsp://127.0.0.2:1/'], 1);
    expect(await prober().work(batch!, never)).toBe(2);
    await ground.db.run("delete from result where failure = 'refused'");
    expect(await prober().work(batch!, never)).toBe(1);
    expect(await prober().work(batch!, never)).toBe(0);
    expect([camera.connections, (await stored()).length]).toEqual([1, 2]);
  });

  it('of an inspection that is over asks nobody', async () => {
    await using camera = await fakeCamera(works);
    const [batch] = await batchesOf([camera.url()], 1);
    await closeInspection(ground.db, 1, new Date());
    expect(await prober().work(batch!, never)).toBe(0);
    expect(camera.connections).toBe(0);
  });

  it('that is stopped leaves the slots of what was not answered open, for whoever takes it up', async () => {
    await using camera = await fakeCamera(async (wire, nth) => {
      if (nth === 1) await wire.closed;
      else await works(wire);
    });
    const [batch] = await batchesOf([camera.url(), 'rtsp://127.0.0.2:1/'], 1);
    const stop = new AbortController();
    const delivered = Promise.withResolvers<void>();
    const worked = prober({
      deliver: async (one) => {
        await insert(ground.db, [one]);
        delivered.resolve();
      },
    }).work(batch!, stop.signal);
    await Promise.all([camera.asked('DESCRIBE'), delivered.promise]);
    stop.abort();
    await expect(worked).rejects.toThrow('stopped');
    expect(await stored()).toMatchObject([{ serial: 2, failure: 'refused' }]);
    expect(await markDone(ground.db, 1)).toBe(0);

    expect(await prober().work(batch!, never)).toBe(1);
    expect(await stored()).toMatchObject([{ serial: 1, image: true }, { serial: 2 }]);
    expect(await markDone(ground.db, 1)).toBe(1);
  });

  it('does not speak to an address outside the networks of its site, and that is unknown, not down', async () => {
    await using camera = await fakeCamera(works);
    const [batch] = await batchesOf([camera.url()], 1);
    await putSite(ground.db, { code: 'north', name: '城北', networks: ['10.20.0.0/16'] });
    await prober().work(batch!, never);
    expect(camera.requests).toEqual([]);
    expect(await stored()).toMatchObject([{ online: null, image: null, failure: 'address_not_allowed' }]);
  });

  it('asks a household camera for no picture', async () => {
    await using camera = await fakeCamera(works);
    const [batch] = await batchesOf([camera.url()], 1, { class: 'household' });
    await prober().work(batch!, never);
    expect(await stored()).toMatchObject([{ online: true, image: null, failure: null }]);
    expect(camera.methods).not.toContain('PLAY');
  });
});

describe('cameras behind one address', () => {
  it('are visited one after the other, and hold up no other address while they wait', async () => {
    const elsewhere = Promise.withResolvers<void>();
    const channel = async (wire: Wire): Promise<void> => {
      await wire.request();
      await elsewhere.promise;
      wire.answer(404);
    };
    await using first = await fakeCamera(channel);
    await using second = await fakeCamera(channel);
    await using third = await fakeCamera(channel);
    const urls = [first.url(), second.url(), third.url(), 'rtsp://127.0.0.2:1/'];
    const [batch] = await batchesOf(urls, 1);
    // The recorder answers only when the camera elsewhere has been probed, with as many sockets as it has channels.
    let connected = 0;
    await prober({
      sockets: 3,
      deliver: async (one) => {
        await insert(ground.db, [one]);
        if (one.failure !== 'refused') return;
        connected = first.connections + second.connections + third.connections;
        elsewhere.resolve();
      },
    }).work(batch!, never);
    expect((await stored()).map(({ failure }) => failure)).toEqual(['not_found', 'not_found', 'not_found', 'refused']);
    expect(connected).toBe(1);
    expect([first, second, third].map(({ connections }) => connections)).toEqual([1, 1, 1]);
  });
});

describe('a worker whose database is slow', () => {
  it('does not probe on: a socket is free when its result is committed', async () => {
    await using camera = await fakeCamera(answers(404));
    const [batch] = await batchesOf(['rtsp://127.0.0.2:1/', camera.url()], 1);
    const [asked, committed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const worked = prober({
      sockets: 1,
      deliver: async (one) => {
        if (one.failure === 'refused') {
          asked.resolve();
          await committed.promise;
        }
        await insert(ground.db, [one]);
      },
    }).work(batch!, never);
    await asked.promise;
    // A round trip to the database is longer than a connection on loopback would take.
    await stored();
    expect(camera.connections).toBe(0);
    committed.resolve();
    await worked;
    expect(camera.connections).toBe(1);
  });
});
