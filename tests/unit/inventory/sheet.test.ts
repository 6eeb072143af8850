import iconv from 'iconv-lite';
import { describe, expect, it } from 'vitest';
import { type Fault, readSheet } from '../../../src/inventory/sheet.ts';

const units = new Map([
  ['450202', '450202'],
  ['城中区', '450202'],
]);
const sites = new Set(['north']);
const read = (text: string | Buffer) => readSheet(Buffer.from(text), units, sites);

const titles = [
  ...['code', 'name', 'unit', 'class', 'site', 'rtsp_url', 'onvif_url', 'user', 'password', 'basic_allowed'],
  ...['snapshot_url', 'transport', 'certificate', 'deadline'],
];
type Cells = Partial<Record<(typeof titles)[number], string>>;
const good = {
  code: '45020200001310000001',
  name: '东门社区-村口-01',
  unit: '450202',
  class: 'skynet',
  site: 'north',
  rtsp_url: 'rtsp://10.20.0.1/Streaming/Channels/102',
  onvif_url: 'http://10.20.0.1/onvif/device_service',
  user: 'admin',
  password: 'opensesame',
  basic_allowed: '',
  snapshot_url: '',
  transport: '',
  certificate: '',
  deadline: '',
} as const;
const line = (cells: Cells): string => {
  const row: Record<string, string> = { ...good, ...cells };
  return titles.map((title) => `"${row[title]!.replaceAll('"', '""')}"`).join(',');
};
/** Each row a channel of its own: two codes with one address are a fault. */
const csv = (...rows: Cells[]): string => {
  const channels = rows.map((cells, nth) =>
    nth === 0 ? cells : { rtsp_url: `rtsp://10.20.0.1/Streaming/Channels/${nth + 1}02`, ...cells },
  );
  return [titles.join(','), ...channels.map(line), ''].join('\n');
};

const row = {
  line: 2,
  code: good.code,
  name: good.name,
  unit: '450202',
  class: 'skynet',
  site: 'north',
  rtspUrl: good.rtsp_url,
  onvifUrl: good.onvif_url,
  snapshotUrl: null,
  transport: 'tcp',
  certificate: null,
  deadlineMs: null,
  user: 'admin',
  password: 'opensesame',
  basicAllowed: false,
  state: undefined,
  archive: {},
};

