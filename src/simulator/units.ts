/** A unit of Liuzhou that is judged, and what its cameras' names and codes are made of. */
export type Unit = {
  /** Six digits. The functional zones have none in GB/T 2260 and get codes of their own. */
  readonly code: string;
  readonly name: string;
  /** Civil code (first six digits of the cameras' codes): for a zone, that of the district it lies in. */
  readonly civil: string;
  /** Part of the city's cameras, in hundredths. */
  readonly weight: number;
  readonly roads: readonly string[];
  readonly villages: readonly string[];
};

const words = (text: string): string[] => text.split(' ');

const unit = (code: string, name: string, civil: string, weight: number, roads: string, villages: string): Unit => ({
  code,
  name,
  civil,
  weight,
  roads: words(roads),
  villages: words(villages),
});

export const units: readonly Unit[] = [
  unit(
    '450202',
    '城中区',
    '450202',
    10,
    '解放北路 解放南路 五一路 文昌路 广场路 东环大道 滨江东路 曙光中路 龙城路 中山中路',
    '静兰社区 河东社区 环江村 弯塘社区 东门社区',
  ),
  unit(
    '450203',
    '鱼峰区',
    '450203',
    14,
    '屏山大道 驾鹤路 荣军路 柳石路 西江路 水南路 葡萄山路 洛维路',
    '五里亭社区 箭盘社区 麒麟社区 白莲社区 里雍社区',
  ),
  unit(
    '450204',
    '柳南区',
    '450204',
    15,
    '飞鹅路 鹅山路 航生路 柳邕路 城站路 潭中西路 西环路 河西路',
    '太阳村镇 洛满镇 流山镇 竹鹅村 柳工社区 帽合村',
  ),
  unit(
    '450205',
    '柳北区',
    '450205',
    14,
    '跃进路 北雀路 胜利路 白沙路 雅儒路 北站路 广雅路 锦绣路',
    '沙塘镇 石碑坪镇 长塘镇 白露村 鹧鸪江村 柳钢社区',
  ),
  unit(
    '450206',
    '柳江区',
    '450206',
    11,
    '柳堡路 兴柳路 马平路 柳西路',
    '拉堡镇 百朋镇 进德镇 成团镇 穿山镇 三都镇 土博镇',
  ),
  unit(
    '450222',
    '柳城县',
    '450222',
    6,
    '白阳中路 白阳北路 胜利西路 河东大道',
    '大埔镇 东泉镇 沙埔镇 凤山镇 六塘镇 太平镇 龙头镇 寨隆镇',
  ),
  unit(
    '450223',
    '鹿寨县',
    '450223',
    7,
    '建中西路 建中东路 飞鹿大道 民生路',
    '中渡镇 寨沙镇 平山镇 黄冕镇 四排镇 江口乡 拉沟乡 导江乡',
  ),
  unit(
    '450224',
    '融安县',
    '450224',
    5,
    '立新街 广场路 新安路 大园路',
    '长安镇 浮石镇 泗顶镇 板榄镇 大将镇 大良镇 雅瑶乡 潭头乡',
  ),
  unit(
    '450225',
    '融水苗族自治县',
    '450225',
    6,
    '寿星路 朝阳路 秀峰路 苗都大道',
    '融水镇 和睦镇 三防镇 怀宝镇 永乐镇 四荣乡 香粉乡 安太乡 杆洞乡',
  ),
  unit(
    '450226',
    '三江侗族自治县',
    '450226',
    4,
    '江峰街 兴宜路 侗乡大道 月亮街',
    '古宜镇 斗江镇 丹洲镇 林溪镇 八江镇 独峒镇 良口乡 富禄乡',
  ),
  unit('450271', '柳东新区', '450203', 5, '官塘大道 新柳大道 文苑路 横塘路 双仁路', '雒容镇 官塘社区 高岩村 半塘村'),
  unit(
    '450272',
    '北部生态新区(阳和工业新区)',
    '450205',
    3,
    '阳和大道 阳惠路 古亭大道 和泰路',
    '阳和社区 古亭社区 社湾村 六座村',
  ),
];
