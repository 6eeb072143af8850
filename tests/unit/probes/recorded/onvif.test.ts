import { expect, it } from 'vitest';
import { visitDevice } from '../../../../probes/onvif.ts';
import type { Wire } from '../../../support/camera.ts';
import { describeRecorded, manifest, recorded } from '../../../support/realworld.ts';
import { type Behaviour, fakeDevice, type Operation, replies, serviceUrl } from '../onvif-device.ts';
import { context, login } from '../scene.ts';

const answering = async (operation: Operation, reply: Buffer) => {
  const odd: Behaviour = { [operation]: (wire: Wire) => wire.http(200, {}, reply) };
  await using device = await fakeDevice(odd);
  const target = { url: 'rtsp://127.0.0.1/', onvifUrl: serviceUrl(device), login, deadlineMs: 5_000 };
  return await visitDevice(target, context(), 'facts');
};

describeRecorded('recorded ONVIF replies', () => {
  const files = manifest<{ file: string }[]>('onvif/manifest.json').map(({ file }) => file);
  const ofOperation = (operation: string) =>
    files.filter((file) => file.includes(`/${operation}.Response`)).map((file) => [file] as const);

  it.each(
    Object.keys(replies).flatMap((name) => ofOperation(name).map(([file]) => [file, name as Operation] as const)),
  )('%s is understood', async (file, operation) => {
    const visited = await answering(operation, recorded(file));
    expect(visited).toMatchObject({ heard: true, failure: null });
    if (operation === 'GetDeviceInformation') expect(visited.device!.manufacturer).not.toBeNull();
  });

  it('GBK bytes in a document that says UTF-8 cost only the name they are in (home-assistant#89620)', async () => {
    const visited = await answering('GetDeviceInformation', recorded('derived/onvif/gbk-bytes-in-utf8-document.xml'));
    expect(visited.device).toMatchObject({
      manufacturer: 'HIKVISION',
      serial: 'DS-2CD2012-I20150201CCWR501088621',
    });
    expect(visited.device!.model).toMatch(/�.*_A/);
  });
});