describe('a sheet', () => {
  it('is read as it stands', () => {
    expect(read(csv({}))).toEqual({ rows: [row], faults: [], warnings: [] });
  });

  it.each(['user', 'password'])(
    'with %s and without its counterpart is refused: it would cut every login in half',
    (has) => {
      const text = [
        `code,name,unit,class,site,rtsp_url,${has}`,
        `${good.code},村口,450202,social,north,rtsp://10.20.0.1/,secret`,
      ].join('\n');
      const { rows, faults } = read(text);
      expect(rows).toEqual([]);
      expect(faults).toMatchObject([{ line: 1, column: has === 'user' ? 'password' : 'user' }]);
    },
  );

  it('says nothing of Basic where it has no such column', () => {
    const text = `code,name,unit,class,site,rtsp_url\n${good.code},村口,450202,social,north,rtsp://10.20.0.1/`;
    expect(read(text)).toMatchObject({ faults: [], rows: [{ user: null, basicAllowed: undefined }] });
  });

  it('does not repeat a password that stands in a URL', () => {
    const { faults } = read(csv({ onvif_url: 'http://10.0.0.9/s.cgi?usr=admin&pwd=sekret' }));
    expect(faults.length).toBeGreaterThan(0);
    expect(JSON.stringify(faults)).not.toContain('sekret');
  });

  it('may have Chinese titles in any order, Chinese words, other columns, blanks and empty lines', () => {
    const text = [
      '序号, 点位类别 ,点位编码,考核单位,点位名称,探测站点,RTSP地址,允许明文登录,用户名,密码',
      `1,社会面,${good.code},城中区, 村口 ,north,rtsp://10.20.0.1:8554/live,是,admin,opensesame`,
      ',,,,,,,,,',
      '',
      `2,平安家园,45020200001320000002,450202,里屋,north,rtsp://10.20.0.2/,否,,`,
    ].join('\r\n');
    const { rows, faults } = read(text);
    expect(faults).toEqual([]);
    expect(rows).toMatchObject([
      { line: 2, class: 'social', unit: '450202', name: '村口', basicAllowed: true, onvifUrl: undefined },
      { line: 5, class: 'household', user: '', password: '', basicAllowed: false },
    ]);
  });

  const chinese = csv({ name: '融水苗族自治县-𠮷祥路', unit: '城中区', class: '天网' });
  it.each([
    ['UTF-8', Buffer.from(chinese)],
    ['UTF-8 with a byte order mark', Buffer.from(`\uFEFF${chinese}`)],
    ['GB18030, as an office program writes it', iconv.encode(chinese, 'gb18030')],
  ])('in %s says the same', (_, bytes) => {
    const { rows, faults } = readSheet(bytes, units, sites);
    expect(faults).toEqual([]);
    expect(rows).toMatchObject([{ name: '融水苗族自治县-𠮷祥路', unit: '450202', class: 'skynet' }]);
  });

  it('says how its cameras are to be asked: snapshot, transport, certificate and deadline', () => {
    const pin = 'AB:'.repeat(32).slice(0, -1);
    const text = csv(
      {},
      {
        code: '45020200001310000002',
        rtsp_url: 'rtsps://10.20.0.2/live',
        onvif_url: '',
        snapshot_url: 'http://10.20.0.2:8080/cgi-bin/snapshot.cgi?channel=1',
        transport: 'UDP',
        certificate: pin,
        deadline: '60000',
      },
      { code: '45020200001310000003', transport: 'tcp', certificate: 'Unverified', deadline: '500' },
    );
    const { rows, faults } = read(text);
    expect(faults).toEqual([]);
    expect(
      rows.map(({ snapshotUrl, transport, certificate, deadlineMs }) => [
        snapshotUrl,
        transport,
        certificate,
        deadlineMs,
      ]),
    ).toEqual([
      [null, 'tcp', null, null],
      ['http://10.20.0.2:8080/cgi-bin/snapshot.cgi?channel=1', 'udp', 'ab'.repeat(32), 60_000],
      [null, 'tcp', 'unverified', 500],
    ]);
  });

  it.each(['快照地址,传输方式,证书,探测时限', 'snapshot_url,transport,certificate,deadline'])(
    'may call them %s',
    (names) => {
      const text = `${[...titles.slice(0, 10), names].join(',')}\n${line({ snapshot_url: 'http://10.20.0.1/jpeg', transport: 'udp', certificate: 'unverified', deadline: '9000' })}`;
      expect(read(text)).toMatchObject({
        rows: [
          { snapshotUrl: 'http://10.20.0.1/jpeg', transport: 'udp', certificate: 'unverified', deadlineMs: 9_000 },
        ],
        faults: [],
      });
    },
  );

  it('may spell one IPv6 host in two ways, and an ONVIF port of its own is the same host', () => {
    const { faults } = read(
      csv({
        rtsp_url: 'rtsp://[2001:DB8:0:0::7]:8554/live',
        onvif_url: 'http://[2001:db8::7]:8000/onvif/device_service',
        snapshot_url: 'http://[2001:0db8::0007]/jpeg',
      }),
    );
    expect(faults).toEqual([]);
  });

  it('keeps a password with quotes, commas and inner blanks to the letter', () => {
    expect(read(csv({ password: 'a,b "c"  d' })).rows).toMatchObject([{ password: 'a,b "c"  d' }]);
  });
});

