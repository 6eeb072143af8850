import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { cameraWith, client, isKey, open, play, simulator, urlOf, whole } from './scripted-city.ts';

describe('a sound camera', () => {
  test.each([0, 1])(
    'asks for a login, describes its video, and sends a key frame as the first picture (%i)',
    async (nth) => {
      const camera = cameraWith('sound', nth);
      const it = await client(camera);
      const first = await it.send('DESCRIBE', urlOf(camera));
      expect(first.status).toBe(401);
      expect(first.headers['www-authenticate']).toMatch(/^Digest realm=".*", nonce="\w+", qop="auth", algorithm=/);
      const described = await it.ask('DESCRIBE', urlOf(camera), camera);
      expect(described.status).toBe(200);
      expect(described.body).toContain(camera.codec === 'h264' ? 'H264/90000' : 'H265/90000');
      const played = await play(camera);
      expect(played.reply.status).toBe(200);
      await played.it.until(whole);
      expect(played.it.packets.filter(isKey(camera)).length).toBeGreaterThan(10);
      const sequence = Number(/seq=(\d+)/.exec(played.reply.headers['rtp-info']!)![1]);
      expect(played.it.packets[0]!.sequence).toBe(sequence);
    },
  );

  test('plays on without a gap in its sequence numbers beyond the end of the clip', async () => {
    const { it } = await play(open);
    await it.until((packets) => new Set(packets.map(({ timestamp }) => timestamp)).size > 102);
    it.packets.forEach((packet, nth) => {
      if (nth > 0) expect(packet.sequence).toBe((it.packets[nth - 1]!.sequence + 1) & 0xffff);
    });
    const steps = it.packets.filter(({ marker }) => marker).map(({ timestamp }) => timestamp);
    for (let nth = 1; nth < steps.length; nth += 1) expect(steps[nth]! - steps[nth - 1]!).toBe(3600);
  });

  test('shows another picture to the next who plays', async () => {
    const camera = cameraWith('sound', 2);
    const pictures = [];
    for (let nth = 0; nth < 2; nth += 1) {
      const { it } = await play(camera);
      await it.until(whole);
      pictures.push(Buffer.concat(it.packets.filter(isKey(camera)).map(({ payload }) => payload)).toString('hex'));
    }
    expect(pictures[0]).not.toBe(pictures[1]);
  });

  test('sends on the channel that was asked for', async () => {
    const { it } = await play(open, 6);
    await it.until(whole);
    expect(new Set(it.packets.map(({ channel }) => channel))).toEqual(new Set([6]));
  });

  test('stops sending after TEARDOWN, and keeps the connection', async () => {
    const before = simulator.stats().teardowns;
    const { it } = await play(open);
    await it.until(whole);
    expect((await it.send('TEARDOWN', urlOf(open))).status).toBe(200);
    expect(simulator.stats().teardowns).toBe(before + 1);
    expect(await it.quietFor(120)).toBe(true);
    expect((await it.send('OPTIONS', urlOf(open))).status).toBe(200);
  });

  test('answers keepalives, refuses UDP, PAUSE, strange sessions, unknown paths and a PLAY before SETUP', async () => {
    const it = await client(open);
    const url = urlOf(open);
    expect((await it.send('GET_PARAMETER', url)).status).toBe(200);
    expect((await it.send('PAUSE', url)).status).toBe(405);
    expect((await it.send('PLAY', url)).status).toBe(455);
    expect((await it.send('SETUP', url, ['Transport: RTP/AVP;unicast;client_port=5000-5001'])).status).toBe(461);
    expect((await it.send('DESCRIBE', `rtsp://${open.address}/live`)).status).toBe(404);
    expect((await it.send('GET_PARAMETER', url, ['Session: 1'])).status).toBe(454);
  });

  test('takes requests in pieces, two at once, and with RTCP between them', async () => {
    const it = await client(open);
    const answered = it.send('OPTIONS', urlOf(open));
    await answered;
    const rtcp = Buffer.from([0x24, 1, 0, 8, 0x80, 201, 0, 1, 0, 0, 0, 1]);
    const text = `OPTIONS ${urlOf(open)} RTSP/1.0\r\nCSeq: 41\r\n\r\nOPTIONS ${urlOf(open)} RTSP/1.0\r\nCSeq: 42\r\n\r\n`;
    const bytes = Buffer.concat([rtcp, Buffer.from(text)]);
    it.socket.setNoDelay(true);
    for (const byte of [bytes.subarray(0, 7), bytes.subarray(7, 40), bytes.subarray(40)]) it.socket.write(byte);
    while (!it.rest.includes('CSeq: 42')) await once(it.socket, 'data');
    expect(it.rest.toString().match(/200 OK/g)?.length).toBe(2);
  });

  test('hangs up on what is no RTSP', async () => {
    const it = await client(open);
    it.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await it.ended;
  });
});

describe('a login', () => {
  test('fails with a wrong password, and is counted for that camera only', async () => {
    const camera = cameraWith('forbidden');
    const it = await client(camera);
    expect((await it.ask('DESCRIBE', urlOf(camera), { user: camera.user, password: 'wrong' })).status).toBe(401);
    expect(simulator.stats().failedLogins(camera.address)).toBe(1);
    expect(simulator.stats().failedLogins(open.address)).toBe(0);
  });

  test('with a count that was used before, or with a nonce of another connection, is stale and no failure', async () => {
    const camera = cameraWith('slow', 1);
    const it = await client(camera);
    expect((await it.ask('DESCRIBE', urlOf(camera), camera)).status).toBe(200);
    const old = it.digest('DESCRIBE', urlOf(camera), camera, 1);
    const replayed = await it.send('DESCRIBE', urlOf(camera), [old]);
    expect([replayed.status, replayed.headers['www-authenticate']!.endsWith('stale=TRUE')]).toEqual([401, true]);
    const other = await client(camera);
    const foreign = await other.send('DESCRIBE', urlOf(camera), [old]);
    expect([foreign.status, foreign.headers['www-authenticate']!.endsWith('stale=TRUE')]).toEqual([401, true]);
    expect(simulator.stats().failedLogins(camera.address)).toBe(0);
  });

  test('is taken with the new password once it was changed on the camera', async () => {
    const camera = cameraWith('not_found');
    simulator.setPassword(camera.code, 'changed');
    expect((await (await client(camera)).ask('DESCRIBE', urlOf(camera), camera)).status).toBe(401);
    const changed = { user: camera.user, password: 'changed' };
    expect((await (await client(camera)).ask('DESCRIBE', urlOf(camera), changed)).status).toBe(404);
  });

  test('is offered as Basic alone where the camera knows nothing better', async () => {
    const camera = cameraWith('basic_only');
    const it = await client(camera);
    const reply = await it.send('DESCRIBE', urlOf(camera));
    expect([reply.status, reply.headers['www-authenticate']]).toEqual([401, 'Basic realm="IP Camera(C2107)"']);
    const right = Buffer.from(`${camera.user}:${camera.password}`).toString('base64');
    expect((await it.send('DESCRIBE', urlOf(camera), [`Authorization: Basic ${right}`])).status).toBe(200);
  });
});
