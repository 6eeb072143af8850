/**
 * The closed list of what can go wrong with one probe. A kind is for machines; `zh` and `en` say to a person what was
 * seen and what it means, `party` says who is to act. Nothing outside this list is ever reported.
 *
 * `origin` decides what a failure may cost a county: only `camera`, `path` and `login` may be laid to the camera;
 * whatever is `ours` makes the answer unknown, never "no".
 */
export type Origin = 'camera' | 'path' | 'login' | 'ours';

/** Who is to act: power supply, carrier (network), maintainer of the camera, owner of the password, or this service. */
export type Party = 'power' | 'carrier' | 'maintainer' | 'password-owner' | 'us';

export type FailureFacts = {
  readonly origin: Origin;
  readonly party: Party;
  /** True where the device says that it cannot serve a picture now: then image is unknown, not "no". */
  readonly busy?: true;
  readonly zh: string;
  readonly en: string;
};

export const failures = {
  refused: {
    origin: 'path',
    party: 'maintainer',
    zh: '设备所在主机拒绝连接：端口未开放，或视频服务未启动',
    en: 'The host refused the connection: the port is closed or the video service is not running',
  },
  unreachable: {
    origin: 'path',
    party: 'carrier',
    zh: '连接没有任何回应：断电、断网或地址有误',
    en: 'Nothing answered the connection: no power, no network, or a wrong address',
  },
  closed: {
    origin: 'camera',
    party: 'maintainer',
    zh: '设备中途断开了连接',
    en: 'The device closed the connection before it was done',
  },
  silent: {
    origin: 'camera',
    party: 'maintainer',
    zh: '连接已建立，但设备一言不发：视频服务可能卡死，需重启',
    en: 'The connection stood but the device said nothing: its video service may hang and need a restart',
  },
  dripping: {
    origin: 'camera',
    party: 'maintainer',
    zh: '设备的应答在时限内没有说完',
    en: 'The device began an answer and did not finish it in time',
  },
  not_rtsp: {
    origin: 'camera',
    party: 'maintainer',
    zh: '对端回应的不是 RTSP 协议：端口可能配错',
    en: 'What answered does not speak RTSP: the port is probably wrong',
  },
  not_onvif: {
    origin: 'camera',
    party: 'maintainer',
    zh: '对端回应的不是 ONVIF 协议',
    en: 'What answered does not speak ONVIF',
  },
  onvif_fault: {
    origin: 'camera',
    party: 'maintainer',
    zh: '设备以 ONVIF 错误回应了请求',
    en: 'The device answered with an ONVIF fault',
  },
  media_service_silent: {
    origin: 'camera',
    party: 'maintainer',
    zh: '设备服务有应答，而 ONVIF 媒体服务没有：媒体服务可能卡死，需重启',
    en: 'The device service answers and the ONVIF media service does not: it may hang and need a restart',
  },
  unsafe_answer: {
    origin: 'camera',
    party: 'maintainer',
    zh: '设备的应答过大、嵌套过深或含有文档类型定义，已拒绝解析',
    en: 'The answer was too large, too deep or held a document type definition, and was not parsed',
  },
  http_error: {
    origin: 'camera',
    party: 'maintainer',
    zh: '设备以 HTTP 错误码回应了请求',
    en: 'The device answered with an HTTP error status',
  },
  not_jpeg: {
    origin: 'camera',
    party: 'maintainer',
    zh: '快照地址返回的不是 JPEG 图片',
    en: 'What the snapshot address gave is no JPEG',
  },
  unauthorized: {
    origin: 'login',
    party: 'password-owner',
    zh: '设备不接受所存的用户名或密码；更新密码之前不再尝试登录',
    en: 'The device does not accept the stored user or password; no further login until the password is changed',
  },
  no_credentials: {
    origin: 'login',
    party: 'password-owner',
    zh: '设备要求登录，但档案中没有该点位的密码',
    en: 'The device asks for a login and the inventory holds none',
  },
  auth_unsupported: {
    origin: 'login',
    party: 'maintainer',
    zh: '设备要求的登录方式不被支持，或会以明文传送密码',
    en: 'The device asks for a way of login that is not supported or would send the password in clear',
  },
  login_held: {
    origin: 'ours',
    party: 'us',
    zh: '上一次登录没有得到答复；为防账号被锁，本次未登录',
    en: 'An earlier login was left without an answer; none was sent now, lest the account be locked',
  },
  forbidden: {
    origin: 'login',
    party: 'password-owner',
    zh: '账号无权观看该视频（403）',
    en: 'The account may not watch this stream (403)',
  },
  not_found: {
    origin: 'camera',
    party: 'maintainer',
    zh: '设备上没有该视频流（404）：通道或地址有误',
    en: 'The device has no such stream (404): wrong channel or path',
  },
  busy: {
    origin: 'camera',
    party: 'maintainer',
    busy: true,
    zh: '设备表示连接数已满，暂不能取图；不计为无图',
    en: 'The device says that it has no capacity left now; it does not count as having no picture',
  },
  redirected: {
    origin: 'camera',
    party: 'maintainer',
    zh: '设备要求转到另一地址；出于安全不予跟随',
    en: 'The device sent us to another address, which is never followed',
  },
  rtsp_error: {
    origin: 'camera',
    party: 'maintainer',
    zh: '设备以 RTSP 错误码回应了请求',
    en: 'The device answered with an RTSP error status',
  },
  transport_refused: {
    origin: 'camera',
    party: 'maintainer',
    zh: '设备既不接受 TCP 也不接受 UDP 方式的视频传输',
    en: 'The device accepts video neither over TCP nor over UDP',
  },
  tls_failed: {
    origin: 'camera',
    party: 'maintainer',
    zh: '与设备的加密连接（TLS）未能建立',
    en: 'The encrypted connection (TLS) to the device could not be made',
  },
  certificate_refused: {
    origin: 'ours',
    party: 'us',
    zh: '设备证书不受信任，或与登记的指纹不符；核实后请更新登记',
    en: "The device's certificate is not trusted, or not the one registered; verify it and register it anew",
  },
  bad_sdp: {
    origin: 'camera',
    party: 'maintainer',
    zh: '设备给出的视频说明（SDP）无法理解',
    en: 'The description of the stream (SDP) cannot be understood',
  },
  no_video: {
    origin: 'camera',
    party: 'maintainer',
    zh: '设备的视频说明中没有视频',
    en: 'The description of the stream holds no video',
  },
  unsupported_codec: {
    origin: 'ours',
    party: 'us',
    zh: '视频编码不被本系统支持',
    en: 'This service does not support the codec of the stream',
  },
  no_media: {
    origin: 'camera',
    party: 'maintainer',
    zh: '设备同意播放，但没有发来任何视频数据',
    en: 'The device agreed to play and sent no video at all',
  },
  no_keyframe: {
    origin: 'camera',
    party: 'maintainer',
    zh: '有视频数据，但时限内没有完整的关键帧',
    en: 'Video came, but no whole key frame within the deadline',
  },
  damaged_picture: {
    origin: 'camera',
    party: 'maintainer',
    zh: '收到的关键帧已损坏，解码有误',
    en: 'The key frame that came is damaged',
  },
  aborted: {
    origin: 'ours',
    party: 'us',
    zh: '探测被本系统中止',
    en: 'The probe was stopped by this service',
  },
  name_unresolved: {
    origin: 'ours',
    party: 'us',
    zh: '主机名无法解析',
    en: 'The host name does not resolve',
  },
  address_not_allowed: {
    origin: 'ours',
    party: 'us',
    zh: '地址不在允许探测的网段内',
    en: 'The address is outside the networks that may be probed',
  },
  no_route: {
    origin: 'ours',
    party: 'us',
    zh: '本机没有通往该地址的路由，或被本机防火墙拦住',
    en: 'This machine has no route to the address, or its own firewall forbids it',
  },
  local_limit: {
    origin: 'ours',
    party: 'us',
    zh: '本机资源不足（端口、文件句柄或内存），未能发起探测',
    en: 'This machine ran out of ports, file handles or memory and could not probe',
  },
  overloaded: {
    origin: 'ours',
    party: 'us',
    zh: '本系统当时停顿，未能及时收听应答',
    en: 'This service stood still and did not listen for the answer in time',
  },
  decoder_failed: {
    origin: 'ours',
    party: 'us',
    zh: '本系统的解码进程出错',
    en: 'The decoder of this service failed',
  },
  internal: {
    origin: 'ours',
    party: 'us',
    zh: '本系统内部错误',
    en: 'An error inside this service',
  },
} as const satisfies Record<string, FailureFacts>;

