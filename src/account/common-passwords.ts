/**
 * Passwords of ten characters and more that lists of stolen ones begin with, here and abroad; what is shorter is refused for
 * its length, and what is a run, a repetition or a number by rule.
 */
export const commonPasswords: ReadonlySet<string> = new Set(
  `1q2w3e4r5t6y a123456789 a1234567890 a12345678910 aa123456789 aa12345678 aaa123456789 abc123456789 abc1234567 abcd123456
  abcd1234567 abcd12345678 abcde12345 abcdef123456 abcdefg123 abcdefg1234 abcdefg1234567 asd123456789 asd1234567
  asdf123456 asdf12345678 asdfgh123456 asdasdasd1 asdasd123123 q123456789 q1234567890 qq123456789 qq1234567890 qwe123456789
  qwe1234567 qwe123qwe123 qweasdzxc1 qweasdzxc123 qweqweqwe1 qwer123456 qwer12345678 qwert12345 qwerty1234 qwerty12345
  qwerty123456 qwertyuiop1 qwertyuiop123 w123456789 wang123456 woaini1314 woaini1314520 woaini5201314 woaini520520
  woaini521 woaini123456 woaini123456789 woaiwojia1 woaiwojia123 woshishui1 wozhiaini1 wodemima123 z123456789 zxc123456789
  zxc1234567 zxcv123456 zxcvbnm1234 zxcvbnm123456 zz123456789 zhang123456 zhangwei123 li123456789 liu123456789 chen123456
  yang123456 zhao123456 huang123456 s123456789 x123456789 c123456789 d123456789 l123456789 y123456789 w1234567890
  123456789a 1234567890a 123456789q 123456789z 123456789w 123456789qq 123456789aa 123456789abc 12345678910a 1234567abc
  123456abc123 123456abcd 123456abcdef 123456qwerty 12345qwert 123456asdf 1234qwerasdf 1234qwer1234 123qwe123qwe
  123qweasdzxc 123qwe!@#qwe 1qaz@wsx3edc 1qaz!qaz1qaz 1qaz@wsx#edc !qaz2wsx3edc !qaz@wsx#edc 1qaz2wsx1qaz 1qazxsw23edc
  zaq12wsxcde3 zaq1xsw2cde3 qazwsxedc1 qazwsxedc123 qazwsx123456 qazxswedc1 qazxswedcvfr 5201314aini 5201314abc
  5201314woaini ai5201314a love5201314 iloveyou520 iloveyou1314 iloveyou12 loveyou520 loveyou1314 aini5201314 520woaini1314
  trustno1trustno1 letmein1234 dragon1234 monkey1234 football123 baseball123 superman123 princess123 sunshine123
  changeme1234 password1password1 correcthorsebatterystaple correct horse battery staple !@#$%^&*() !@#$%^&*()_+
  qwer1234!@#$ 1234!@#$qwer asdf1234!@#$ 1234qwer!@#$ q1w2e3r4t5!@# tiancai123 nihao123456 nihao12345 nihaoma123
  beijing2008 zhongguo123 china123456 china12345 guangxi123456 liuzhou123456 xinmima123 mima123456 mima12345678`
    .split(/\s+/)
    .concat('correct horse battery staple'),
);

/** Words that are no password, whatever year or number stands around them; as letters alone. */
export const commonWords: ReadonlySet<string> = new Set(
  `password passwd passwort passphrase admin administrator administrador sysadmin superadmin superuser supervisor operator
  manager default guest root toor system server service security secret letmein welcome changeme changeit login signin user
  username testtest test tester testing temppass temporary qwerty qwertyuiop qwert qwer asdf asdfgh asdfghjkl zxcvbn zxcvbnm
  qazwsx qazwsxedc iloveyou ilove loveyou woaini woaiwojia woaizhongguo wodemima mima xinmima chushimima mimamima nihao
  nihaoma zhongguo china beijing shanghai guangxi nanning liuzhou liudong liunan liubei liujiang liucheng luzhai rongan
  rongshui sanjiang yufeng chengzhong gongan gonganju jingcha police xueliang xuelianggongcheng tianwang pingan
  pinganjiayuan zhengfu zhengfa zonghezhili zongzhi jiankong shexiangtou camera cameras video hikvision haikang haikangweishi
  dahua dahuatech uniview yushi tiandy huawei alibaba tencent monkey dragon football baseball basketball superman batman
  princess sunshine shadow master michael jordan computer internet abcd abcde abcdef abcdefg abc xyz aaa qqq zzz www
  zhangsan lisi wangwu zhang wang li liu chen yang zhao huang zhou wu xu sun`.split(/\s+/),
);
