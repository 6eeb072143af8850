import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { bareAddress, plainAddress } from '../../../probes/net/address.ts';
import { visit } from '../../../probes/rtsp.ts';
import { fakeCamera } from '../../support/camera.ts';
import { context, h264Sdp, keyframe, serve, target, works } from './scene.ts';

const here = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));

describe.skipIf(!here)('a camera with an IPv6 address', () => {
  it('is visited by it, and its URLs keep their brackets', async () => {
    await using camera = await fakeCamera(works, { host: '::1' });
    const asked: string[] = [];
    const allow = (address: string) => asked.push(address) > 0;
    const visited = await visit(target(camera, { allow }), context(), 'keyframe');
    await visited.left;
    expect(visited.failure).toBeNull();
    expect(camera.requests[1]!.url).toBe(`rtsp://[::1]:${camera.port}/live/trackID=0`);
    expect(new Set(asked)).toEqual(new Set(['::1']));
  });

  it('may forget the brackets in its Content-Base: its path counts, on the host that was asked', async () => {
    await using camera = await fakeCamera(
      async (wire) => {
        await wire.request();
        wire.answer(200, { 'Content-Base': `rtsp://::1:${camera.port}/live/` }, h264Sdp);
        await wire.request();
        wire.answer(404);
      },
      { host: '::1' },
    );
    await visit(target(camera), context(), 'keyframe');
    expect(camera.requests[1]!.url).toBe(`rtsp://[::1]:${camera.port}/live/trackID=0`);
  });

  it('sends over UDP too', async () => {
    const sender = createSocket('udp6').bind(0, '::1');
    await once(sender, 'listening');
    await using camera = await fakeCamera(
      async (wire) => {
        await wire.request();
        wire.answer(200, {}, h264Sdp);
        const to = Number(/client_port=(\d+)/.exec((await wire.request()).headers.get('transport')!)![1]);
        wire.answer(200, { Session: '1', Transport: `RTP/AVP;unicast;client_port=${to}-${to + 1}` });
        await wire.request();
        wire.answer(200);
        for (const packet of keyframe()) sender.send(packet, to, '::1');
      },
      { host: '::1' },
    );
    const visited = await visit(target(camera, { transport: 'udp' }), context(), 'keyframe');
    await visited.left;
    sender.close();
    expect(visited.failure).toBeNull();
  });
});

describe('an IPv4 address in an IPv6 one', () => {
  it.each(['[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[0:0:0:0:0:FFFF:127.0.0.1]'])(
    '%s is dialled and allowed as what it is',
    async (host) => {
      await using camera = await fakeCamera((wire) => serve(wire, 'DESCRIBE').then(() => wire.answer(404)));
      const asked: string[] = [];
      const allow = (address: string) => {
        asked.push(address);
        return address === '127.0.0.1';
      };
      const url = `rtsp://${host}:${camera.port}/`;
      expect((await visit(target(camera, { url, allow }), context(), 'keyframe')).failure?.kind).toBe('not_found');
      expect(asked).toEqual(['127.0.0.1', '127.0.0.1']);
    },
  );

  it('does not get past a list that forbids it', async () => {
    await using camera = await fakeCamera(works);
    const url = `rtsp://[::ffff:7f00:1]:${camera.port}/`;
    const allow = (address: string) => address !== '127.0.0.1';
    const visited = await visit(target(camera, { url, allow }), context(), 'keyframe');
    expect(visited.failure).toMatchObject({ kind: 'address_not_allowed', detail: '127.0.0.1' });
    expect(camera.connections).toBe(0);
  });
});

describe('addresses are compared', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1', '10.0.0.1'],
    ['::FFFF:10.0.0.1', '10.0.0.1', '10.0.0.1'],
    ['2001:DB8:0:0::1', '2001:db8::1', '2001:DB8:0:0::1'],
    ['fe80::1%eth0', 'fe80::1', 'fe80::1%eth0'],
  ])('%s as %s, and dialled as %s', (address, bare, plain) => {
    expect([bareAddress(address), plainAddress(address)]).toEqual([bare, plain]);
  });
});
