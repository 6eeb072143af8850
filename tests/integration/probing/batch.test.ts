import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Decoder, openDecoder } from '../../../probes/index.ts';
import { openDatabase } from '../../../src/db/pool.ts';
import { importRows } from '../../../src/inventory/import.ts';
import type { Row } from '../../../src/inventory/sheet.ts';
import { putSite } from '../../../src/inventory/site.ts';
import type { Log } from '../../../src/log.ts';
import { BatchProber, type ProberParts } from '../../../src/probing/batch.ts';
import { noteDevices } from '../../../src/probing/device.ts';
import { RedisHostLeases } from '../../../src/probing/host-lease.ts';
import { SiteLimits } from '../../../src/probing/site-limits.ts';
import { markDone } from '../../../src/schedule/attempts.ts';
import type { ProbeJob } from '../../../src/schedule/enqueue.ts';
import { closeInspection, openInspection } from '../../../src/schedule/inspection.ts';
import { decidePolicy } from '../../../src/schedule/policy.ts';
import { insert } from '../../../src/store/writer.ts';
import { fakeCamera, type Script, type Wire } from '../../support/camera.ts';
import { startGround, type TestGround } from '../../support/ground.ts';
import { operationsOf, replies } from '../../unit/probes/onvif-device.ts';
import { digest, interFrames, serve, works } from '../../unit/probes/scene.ts';
import { clear, codeOf } from '../schedule/roster.ts';
import { relayTo } from '../store/relay.ts';

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
  // Of its own: another prober is another worker.
  const leases = new RedisHostLeases(ground.redis);
  return new BatchProber({
    db,
    vault,
    decoder,
    leases,
    log,
    gate: gateOf(8),
    deliver: (one) => insert(db, [one]),
    ...more,
  });
};

const gateOf = (sockets: number): SiteLimits => {
  const gate = new SiteLimits(sockets, () => performance.now());
  gate.set('north', { sockets: null, megabits: null }, null);
  return gate;
};

/** Cameras at these URLs, all with one password, and an inspection of them; gives a batch of each attempt. */
const batchesOf = async (urls: readonly string[], attempts: number, more: Partial<Row> = {}): Promise<ProbeJob[]> => {
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
      snapshotUrl: null,
      transport: 'tcp',
      certificate: null,
      deadlineMs: null,
      user: 'admin',
      password: 'opensesame',
      basicAllowed: false,
      ...more,
    }),
  );
  await importRows(db, vault, rows, false);
  const { id, started_at } = await openInspection(db, new Date('2026-10-01T02:00:00Z'), null);
  const batches: ProbeJob[] = [];
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const batch = await db.one<{ id: number }>(
      `insert into batch (inspection, attempt, part, slot, site, cameras)
       select $1, $2, 0, $3, 'north', array_agg(id order by code) from camera returning id`,
      [id, attempt, new Date(started_at.getTime() + (attempt - 1) * 60_000)],
    );
    batches.push({ batch: batch.id });
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

  it('is not told while the database is away: its refusal is written down first, and nothing is sent again', async () => {
    await using relay = await relayTo(ground.pair.folder);
    await using camera = await fakeCamera(async (wire) => {
      for (;;) {
        if ((await wire.request()).login !== null) relay.cut();
        wire.answer(401, { 'WWW-Authenticate': digest });
      }
    });
    const [first, second] = await batchesOf([camera.url()], 2);
    const db = openDatabase(relay.url, { max: 2 });
    const waits = Promise.withResolvers<void>();
    const log = { ...ground.log, debug: () => {}, warn: () => waits.resolve() } as unknown as Log;
    try {
      const worked = prober({ db, log }).work(first!, never);
      await waits.promise;
      expect(await stored()).toEqual([]);
      relay.restore();
      await worked;
    } finally {
      await db.close();
    }
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

  it('is logged in to once where two workers hold it at the same moment', async () => {
    await using camera = await fakeCamera(refuses);
    const batches = await batchesOf([camera.url()], 2);
    await Promise.all(batches.map((batch) => prober().work(batch, never)));
    expect(camera.logins).toBe(1);
    expect(await stored()).toMatchObject([
      { attempt: 1, ...refused },
      { attempt: 2, ...refused },
    ]);
  });

  it('costs its recorder one failed login, whatever the number of its channels', async () => {
    await using recorder = await fakeCamera(refuses);
    const channels = [1, 2, 3, 4].map((channel) => recorder.url(`/channel/${channel}`));
    const [first, second] = await batchesOf(channels, 2);
    const worker = prober();
    await Promise.all([worker.work(first!, never), prober().work(second!, never)]);
    expect([recorder.logins, recorder.connections]).toEqual([1, 8]);
    expect((await stored()).map(({ failure }) => failure)).toEqual(Array(8).fill('unauthorized'));
  });
});

