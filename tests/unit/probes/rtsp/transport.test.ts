import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { askTcp, askUdp, readTransport } from '../../../../probes/rtsp/transport.ts';

describe('the transport that a device answers', () => {
  it.each([
    ['what was asked for', askTcp, 'tcp', 0, null],
    ['channels of its own choice', 'RTP/AVP/TCP;unicast;interleaved=4-5;ssrc=1A2B', 'tcp', 4, null],
    ['one channel', 'RTP/AVP/TCP;interleaved=2', 'tcp', 2, null],
    ['no channel', 'RTP/AVP/TCP;unicast', 'tcp', null, null],
    ['channels without /TCP', 'RTP/AVP;unicast;interleaved=0-1', 'tcp', 0, null],
    ['lower case and blanks', 'rtp/avp/tcp; unicast; Interleaved = 6-7', 'tcp', 6, null],
    ['a channel that cannot be', 'RTP/AVP/TCP;interleaved=256-257', 'tcp', null, null],
    ['UDP', 'RTP/AVP;unicast;client_port=4-5;server_port=6970-6971', 'udp', null, 6970],
    ['UDP by name', 'RTP/AVP/UDP;unicast;client_port=4-5', 'udp', null, null],
    ['several: the first is in use', 'RTP/AVP;unicast;server_port=8-9,RTP/AVP/TCP;interleaved=0-1', 'udp', null, 8],
    ['multicast', 'RTP/AVP;multicast;destination=239.1.1.1;port=1-2', null, null, null],
    ['something else', 'x-dav/webm', null, null, null],
  ] as const)('%s', (_, value, transport, channel, serverPort) => {
    expect(readTransport(value, 'tcp')).toMatchObject({ transport, channel, serverPort });
  });

  it.each([[undefined], [''], [' ; ']])('is the one that was asked for where it names none (%j)', (value) => {
    expect(readTransport(value, 'udp').transport).toBe('udp');
    expect(readTransport(value, 'tcp').transport).toBe('tcp');
  });

  it.each([
    ['ssrc=1A2B3C4D', 0x1a2b_3c4d],
    ['SSRC = 0x1a2b3c4d', 0x1a2b_3c4d],
    ['ssrc=1A2B', 0x1a2b],
    ['ssrc=00000000', null],
    ['ssrc=', null],
    ['ssrc=unknown', null],
    ['ssrc=4294967295', 0xffff_ffff],
    ['ssrc=4294967296', null],
    ['ssrc=1A2B3C4D5', null],
    ['mode=play', null],
  ])('tells the SSRC of the packets to come: %s', (parameter, ssrc) => {
    expect(readTransport(`RTP/AVP/TCP;unicast;interleaved=0-1;${parameter}`, 'tcp').ssrc).toBe(ssrc);
    expect(readTransport(`RTP/AVP;unicast;client_port=4-5;${parameter}`, 'udp').ssrc).toBe(ssrc);
  });

  it('is read without throwing, whatever it says', () => {
    fc.assert(fc.property(fc.string(), (value) => void readTransport(value, 'tcp')));
  });
});

it('an even port and the next are asked for', () => {
  expect(askUdp(6970)).toBe('RTP/AVP;unicast;client_port=6970-6971');
});
