/**
 * Logins that cameras and recorders leave the factory with, as their makers' manuals print them, and the passwords that
 * whoever sets them up chooses most. All of it is public.
 */

/** User and password, by who made the device; an empty password is one as well. */
const byMaker: Readonly<Record<string, readonly string[]>> = {
  'Hikvision 海康威视': ['admin 12345', 'admin 123456', 'admin hik12345', 'admin Hik12345', 'admin hik12345+'],
  'Dahua 大华': ['admin admin', '888888 888888', '666666 666666', 'admin 888888', 'admin 666666', 'default default'],
  'Uniview 宇视': ['admin 123456', 'admin admin', 'admin admin_123'],
  'Tiandy 天地伟业': ['Admin 1111', 'admin 1111', 'Admin 111111', 'Admin 123456'],
  'Kedacom 科达': ['admin admin123', 'admin kedacom123', 'admin admin'],
  'TVT 同为': ['admin 123456', 'admin 1111'],
  'Xiongmai 雄迈': ['admin ', 'default tluafed', 'admin xmhdipc'],
  'Jovision 中维世纪': ['admin ', 'abc 123', 'jwsd jwsd'],
  'TP-Link 普联': ['admin admin', 'admin 123456', 'admin tplink123'],
  'Huawei 华为': ['admin HuaWei123', 'ApiAdmin HuaWei123', 'admin Change_Me'],
  Axis: ['root pass', 'root root', 'root '],
  Bosch: ['service service', 'user user', 'live live'],
  'Hanwha/Samsung': ['admin 4321', 'admin 1111111', 'root 4321', 'root admin', 'admin no'],
  Panasonic: ['admin 12345', 'admin1 password', 'admin password'],
  Sony: ['admin admin'],
  Vivotek: ['root ', 'admin '],
  Mobotix: ['admin meinsm'],
  Pelco: ['admin admin'],
  GeoVision: ['admin admin'],
  Foscam: ['admin '],
  'D-Link': ['admin ', 'admin admin'],
  Arecont: ['admin ', 'admin admin'],
  Avigilon: ['admin admin', 'administrator '],
  Canon: ['root camera', 'root Model'],
  ACTi: ['admin 123456', 'Admin 123456'],
  JVC: ['admin jvc'],
  Honeywell: ['administrator 1234', 'admin 1234'],
  Toshiba: ['root ikwb'],
  Grandstream: ['admin admin'],
  Ubiquiti: ['ubnt ubnt'],
  'IQinVision/Stardot/Basler': ['root system', 'admin admin', 'admin basler'],
  Sanyo: ['admin admin'],
  Speco: ['admin 1234', 'root root'],
  Wanscam: ['admin 000000', 'admin 888888'],
};

/** Who makes a device with this login; the login as `user password`. */
export const factoryLogins: ReadonlyMap<string, string> = new Map(
  Object.entries(byMaker)
    .reverse()
    .flatMap(([maker, logins]) => logins.map((login) => [login, maker] as const)),
);

/** In lower case. */
export const commonPasswords: ReadonlySet<string> = new Set(
  `123456 123456789 12345678 12345 1234567 1234567890 1234 123123 111111 000000 666666 888888 88888888 66666666 123321
   654321 87654321 987654321 11111111 00000000 112233 121212 147258 147258369 159357 password password1 password123 passw0rd p@ssw0rd
   p@ssword qwerty qwerty123 qwertyuiop qwer1234 1qaz2wsx 1q2w3e4r 1q2w3e4r5t q1w2e3r4 asdfghjkl zxcvbnm abc123 abcd1234
   abc12345 a123456 a12345678 aa123456 aa12345678 a1b2c3d4 admin admin1 admin12 admin123 admin1234 admin12345 admin123456
   admin888 admin@123 admin_123 administrator root root123 root1234 toor default system service support guest user
   test test123 test1234 camera camera123 monitor operator manager master letmein welcome welcome1 iloveyou woaini
   woaini1314 5201314 520520 1314520 hik12345 hik12345+ hikvision hikvision123 dahua dahua123 dahua2017 uniview
   uniview123 kedacom123 tiandy123 huawei123 huawei@123 hua_wei123 changeme change_me secret security security1
   jiankong jiankong123 gongan gongan110 gongan123 110110 110119 pw123456 pass pass123 pass1234 video123 ipc123456
   nvr123456 dvr123456 xueliang123 tianwang123 liuzhou123`
    .trim()
    .split(/\s+/),
);