describe('a login that was left without an answer', () => {
  it('is held for the later attempts, and that is unknown, not down', async () => {
    await using camera = await fakeCamera(async (wire) => {
      while ((await wire.request()).login === null) wire.answer(401, { 'WWW-Authenticate': digest });
      wire.send('RTSP/1.0 ');
      wire.end();
    });
    const [first, second] = await batchesOf([camera.url()], 2);
    await prober().work(first!, never);
    await prober().work(second!, never);
    expect(camera.logins).toBe(1);
    expect(await stored()).toMatchObject([
      { attempt: 1, online: true, failure: 'closed' },
      { attempt: 2, online: true, image: null, failure: 'login_held' },
    ]);
  });

  it('because its worker was stopped is held as well', async () => {
    await using camera = await fakeCamera(async (wire) => {
      while ((await wire.request()).login === null) wire.answer(401, { 'WWW-Authenticate': digest });
      stop.abort();
      await wire.closed;
    });
    const stop = new AbortController();
    const [batch] = await batchesOf([camera.url()], 1);
    await expect(prober().work(batch!, stop.signal)).rejects.toThrow('stopped');
    await prober().work(batch!, never);
    expect(camera.logins).toBe(1);
    expect(await stored()).toMatchObject([{ online: true, image: null, failure: 'login_held' }]);
  });
});

describe('a camera whose login was accepted before', () => {
  const halfAnHourLater = () => ground.db.run("update login set doubted_at = doubted_at - interval '30 minutes'");

  it('and says 401 now is busy, is asked again after half an hour, and only then refused', async () => {
    let full = false;
    await using camera = await fakeCamera(async (wire) => {
      while ((await wire.request()).login === null || full) wire.answer(401, { 'WWW-Authenticate': digest });
      wire.answer(404);
    });
    const batches = await batchesOf([camera.url()], 5);
    const inspect = (nth: number): Promise<unknown> => prober().work(batches[nth]!, never);
    await inspect(0);
    full = true;
    await inspect(1);
    await inspect(2);
    expect(camera.logins).toBe(2);
    await halfAnHourLater();
    await inspect(3);
    await inspect(4);
    expect(camera.logins).toBe(3);
    expect(await stored()).toMatchObject([
      { attempt: 1, failure: 'not_found' },
      { attempt: 2, online: true, image: null, failure: 'busy' },
      { attempt: 3, online: true, image: null, failure: 'busy' },
      { attempt: 4, image: false, failure: 'unauthorized' },
      { attempt: 5, image: false, failure: 'unauthorized' },
    ]);
  });
});

