import { expect, it } from 'vitest';
import { decodeXml } from '../../../../probes/onvif/charset.ts';
import { mediaServices } from '../../../../probes/onvif/profiles.ts';
import { all, type Element, find, parseXml } from '../../../../probes/onvif/xml.ts';
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

type Facts = {
  readonly body: string;
  readonly uri?: string;
  readonly Manufacturer?: string;
  readonly Model?: string;
  readonly FirmwareVersion?: string;
  readonly SerialNumber?: string;
  readonly profiles?: readonly { readonly token: string; readonly width: string | null }[];
  readonly services?: readonly { readonly ns: string; readonly xaddr: string }[];
};

describeRecorded('recorded ONVIF replies', () => {
  const entries = manifest<{ file: string; operation?: string; kind: string; facts: Facts }[]>('onvif/manifest.json');
  const operations = Object.keys(replies) as Operation[];
  const known = entries.flatMap(({ file, facts }) => {
    const operation = operations.find((name) => facts.body === `${name}Response`);
    return operation === undefined ? [] : [{ file, operation, facts }];
  });

  it.each(known)('$file is understood', async ({ file, operation, facts }) => {
    const visited = await answering(operation, recorded(file));
    expect(visited).toMatchObject({ heard: true, failure: null });
    const path = facts.uri?.replace(/^\w+:\/\/[^/]*/, '');
    if (operation === 'GetDeviceInformation') {
      expect(visited.device).toMatchObject({
        manufacturer: facts.Manufacturer,
        model: facts.Model,
        firmware: facts.FirmwareVersion,
        serial: facts.SerialNumber,
      });
    }
    if (operation === 'GetStreamUri' && path === '') expect(visited.device!.streamUri).toBeNull();
    else if (operation === 'GetStreamUri') expect(visited.device!.streamUri).toMatch(/^rtsp:\/\/127\.0\.0\.1[:/]/);
    if (path !== undefined && path !== '') {
      const { streamUri, snapshotUri } = visited.device!;
      const told = operation === 'GetStreamUri' ? streamUri : snapshotUri;
      expect(told!.endsWith(path)).toBe(true);
    }
  });

  it.each(entries)('$file is parsed as another parser does', ({ file, facts }) => {
    const root = parseXml(decodeXml(recorded(file))) as Element;
    expect(root.name).toBe('Envelope');
    const body = find(root, 'Body')!.children[0]!;
    expect(body.name).toBe(facts.body);
    if (facts.profiles !== undefined && facts.body === 'GetProfilesResponse') {
      expect(all(body, 'Profiles').map(({ attributes }) => attributes.get('token'))).toEqual(
        facts.profiles.map(({ token }) => token),
      );
    }
    if (facts.services !== undefined) {
      const media = facts.services.find(({ ns }) => ns === 'http://www.onvif.org/ver10/media/wsdl');
      expect(mediaServices(body).get('ver10')).toBe(media?.xaddr);
    }
  });

  it('a fault that counts down is a refusal (lightNVR#339)', async () => {
    const reply = recorded('onvif/extra/lightnvr-339-notauthorized-3-attempts.xml');
    await using device = await fakeDevice({ GetDeviceInformation: (wire) => wire.http(400, {}, reply) });
    const target = { url: 'rtsp://127.0.0.1/', onvifUrl: serviceUrl(device), login, deadlineMs: 5_000 };
    const visited = await visitDevice(target, context(), 'facts');
    expect(visited.failure?.kind).toBe('unauthorized');
    expect(device.logins).toBe(1);
  });

  it('GBK bytes in a document that says UTF-8 are read (home-assistant#89620)', async () => {
    const visited = await answering('GetDeviceInformation', recorded('derived/onvif/gbk-bytes-in-utf8-document.xml'));
    expect(visited.device).toMatchObject({
      manufacturer: 'HIKVISION',
      serial: 'DS-2CD2012-I20150201CCWR501088621',
    });
    expect(visited.device!.model).toBe('东区文化路_A');
  });
});
