import { hash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Camera, inventoryCsv, planCity, streamPath, truthOf } from '../../../src/simulator/city.ts';
import { channelFaults, type FaultName } from '../../../src/simulator/faults.ts';
import { type Simulator, startSimulator } from '../../../src/simulator/serve.ts';
import { RawClient } from './raw-client.ts';
import { tinyClips } from './tiny-clips.ts';

const ports = { rtsp: 554, onvif: 80, refused: 40001, unreachable: 40002 };
const plain = planCity({ cameras: 2000, seed: 1 });
const city = planCity({ cameras: 2000, seed: 1, recorders: 0.7 });
const channels = city.cameras.filter(({ channel }) => channel !== undefined);
const recorders = [...Map.groupBy(channels, ({ address }) => address).values()];

describe('a city with recorders', () => {
  test('is, but for them, the city that it is without', () => {
    const account = ({ address, user, password, auth, channel, ...rest }: Camera) => rest;
    expect(city.cameras.map(account)).toEqual(plain.cameras.map(account));
    const others = city.cameras.filter(({ channel }) => channel === undefined);
    expect(others).toEqual(others.map(({ index }) => plain.cameras[index]));
    expect(channels.length).toBeGreaterThan(1300);
    expect(channels.length).toBeLessThanOrEqual(1400);
  });

  test('has as many channels behind an address as are sold, of one unit, with one login, each a path of its own', () => {
    expect(recorders.map(({ length }) => length).filter((size) => size === 16).length).toBeGreaterThan(10);
    expect(recorders.some(({ length }) => length === 64)).toBe(true);
    for (const members of recorders) {
      expect(members.length).toBeGreaterThanOrEqual(2);
      expect(members.length).toBeLessThanOrEqual(64);
      expect(
        new Set(members.map(({ unit, user, password, auth }) => [unit, user, password, auth].join(' '))).size,
      ).toBe(1);
      expect(members[0]!.auth).not.toBe('none');
      expect(members.map(({ channel }) => channel)).toEqual(members.map((_, nth) => nth + 1));
    }
    const second = recorders[0]![1]!;
    expect(inventoryCsv(city, ports)).toContain(
      `rtsp://${second.address}/Streaming/Channels/${second.stream === 'main' ? '201' : '202'},`,
    );
    const alone = new Set(city.cameras.filter(({ channel }) => channel === undefined).map(({ address }) => address));
    for (const [{ address }] of recorders as [Camera][]) expect(alone.has(address)).toBe(false);
  });

  test('lays to a channel only what can be a channel’s, and calls one that is gone offline', () => {
    for (const { fault } of channels) expect(channelFaults.has(fault)).toBe(true);
    const truth = truthOf(city);
    const gone = channels.filter(({ fault }) => fault === 'not_found');
    expect(gone.length).toBeGreaterThan(0);
    for (const { index } of gone) expect(truth[index]).toMatchObject({ online: 'no', image: 'no', kind: 'not_found' });
    const others = truthOf(plain).filter((_, index) => !gone.some((one) => one.index === index));
    expect(truth.filter((_, index) => !gone.some((one) => one.index === index))).toEqual(others);
  });
});

describe('a planned city', () => {
  test('is to this day, byte for byte, what it was when recorders came', () => {
    const digest = (plan: Parameters<typeof planCity>[0]) => {
      const made = planCity(plan);
      return hash('sha256', JSON.stringify(made) + JSON.stringify(truthOf(made)) + inventoryCsv(made, ports));
    };
    expect([digest({ cameras: 2000, seed: 1 }), digest({ cameras: 2000, seed: 2, household: 0.5 })]).toEqual([
      '24e0d33bfc12d9949b89494eb8e3e17a922cde4086c315c5dd36bca84f480fac',
      '09de96685189d2f1fbbf0d6709b453ee1b2dad01569987d15aae4e1eabd02364',
    ]);
  });

  test('shows one stream where it is asked to, and has no fault where none is wanted, all else being the same', () => {
    const sub = planCity({ cameras: 2000, seed: 1, stream: 'sub' });
    expect(sub.cameras).toEqual(plain.cameras.map((camera) => ({ ...camera, stream: 'sub' })));
    const sound = planCity({ cameras: 2000, seed: 1, sound: true });
    expect(truthOf(sound).every(({ kind }) => kind === 'sound')).toBe(true);
    expect(sound.cameras.map(({ code, address, stream }) => [code, address, stream])).toEqual(
      plain.cameras.map(({ code, address, stream }) => [code, address, stream]),
    );
  });
});