describe('a batch', () => {
  it('gives a result of every camera, whatever it says; a NUL in its words does not take the others along', async () => {
    await using sound = await fakeCamera(works);
    await using gone = await fakeCamera(answers(404, 'No\0t'));
    const [batch] = await batchesOf([sound.url(), gone.url(), 'rtsp://127.0.0.2:1/'], 1);
    expect(await prober().work(batch!, never)).toEqual({ probed: 3, late: 0 });
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
    expect(await prober().work(batch!, never)).toEqual({ probed: 2, late: 0 });
    await ground.db.run("delete from result where failure = 'refused'");
    expect(await prober().work(batch!, never)).toEqual({ probed: 1, late: 0 });
    expect(await prober().work(batch!, never)).toEqual({ probed: 0, late: 0 });
    expect([camera.connections, (await stored()).length]).toEqual([1, 2]);
  });

  it('of an inspection that is over asks nobody', async () => {
    await using camera = await fakeCamera(works);
    const [batch] = await batchesOf([camera.url()], 1);
    await closeInspection(ground.db, 1, new Date());
    expect(await prober().work(batch!, never)).toEqual({ probed: 0, late: 0 });
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
    expect(await markDone(ground.db, 1, new Date('2026-10-02T00:00:00Z'))).toBe(0);

    expect(await prober().work(batch!, never)).toEqual({ probed: 1, late: 0 });
    expect(await stored()).toMatchObject([{ serial: 1, image: true }, { serial: 2 }]);
    expect(await markDone(ground.db, 1, new Date('2026-10-02T00:00:00Z'))).toBe(1);
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
      gate: gateOf(3),
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

describe('a channel that its device does not have', () => {
  const lacks: Script = answers(404);

  it('is not online behind a recorder, and a camera by itself is: it spoke itself', async () => {
    await using recorder = await fakeCamera(lacks);
    await using camera = await fakeCamera(lacks);
    const [batch] = await batchesOf([recorder.url('/1'), recorder.url('/2'), camera.url()], 1);
    await prober().work(batch!, never);
    expect(await stored()).toMatchObject([
      { online: false, image: false, failure: 'not_found' },
      { online: false, image: false, failure: 'not_found' },
      { online: true, image: false, failure: 'not_found' },
    ]);
  });
});

describe('two workers that visit one host', () => {
  it('take turns: it never has two visitors', async () => {
    let [inside, most] = [0, 0];
    await using recorder = await fakeCamera(async (wire) => {
      most = Math.max(most, ++inside);
      await wire.request();
      wire.answer(404);
      await wire.closed;
      inside--;
    });
    const batches = await batchesOf([recorder.url('/1'), recorder.url('/2')], 3);
    await Promise.all(batches.map((batch) => prober().work(batch, never)));
    expect([recorder.connections, most]).toEqual([6, 1]);
    expect(await stored()).toHaveLength(6);
    await expect.poll(() => ground.redis.keys('xunjian:host:*')).toEqual([]);
  });

  it('leave at once where the host may be another’s: no result is written, and the slot stays open', async () => {
    await using camera = await fakeCamera(async (wire, nth) => {
      if (nth > 1) return works(wire);
      // Pictures, and never a key frame: the visit lasts.
      await serve(wire);
      for (const packet of interFrames(1)) wire.frame(0, packet);
    });
    const [batch] = await batchesOf([camera.url()], 1, { deadlineMs: 60_000 });
    const worked = prober().work(batch!, never);
    await camera.asked('PLAY');
    await ground.redis.del('xunjian:host:127.0.0.1');
    await expect(worked).rejects.toThrow('stopped');
    expect(await stored()).toEqual([]);
    await prober().work(batch!, never);
    expect(await stored()).toMatchObject([{ image: true }]);
  });
});

describe('what the policy adds', () => {
  const decide = (changes: { device_facts?: boolean; snapshot_proves?: boolean }): Promise<number> =>
    decidePolicy(ground.db, new Date('2026-01-02T00:00:00Z'), 'more', changes);
  /** A device that tells everything without a login. */
  const device = () =>
    fakeCamera(async (wire) => {
      const asked = await wire.request();
      const name = (Object.keys(replies) as (keyof typeof replies)[]).find((one) => asked.body.includes(`<${one} `))!;
      wire.http(200, { 'Content-Type': 'application/soap+xml' }, replies[name](asked));
    });
  const told = () => ground.db.many('select * from device');

  it('the facts of a device are asked for in the first attempt, and kept apart from the results', async () => {
    await decide({ device_facts: true });
    await using camera = await fakeCamera(works);
    await using onvif = await device();
    const onvifUrl = `http://127.0.0.1:${onvif.port}/onvif/device_service`;
    const [first, second] = await batchesOf([camera.url()], 2, { onvifUrl });
    const worker = prober();
    await worker.work(first!, never);
    const asked = operationsOf(onvif).length;
    await worker.work(second!, never);
    expect(operationsOf(onvif)).toHaveLength(asked);
    while ((await told()).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await told()).toMatchObject([
      { camera: 1, manufacturer: '海康威视', model: 'DS-2CD', serial: '00012345678901234567890' },
    ]);
    expect(await stored()).toMatchObject([{ image: true }, { image: true }]);
  });

  it('are not asked for where the policy does not say so', async () => {
    await using camera = await fakeCamera(works);
    await using onvif = await device();
    const onvifUrl = `http://127.0.0.1:${onvif.port}/onvif/device_service`;
    const [batch] = await batchesOf([camera.url()], 1, { onvifUrl });
    await prober().work(batch!, never);
    expect(onvif.connections).toBe(0);
  });

  it('and the newest that a device said of itself stays, in whatever order it is told', async () => {
    await batchesOf(['rtsp://127.0.0.1/'], 1);
    const nothing = { firmware: null, serial: null, streamUri: null, subStreamUri: null, snapshotUri: null };
    const said = (minute: number, model: string | null) => ({
      camera: 1,
      at: new Date(Date.UTC(2026, 9, 1, 2, minute)),
      device: { ...nothing, manufacturer: 'Dahua\0', model, clockSkewMs: -86_400_000 * 365 * 26 },
    });
    await noteDevices(ground.db, [said(1, 'old'), said(3, 'new'), said(2, 'middle')]);
    await noteDevices(ground.db, [said(0, 'oldest')]);
    expect(await told()).toMatchObject([{ manufacturer: 'Dahua␀', model: 'new', clock_skew: -819_936_000_000 }]);
    await noteDevices(ground.db, [said(4, null)]);
    expect(await told()).toMatchObject([{ model: null }]);
  });

  it('a snapshot that decodes proves a picture where the stream gave none, and only where the policy takes one', async () => {
    await using sound = await fakeCamera(works);
    const [filmed] = await batchesOf([sound.url()], 1);
    await prober().work(filmed!, never);
    const { jpeg } = await ground.db.one<{ jpeg: Buffer }>('select jpeg from evidence');
    await using mute = await fakeCamera((wire) => serve(wire, 'PLAY').then(() => wire.answer(500)));
    await using web = await fakeCamera(async (wire) => {
      await wire.request();
      wire.http(200, { 'Content-Type': 'image/jpeg' }, jpeg);
    });
    const snapshotUrl = `http://127.0.0.1:${web.port}/snapshot.jpg`;
    const found = async () => {
      await clear(ground.db);
      await putSite(ground.db, { code: 'north', name: '城北', networks: ['127.0.0.0/8'] });
      return async () => {
        const [batch] = await batchesOf([mute.url()], 1, { snapshotUrl });
        await prober().work(batch!, never);
        return ground.db.one('select online, image, failure, proved_by from result');
      };
    };
    const without = await (await found())();
    expect(without).toEqual({ online: true, image: false, failure: 'rtsp_error', proved_by: null });
    expect(web.connections).toBe(0);
    const probe = await found();
    await decide({ snapshot_proves: true });
    expect(await probe()).toEqual({ online: true, image: true, failure: null, proved_by: 'snapshot' });
    expect(web.connections).toBe(1);
  });
});

describe('a worker whose database is slow', () => {
  it('does not probe on: a socket is free when its result is committed', async () => {
    await using camera = await fakeCamera(answers(404));
    const [batch] = await batchesOf(['rtsp://127.0.0.2:1/', camera.url()], 1);
    const [asked, committed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const worked = prober({
      gate: gateOf(1),
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
