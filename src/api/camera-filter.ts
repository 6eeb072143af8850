import { type Static, Type } from 'typebox';
import { type CameraTable, exact, type Wanted } from '../rollup/camera-table.ts';
import { Answer, CameraClass, described, SiteCode, UnitCode, Words } from './shapes.ts';

/** Which cameras a list or an export is of. */
export const cameraFilter = {
  q: Type.Optional(
    Words(
      '查找：编码开头，或名称、地址、设备、取电点、运营商、ONU、录像机、立杆、机箱、管理与运维单位、建设期次中的一段；以空格分开的各段须都有 / ' +
        'begins the code, or stands in the name, address, device, power, carrier, ONU, recorder, pole, box, units that ' +
        'manage or maintain it, or project; of several by blanks all',
    ),
  ),
  unit: Type.Optional(UnitCode),
  class: Type.Optional(CameraClass),
  site: Type.Optional(SiteCode),
  state: Type.Optional(
    Type.Union([Type.Literal('in_use'), Type.Literal('suspended'), Type.Literal('removed')], {
      description: '使用状态：在用、停用、拆除',
    }),
  ),
  online: Type.Optional(described(Answer, '此刻在线：两个探测间隔内的最近一次 / online now')),
  image: Type.Optional(described(Answer, '此刻出图 / has a picture now')),
  kind: Type.Optional(Words('摄像机类型 / kind of camera')),
  manufacturer: Type.Optional(Words('设备厂商')),
  carrier: Type.Optional(Words('运营商')),
  managingUnit: Type.Optional(Words('管理单位 / who manages it')),
  maintainingUnit: Type.Optional(Words('运维单位 / who maintains it')),
  login: Type.Optional(Type.Boolean({ description: '是否存有登录口令 / whether a login is stored' })),
} as const;
const Filter = Type.Object(cameraFilter);

/** The places of those cameras, in the order of codes, among those of the unit that is met. */
export const camerasWanted = (
  table: CameraTable,
  query: Static<typeof Filter>,
  reach: string | null,
  now: Date,
): Uint32Array => {
  const { q, online, image, login } = query;
  const wanted: Wanted = {
    ...Object.fromEntries(exact.map((field) => [field, query[field]])),
    ...{ reach, q, online, image, login },
  };
  return table.find(wanted, now.getTime());
};