describe('a recorder on the wire', () => {
  // Six channels: four sound ones, one that is gone, one without media; and a camera beside it.
  const faults: FaultName[] = ['sound', 'sound', 'sound', 'sound', 'not_found', 'no_media'];
  const planned = planCity({ cameras: 7, seed: 3 });
  const [head] = planned.cameras as [Camera];
  const members = faults.map((fault, nth): Camera => {
    const codec = nth % 2 === 0 ? 'h264' : 'h265';
    const { address, user, password } = head;
    return { ...planned.cameras[nth]!, address, user, password, fault, codec, auth: 'md5', channel: nth + 1 };
  });
  const beside: Camera = { ...planned.cameras[6]!, fault: 'sound', auth: 'none', site: 'elsewhere' };

  let simulator: Simulator;
  beforeAll(async () => {
    const cameras = [...members.map((member) => ({ ...member, site: 'here' })), beside];
    simulator = await startSimulator({ city: { ...planned, cameras }, clips: tinyClips, rtspPort: 0, onvifPort: 0 });
  });
  afterAll(() => simulator.close());

  const client = async (address = head.address) => {
    const it = await RawClient.connect(address, simulator.ports.rtsp);
    onTestFinished(() => it.close());
    return it;
  };
  const urlOf = (camera: Camera) => `rtsp://${camera.address}:${simulator.ports.rtsp}${streamPath(camera)}`;
  const setUp = (it: RawClient, camera: Camera) =>
    it.ask('SETUP', `${urlOf(camera)}/trackID=1`, camera, ['Transport: RTP/AVP/TCP;unicast;interleaved=0-1']);

  test('describes each channel as what it is, and does not know one that is gone or that it never had', async () => {
    for (const camera of members) {
      const { status, body } = await (await client()).ask('DESCRIBE', urlOf(camera), camera);
      expect([camera.channel, status]).toEqual([camera.channel, camera.fault === 'not_found' ? 404 : 200]);
      if (status === 200) expect(body).toContain(camera.codec === 'h264' ? 'H264/90000' : 'H265/90000');
    }
    const never = `rtsp://${head.address}:${simulator.ports.rtsp}/Streaming/Channels/702`;
    expect((await (await client()).ask('DESCRIBE', never, head)).status).toBe(404);
  });

  test('serves four sessions at once and refuses a fifth until one is torn down or its connection has gone', async () => {
    const held = await Promise.all([0, 1, 2, 3].map(() => client()));
    const [first] = members as [Camera];
    for (const it of held) expect((await setUp(it, first)).status).toBe(200);
    const fifth = await client();
    expect((await setUp(fifth, first)).status).toBe(453);
    expect((await held[0]!.ask('TEARDOWN', urlOf(first), first)).status).toBe(200);
    expect((await setUp(fifth, first)).status).toBe(200);
    await held[1]!.close();
    const sixth = await client();
    // The camera hears of the end of a connection when it comes to it.
    while ((await setUp(sixth, first)).status !== 200);
    expect(simulator.stats().peakPerHost(head.address)).toBeGreaterThanOrEqual(5);
  });

  test('has one account: a login that failed over one channel is the recorder’s, and so is a new password', async () => {
    const wrong = { user: head.user, password: 'wrong' };
    expect((await (await client()).ask('DESCRIBE', urlOf(members[3]!), wrong)).status).toBe(401);
    expect(simulator.failedLogins()).toEqual({ [head.code]: 1 });
    expect(simulator.stats()).toMatchObject({ loginsFailed: 1, mostFailedLogins: 1 });
    simulator.setPassword(members[2]!.code, 'changed');
    onTestFinished(() => simulator.setPassword(head.code, head.password));
    const changed = { user: head.user, password: 'changed' };
    expect((await (await client()).ask('DESCRIBE', urlOf(members[1]!), changed)).status).toBe(200);
  });

  test('can lose a channel and get it back while its neighbours go on; what is the whole device’s is refused', async () => {
    const [first, second] = members as [Camera, Camera];
    const statuses = async () => [
      (await (await client()).ask('DESCRIBE', urlOf(first), first)).status,
      (await (await client()).ask('DESCRIBE', urlOf(second), second)).status,
    ];
    simulator.setFault(second.code, 'not_found');
    expect(await statuses()).toEqual([200, 404]);
    simulator.setFault(second.code, 'sound');
    expect(await statuses()).toEqual([200, 200]);
    expect(() => simulator.setFault(second.code, 'silent')).toThrow(TypeError);
  });

  test('counts what each site sent in each second, to the byte', async () => {
    const it = await client(beside.address);
    let received = 0;
    it.socket.on('data', (bytes) => {
      received += bytes.length;
    });
    const sum = () => simulator.sent('elsewhere').reduce((all, { bytes }) => all + bytes, 0);
    const before = sum();
    const here = simulator.sent('here');
    await it.send('DESCRIBE', urlOf(beside));
    await it.send('SETUP', `${urlOf(beside)}/trackID=1`, ['Transport: RTP/AVP/TCP;unicast;interleaved=0-1']);
    await it.send('PLAY', urlOf(beside));
    await it.until((packets) => packets.filter(({ marker }) => marker).length >= 30);
    // Over a second of video: in two seconds by the clock.
    await it.send('TEARDOWN', urlOf(beside));
    expect(sum() - before).toBe(received);
    expect(simulator.sent('elsewhere').length).toBeGreaterThanOrEqual(2);
    for (const { second } of simulator.sent('elsewhere'))
      expect(Math.abs(second - Date.now() / 1000)).toBeLessThan(3600);
    expect(simulator.sent('here')).toEqual(here);
    expect(() => simulator.sent('nowhere')).toThrow(TypeError);
  });
});