export type FailureKind = keyof typeof failures;

/** The steps of a probe, in the order in which they are taken. */
export type Step =
  | 'connect'
  | 'describe'
  | 'setup'
  | 'play'
  | 'keyframe'
  | 'teardown'
  | 'decode'
  | 'clock'
  | 'device'
  | 'stream'
  | 'snapshot';

export type Failure = {
  readonly kind: FailureKind;
  readonly origin: Origin;
  /** Where it happened. */
  readonly step: Step;
  /** The evidence in one line: what was seen, with numbers. Never a password. */
  readonly detail: string;
};

export const fail = (kind: FailureKind, step: Step, detail: string): Failure => ({
  kind,
  origin: failures[kind].origin,
  step,
  // A device's own words are in it: one line of a table, without a NUL, which PostgreSQL refuses.
  detail: detail
    .slice(0, 300)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .toWellFormed(),
});

/** Tells a failure from whatever else a step may give; nothing else here has a `kind` that is a text. */
export const isFailure = (value: object): value is Failure => typeof (value as { kind?: unknown }).kind === 'string';

export type Answer = 'yes' | 'no' | 'unknown';

/**
 * What a failure says of "online". A device that was heard is online, whatever it said; silence is laid to the camera
 * or to its path only where the fault is not ours.
 */
export const onlineAfter = (heard: boolean, failure: Failure | null): Answer =>
  heard ? 'yes' : failure !== null && failure.origin === 'ours' ? 'unknown' : 'no';

/** What a failure says of "image": busy and our own faults are unknown, everything else is no. */
export const imageAfter = (failure: Failure): Answer =>
  failure.origin === 'ours' || (failures[failure.kind] as FailureFacts).busy === true ? 'unknown' : 'no';
