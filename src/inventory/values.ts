/** Cells of the archive: each reader gives what is kept (as PostgreSQL writes it), or what is wrong. No cell is empty here. */
export type Wrong = { readonly zh: string; readonly en: string };
export type Reader = (text: string, today: string) => string | Wrong;

const wrong = (zh: string, en: string): Wrong => ({ zh, en });

/** By every word that stands for one; the Chinese one first is what is shown. */
const named =
  (words: Readonly<Record<string, readonly string[]>>, zh: string, en: string): Reader =>
  (text) =>
    Object.entries(words).find(([name, others]) => name === text.toLowerCase() || others.includes(text))?.[0] ??
    wrong(zh, en);

export const states = { in_use: ['在用'], suspended: ['停用'], removed: ['拆除'] } as const;
export type State = keyof typeof states;

export const kinds = {
  bullet: ['固定枪机', '枪机'],
  ptz_bullet: ['遥控枪机'],
  dome: ['球机'],
  half_dome: ['半球'],
  checkpoint: ['卡口'],
  panoramic: ['全景'],
  lookout: ['高点'],
  other: ['其他'],
} as const;

/** What stands for words of a closed list in Chinese; by column, and by what the database keeps. */
export const wordsOf: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  class: { skynet: '天网', social: '社会面', household: '平安家园' },
  state: Object.fromEntries(Object.entries(states).map(([name, [first]]) => [name, first])),
  kind: Object.fromEntries(Object.entries(kinds).map(([name, [first]]) => [name, first])),
};

/** A value as people read it: of a closed list both its words, of all else itself. */
export const worded = (field: string, value: string): string => {
  const word = wordsOf[field]?.[value];
  return word === undefined ? value : `${word} ${value}`;
};

export const readState = named(states, '应为 在用、停用 或 拆除', 'must be in_use, suspended or removed');
export const readKind = named(
  kinds,
  '应为 固定枪机、遥控枪机、球机、半球、卡口、全景、高点 或 其他',
  `must be one of ${Object.keys(kinds).join(', ')}`,
);

/** Three ways of writing one address: 48 bits. */
export const readMac: Reader = (text) => {
  const lower = text.toLowerCase();
  const hex = /^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$|^([0-9a-f]{4}\.){2}[0-9a-f]{4}$|^[0-9a-f]{12}$/.test(lower);
  if (!hex) {
    return wrong(
      '应为 12 位十六进制，例如 a4:14:37:0b:22:91',
      'must have 12 hexadecimal digits, such as a4:14:37:0b:22:91',
    );
  }
  return lower.replaceAll(/[:.-]/g, '').replaceAll(/(..)(?!$)/g, '$1:');
};

const one =
  /^((\+?86[- ]?)?(1[3-9]\d{9}|0\d{2,3}[- ]?\d{7,8}([-转]\d{1,6})?)|\d{7,8}|\d{3,6}|400[- ]?\d{3}[- ]?\d{4})$/;

/** One or several, of a mobile, a landline, or a short number. */
export const readPhone: Reader = (text) =>
  text.split(/[、,，;；/]/).every((part) => one.test(part.trim()))
    ? text
    : wrong(
        '应为手机号、带区号的固定电话或短号，例如 13800000000、0772-2800000；多个用“、”分开',
        'must be a mobile, a landline with its area code or a short number, such as 13800000000 or 0772-2800000; separate several with a comma',
      );

/** The city's bounds, a degree wider on each side: what lies outside is a slip, and not a camera of the county beside it. */
export const bounds = {
  longitude: { from: 107.5, to: 111.5 },
  latitude: { from: 22.9, to: 27.1 },
} as const;

const degrees = (which: keyof typeof bounds): Reader => {
  const { from, to } = bounds[which];
  const other = bounds[which === 'longitude' ? 'latitude' : 'longitude'];
  const [zh, en] = which === 'longitude' ? ['经度', 'longitude'] : ['纬度', 'latitude'];
  return (text) => {
    if (!/^\d{1,3}(\.\d{1,15})?$/.test(text)) {
      return wrong(
        `${zh}应为十进制度数，例如 ${which === 'longitude' ? '109.411550' : '24.326294'}，不用度分秒`,
        `the ${en} must be decimal degrees, such as ${which === 'longitude' ? '109.411550' : '24.326294'}, without minutes and seconds`,
      );
    }
    const value = Number(text);
    if (value >= other.from && value <= other.to) {
      return wrong('经度与纬度填反了：请对调两列', 'longitude and latitude are swapped: exchange the two');
    }
    if (value < from || value > to) {
      return wrong(
        `${zh}不在本市附近：应在 ${from} 至 ${to} 之间`,
        `the ${en} is not near this city: it must lie between ${from} and ${to}`,
      );
    }
    return value.toFixed(6);
  };
};
export const readLongitude = degrees('longitude');
export const readLatitude = degrees('latitude');

export const readDate: Reader = (text, today) => {
  const parts =
    /^(\d{4})(?:-(\d{1,2})-(\d{1,2})|\/(\d{1,2})\/(\d{1,2})|\.(\d{1,2})\.(\d{1,2})|年(\d{1,2})月(\d{1,2})日|(\d{2})(\d{2}))$/.exec(
      text,
    );
  const [year, month, day] = parts?.slice(1).filter((part) => part !== undefined) ?? [];
  const date = parts === null ? '' : `${year}-${month!.padStart(2, '0')}-${day!.padStart(2, '0')}`;
  const at = new Date(`${date}T00:00:00Z`);
  if (/^\d{5}(\.\d+)?$/.test(text)) {
    return wrong(
      '是表格软件的日期序号：请把该列设为日期格式，应形如 2024-06-30',
      "is a spreadsheet's number of a day: format the column as a date; it must look like 2024-06-30",
    );
  }
  if (Number.isNaN(at.getTime()) || !at.toISOString().startsWith(date)) {
    return wrong('不是日期：应形如 2024-06-30', 'is no date: it must look like 2024-06-30');
  }
  if (date > today) return wrong(`在今天（${today}）之后：请核对`, `lies after today, ${today}: check it`);
  return date;
};

export const readDays: Reader = (text) =>
  /^\d{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= 3650
    ? String(Number(text))
    : wrong('应为 1 至 3650 的整数（天）', 'must be a whole number of days, 1 to 3650');

/** Of every text but name, user and password: what anybody may be expected to read in a table. */
export const readText: Reader = (text) =>
  [...text].length <= 200 ? text : wrong('至多 200 个字', 'must have at most 200 characters');