const bad: readonly [string, Cells, string, string, RegExp][] = [
  ['a code of 19 digits', { code: '4502020000131000001' }, 'code', '4502020000131000001', /20 digits/],
  ['a code with a letter', { code: '4502020000131000000A' }, 'code', '4502020000131000000A', /20 digits/],
  ['a code that Excel made a number', { code: '4.50202E+19' }, 'code', '4.50202E+19', /20 digits/],
  ['the code of another city', { code: '45030200001310000001' }, 'code', '45030200001310000001', /begin with 4502/],
  ['the code of a door', { code: '45020200001340000001' }, 'code', '45020200001340000001', /131, 132/],
  ['no code', { code: '' }, 'code', '', /20 digits/],
  ['no name', { name: '' }, 'name', '', /1 to 200/],
  ['a name of 201 characters', { name: '村'.repeat(201) }, 'name', '村'.repeat(201), /1 to 200/],
  ['an unknown unit', { unit: '450299' }, 'unit', '450299', /code or full name/],
  ['a unit named in short', { unit: '城中' }, 'unit', '城中', /code or full name/],
  ['an unknown class', { class: 'street' }, 'class', 'street', /skynet, social or household/],
  ['a class that only JavaScript knows', { class: 'constructor' }, 'class', 'constructor', /skynet/],
  ['an unknown site', { site: 'south' }, 'site', 'south', /xunjian site/],
  ['no RTSP address', { rtsp_url: '' }, 'rtsp_url', '', /rtsp:\/\/host/],
  ['an HTTP address for RTSP', { rtsp_url: 'http://10.20.0.1/' }, 'rtsp_url', 'http://10.20.0.1/', /rtsp:\/\/host/],
  ['port 0', { rtsp_url: 'rtsp://10.20.0.1:0/' }, 'rtsp_url', 'rtsp://10.20.0.1:0/', /rtsp:\/\/host/],
  [
    'a login in the RTSP address',
    { rtsp_url: 'rtsp://admin:opensesame@10.20.0.1/live' },
    'rtsp_url',
    'rtsp://***@10.20.0.1/live',
    /its columns/,
  ],
  [
    'a login in a malformed RTSP address',
    { rtsp_url: 'rtsp://admin:opensesame@10.20.0.1:0/' },
    'rtsp_url',
    'rtsp://***@10.20.0.1:0/',
    /rtsp:\/\/host/,
  ],
  [
    'a login in the ONVIF address',
    { onvif_url: 'http://admin:opensesame@10.20.0.1/onvif' },
    'onvif_url',
    'http://***@10.20.0.1/onvif',
    /without a login/,
  ],
  [
    'a host name for RTSP',
    { rtsp_url: 'rtsp://camera.example/live', onvif_url: '' },
    'rtsp_url',
    'rtsp://camera.example/live',
    /IP address and not a host name/,
  ],
  [
    'an address that is none',
    { rtsp_url: 'rtsp://10.20.0.256/', onvif_url: '' },
    'rtsp_url',
    'rtsp://10.20.0.256/',
    /IP address/,
  ],
  [
    'an address that C reads as octal',
    { rtsp_url: 'rtsp://010.20.0.1/', onvif_url: '' },
    'rtsp_url',
    'rtsp://010.20.0.1/',
    /IP address/,
  ],
  [
    'an ONVIF address on another host',
    { onvif_url: 'http://10.20.0.2/onvif/device_service' },
    'onvif_url',
    'http://10.20.0.2/onvif/device_service',
    /same host as rtsp_url, 10\.20\.0\.1/,
  ],
  [
    'a snapshot of another host',
    { snapshot_url: 'http://10.20.0.1.example/jpeg' },
    'snapshot_url',
    'http://10.20.0.1.example/jpeg',
    /same host/,
  ],
  [
    'a snapshot of another host behind a backslash',
    { snapshot_url: 'http://10.20.0.2\\10.20.0.1/jpeg' },
    'snapshot_url',
    'http://10.20.0.2\\10.20.0.1/jpeg',
    /same host/,
  ],
  [
    'a login in the snapshot address',
    { snapshot_url: 'http://admin:opensesame@10.20.0.1/jpeg' },
    'snapshot_url',
    'http://***@10.20.0.1/jpeg',
    /without a login/,
  ],
  [
    'a snapshot at a port that is none',
    { snapshot_url: 'http://10.20.0.1:65536/jpeg' },
    'snapshot_url',
    'http://10.20.0.1:65536/jpeg',
    /http:\/\/host/,
  ],
  ['a transport that is none', { transport: 'multicast' }, 'transport', 'multicast', /tcp or udp/],
  ['a transport that only JavaScript knows', { transport: 'constructor' }, 'transport', 'constructor', /tcp or udp/],
  ['half a fingerprint', { certificate: 'ab'.repeat(16) }, 'certificate', 'ab'.repeat(16), /64 hexadecimal/],
  ['a fingerprint of letters', { certificate: 'x'.repeat(64) }, 'certificate', 'x'.repeat(64), /64 hexadecimal/],
  ['a deadline of nothing', { deadline: '0' }, 'deadline', '0', /500 to 120000/],
  ['a deadline too short', { deadline: '499' }, 'deadline', '499', /500 to 120000/],
  ['a deadline too long', { deadline: '120001' }, 'deadline', '120001', /500 to 120000/],
  ['a deadline in seconds', { deadline: '20s' }, 'deadline', '20s', /whole number/],
  ['a deadline with a fraction', { deadline: '5000.5' }, 'deadline', '5000.5', /whole number/],
  ['a deadline as a power', { deadline: '1e4' }, 'deadline', '1e4', /whole number/],
  [
    'an ONVIF address over TLS',
    { onvif_url: 'https://10.20.0.1/' },
    'onvif_url',
    'https://10.20.0.1/',
    /http:\/\/host/,
  ],
  ['a password and nobody whose it is', { user: '' }, 'user', '', /no user/],
  ['a flag that is neither yes nor no', { basic_allowed: 'maybe' }, 'basic_allowed', 'maybe', /yes or no/],
  ['a flag that only JavaScript knows', { basic_allowed: 'toString' }, 'basic_allowed', 'toString', /yes or no/],
];

