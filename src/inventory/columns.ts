/** The columns of a sheet, by every name that they may bear. The first is the name in the database, the second is exported. */
export const columns = {
  code: ['code', '点位编码', '国标编码'],
  name: ['name', '点位名称'],
  unit: ['unit', '考核单位'],
  class: ['class', '点位类别'],
  site: ['site', '探测站点'],
  rtsp_url: ['rtsp_url', 'RTSP地址'],
  onvif_url: ['onvif_url', 'ONVIF地址'],
  snapshot_url: ['snapshot_url', '快照地址'],
  transport: ['transport', '传输方式'],
  certificate: ['certificate', '证书'],
  deadline: ['deadline', '探测时限'],
  user: ['user', '用户名'],
  password: ['password', '密码'],
  basic_allowed: ['basic_allowed', '允许明文登录'],
  state: ['state', '使用状态', '状态'],
  kind: ['kind', '摄像机类型', '设备类型'],
  manufacturer: ['manufacturer', '设备厂商', '厂商'],
  model: ['model', '设备型号', '型号'],
  serial: ['serial', '设备序列号', '序列号'],
  mac: ['mac', 'MAC地址'],
  address: ['address', '安装地址', '安装位置'],
  longitude: ['longitude', '经度'],
  latitude: ['latitude', '纬度'],
  facing: ['facing', '监视方位', '朝向'],
  power: ['power', '取电点', '取电方式'],
  carrier: ['carrier', '运营商'],
  onu: ['onu', 'ONU'],
  recorder: ['recorder', '录像机', 'NVR'],
  pole: ['pole', '立杆编号', '立杆'],
  box: ['box', '机箱编号', '机箱'],
  managing_unit: ['managing_unit', '管理单位'],
  managing_contact: ['managing_contact', '管理联系人'],
  managing_phone: ['managing_phone', '管理联系电话'],
  maintaining_unit: ['maintaining_unit', '运维单位', '维护单位'],
  maintaining_contact: ['maintaining_contact', '运维联系人', '维护联系人'],
  maintaining_phone: ['maintaining_phone', '运维联系电话', '维护联系电话'],
  project: ['project', '建设期次', '建设项目'],
  built_on: ['built_on', '建成日期', '建设日期'],
  retention_days: ['retention_days', '录像保存天数', '存储天数'],
} as const;
export type Column = keyof typeof columns;

export const needed: readonly Column[] = ['code', 'name', 'unit', 'class', 'site', 'rtsp_url'];

/** Columns of the table archive, in its order. */
export const archiveColumns = [
  ...(['kind', 'manufacturer', 'model', 'serial', 'mac', 'address', 'longitude', 'latitude', 'facing'] as const),
  ...(['power', 'carrier', 'onu', 'recorder', 'pole', 'box'] as const),
  ...(['managing_unit', 'managing_contact', 'managing_phone'] as const),
  ...(['maintaining_unit', 'maintaining_contact', 'maintaining_phone'] as const),
  ...(['project', 'built_on', 'retention_days'] as const),
] as const satisfies readonly Column[];
export type ArchiveColumn = (typeof archiveColumns)[number];

/** What people call a column, and a field of the history. */
export const titleOf = (field: string): string =>
  (columns as Readonly<Record<string, readonly string[]>>)[field]?.[1] ?? field;

/** Titles that differ in case, width, blanks, or a star for "must be filled in" are the same title. */
const folded = (title: string): string =>
  title
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[\s*\uFEFF]/g, '');

const byTitle: ReadonlyMap<string, Column> = new Map(
  (Object.entries(columns) as [Column, readonly string[]][]).flatMap(([column, names]) =>
    names.map((name) => [folded(name), column] as const),
  ),
);

export const columnOf = (title: string): Column | undefined => byTitle.get(folded(title));

/**
 * The known title that an unknown one was most probably meant to be: one sign of four may be wrong, and two of eight. It
 * is certain from five on: four characters of Chinese with one other may be another word. null: it resembles none.
 */
export const meantBy = (title: string): { readonly name: string; readonly certain: boolean } | null => {
  const given = folded(title);
  let fewest = given.length >= 8 ? 3 : given.length >= 4 ? 2 : 0;
  let meant: string | null = null;
  for (const name of Object.values(columns).flat()) {
    if (Math.abs(folded(name).length - given.length) >= fewest) continue;
    const steps = stepsBetween(given, folded(name));
    if (steps < fewest) [meant, fewest] = [name, steps];
  }
  return meant === null ? null : { name: meant, certain: given.length >= 5 };
};

/** Signs to insert, drop, replace, or exchange with their neighbour (Damerau, optimal string alignment). */
const stepsBetween = (one: string, other: string): number => {
  const rows = Array.from({ length: one.length + 1 }, (_, at) => [at, ...Array<number>(other.length).fill(0)]);
  rows[0] = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let i = 1; i <= one.length; i += 1) {
    for (let j = 1; j <= other.length; j += 1) {
      const same = one[i - 1] === other[j - 1] ? 0 : 1;
      let steps = Math.min(rows[i - 1]![j]! + 1, rows[i]![j - 1]! + 1, rows[i - 1]![j - 1]! + same);
      if (i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]) {
        steps = Math.min(steps, rows[i - 2]![j - 2]! + 1);
      }
      rows[i]![j] = steps;
    }
  }
  return rows[one.length]![other.length]!;
};
