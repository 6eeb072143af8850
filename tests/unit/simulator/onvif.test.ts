import { describe, expect, test } from 'vitest';
import { cameras, cameraWith, deviceClock, names, open, simulator, soap, token, urlOf } from './scripted-city.ts';

describe('ONVIF', () => {
  test('tells its time without a login, and its device only with one made by its own clock', async () => {
    const camera = cameraWith('busy');
    const now = await deviceClock(camera);
    expect((await soap(camera, 'GetDeviceInformation')).text).toContain('ter:NotAuthorized');
    expect(simulator.stats().failedLogins(camera.address)).toBe(0);
    const right = await soap(camera, 'GetDeviceInformation', token(camera, now));
    expect(right.text).toMatch(/<tds:FirmwareVersion>[^<]+<\/tds:FirmwareVersion>/);
    const wrong = await soap(camera, 'GetDeviceInformation', token(camera, now, 'wrong'));
    expect([wrong.status, wrong.text.includes('ter:NotAuthorized')]).toEqual([400, true]);
    const hourLater = new Date(now.getTime() + 3_600_000);
    expect((await soap(camera, 'GetDeviceInformation', token(camera, hourLater))).status).toBe(400);
    expect(simulator.stats().failedLogins(camera.address)).toBe(2);
  });

  test('has some cameras whose clock is wrong', async () => {
    const clocks = await Promise.all(
      [0, 1, 2]
        .flatMap((nth) => [...names.keys()].map((at) => cameras[at * 3 + nth]!))
        .filter(({ fault }) => !['silent', 'dripping', 'not_rtsp', 'closed', 'slow'].includes(fault))
        .map(deviceClock),
    );
    const wrong = clocks.filter((clock) => Math.abs(clock.getTime() - Date.now()) > 20_000).length;
    expect(wrong).toBeGreaterThan(0);
    expect(wrong).toBeLessThan(clocks.length / 3);
  });

  test('names its services, profiles and stream, and faults on what it does not know', async () => {
    const base = `http://${open.address}:${simulator.ports.onvif}/onvif/`;
    expect((await soap(open, 'GetServices')).text).toContain(`<tds:XAddr>${base}media_service</tds:XAddr>`);
    expect((await soap(open, 'GetCapabilities')).text).toContain(`<tt:XAddr>${base}media_service</tt:XAddr>`);
    expect((await soap(open, 'GetProfiles')).text).toContain('token="Profile_1"');
    expect((await soap(open, 'GetStreamUri')).text).toContain(urlOf(open));
    expect((await soap(open, 'GetSnapshotUri')).text).toContain(`${base}snapshot`);
    expect((await soap(open, 'constructor')).text).toContain('ter:ActionNotSupported');
  });
});
