import { type FailureKind, failures, type Party, type PictureFault, type Step } from '../../../probes/index.ts';

/** A failure in the few words that a column of a printed table has room for; what it means at length is `failures`' own. */
export const faultWords: Readonly<Record<FailureKind, string>> = {
  refused: '端口拒绝连接',
  unreachable: '断电或断网，无应答',
  closed: '设备中途断开',
  silent: '连接后无应答',
  dripping: '应答超时未完',
  not_rtsp: '端口非视频服务',
  not_onvif: '端口非ONVIF服务',
  onvif_fault: 'ONVIF应答报错',
  media_service_silent: '媒体服务无应答',
  unsafe_answer: '应答异常已拒收',
  http_error: 'HTTP应答报错',
  not_jpeg: '快照不是图片',
  unauthorized: '用户名或密码错误',
  no_credentials: '档案缺少密码',
  auth_unsupported: '登录方式不支持',
  login_held: '登录待核实',
  forbidden: '账号无观看权限',
  not_found: '通道或地址有误',
  busy: '连接数已满',
  redirected: '被要求转址',
  rtsp_error: '视频服务报错',
  transport_refused: '传输方式被拒',
  tls_failed: '加密连接失败',
  certificate_refused: '证书不受信任',
  bad_sdp: '视频说明有误',
  no_video: '没有视频通道',
  unsupported_codec: '编码不受支持',
  no_media: '无视频数据',
  no_keyframe: '无完整关键帧',
  damaged_picture: '图像数据损坏',
  aborted: '探测被中止',
  name_unresolved: '主机名无法解析',
  address_not_allowed: '地址不在允许网段',
  no_route: '本机无路由',
  local_limit: '本机资源不足',
  overloaded: '本系统当时停顿',
  decoder_failed: '解码进程出错',
  internal: '本系统内部错误',
};

export const pictureFaultWords: Readonly<Record<PictureFault, string>> = {
  black: '黑屏',
  white: '过曝白屏',
  flat: '画面无内容',
  blurred: '图像模糊',
  frozen: '画面冻结',
};

const parties: Readonly<Record<Party, string>> = {
  power: '供电单位',
  carrier: '运营商',
  maintainer: '维护单位',
  'password-owner': '密码管理单位',
  us: '巡检平台',
};

const steps: Readonly<Record<Step, string>> = {
  connect: '连接',
  describe: '请求视频说明',
  setup: '建立视频会话',
  play: '请求播放',
  keyframe: '接收关键帧',
  teardown: '结束会话',
  decode: '解码',
  clock: '查询时钟',
  device: '查询设备信息',
  stream: '查询视频地址',
  snapshot: '取快照',
};

/** What was frozen years ago may name a kind that is no longer in the list: it is then shown as it stands. */
const known = <K extends string>(words: Readonly<Record<K, string>>, name: string): string =>
  Object.hasOwn(words, name) ? words[name as K] : name;

export const wordsOfFailure = (kind: string): string => known(faultWords, kind);
export const wordsOfPictureFault = (fault: string): string => known(pictureFaultWords, fault);
export const wordsOfStep = (step: string): string => known(steps, step);

/** Who is to act on a failure of this kind. */
export const partyOfFailure = (kind: string): string =>
  Object.hasOwn(failures, kind) ? parties[failures[kind as FailureKind].party] : '—';