const expectSentences = (faults: readonly Fault[]): void => {
  for (const { zh, en } of faults) {
    expect(zh).toMatch(/\p{Script=Han}/u);
    expect(en).not.toMatch(/\p{Script=Han}/u);
  }
};

describe('a bad row', () => {
  it.each(bad)('with %s is named with its line, column, value and the remedy', (_, cells, column, value, remedy) => {
    const { faults } = read(csv({ code: '45020200001310000009' }, cells));
    expect(faults).toMatchObject([{ line: 3, column, value, en: expect.stringMatching(remedy) }]);
    expectSentences(faults);
    expect(JSON.stringify(faults)).not.toContain('opensesame');
  });

  it('is named once for each of its faults', () => {
    const { faults } = read(csv({ code: '1', unit: '', class: '', site: '', rtsp_url: '', name: '' }));
    expect(faults.map(({ column }) => column)).toEqual(['code', 'name', 'unit', 'class', 'site', 'rtsp_url']);
  });

  it('keeps its line number behind a cell of several lines, which is counted from where its row begins', () => {
    const { faults } = read(csv({ name: '两行\n的名称', site: 'south' }, { code: '45020200001310000002', class: '' }));
    expect(faults.map(({ line: at, column }) => [at, column])).toEqual([
      [2, 'name'],
      [2, 'site'],
      [4, 'class'],
    ]);
  });

  it('that repeats a code is named with the line that had it first', () => {
    const { faults } = read(csv({}, { code: '45020200001310000002' }, {}, {}));
    expect(faults).toMatchObject([
      { line: 4, column: 'code', value: good.code, en: expect.stringContaining('line 2') },
      { line: 5, column: 'code', value: good.code, en: expect.stringContaining('line 2') },
    ]);
    expectSentences(faults);
  });
});

describe('a file', () => {
  it('without a column that is needed is told which', () => {
    const { rows, faults } = read('code,name\n');
    expect(rows).toEqual([]);
    expect(faults.map(({ line: at, column }) => [at, column])).toEqual([
      [1, 'unit'],
      [1, 'class'],
      [1, 'site'],
      [1, 'rtsp_url'],
    ]);
    expect(faults[0]).toMatchObject({ value: 'code,name', en: 'the column is missing: unit / 考核单位' });
  });

  it('without its line of titles does not give a password away', () => {
    const { faults } = read(line({}));
    expect(faults).toHaveLength(6);
    expect(JSON.stringify(faults)).not.toContain('opensesame');
  });

  it.each([
    ['a quote inside a bare cell', 'opense"same'],
    ['text behind a closing quote', '"opense"same'],
    ['a quote that is not closed', '"opensesame'],
  ])('that is no CSV, for %s, is told so with its line and without the cell', (_, cell) => {
    const { rows, faults } = read(`${csv({})}${line({}).split(',').slice(0, 8).join(',')},${cell},\n`);
    expect(rows).toEqual([]);
    expect(faults).toMatchObject([{ line: 3, column: '-', value: '' }]);
    expectSentences(faults);
    expect(JSON.stringify(faults)).not.toContain('opense');
  });

  it('that is empty lacks its columns', () => {
    expect(read('').faults).toHaveLength(6);
  });
});
