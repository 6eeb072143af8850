import { localTime } from '../time.ts';

/** The columns of an exemption and of an appeal, as the office calls them. */
const words: Readonly<Record<string, string>> = {
  id: '编号',
  inspection: '巡检',
  revision: '版次',
  code: '点位编码',
  name: '点位名称',
  unit: '考核单位',
  applicant: '申请人',
  phone: '联系电话',
  claim: '主张',
  reason: '原因',
  reason_zh: '原因（中文）',
  reason_en: '原因（英文）',
  text: '说明',
  selected_by: '点位给出方式',
  cameras: '点位数',
  begins_at: '起',
  ends_at: '止',
  submitted_at: '提交时间',
  frame_slot: '画面时间',
  attachment_name: '附件',
  attachment_sha256: '附件 SHA-256',
  decision: '结论',
  decided_at: '审批时间',
  decided_by: '审批人',
  decision_note: '审批意见',
  ended_at: '提前结束时间',
  ended_by: '提前结束人',
  status: '状态',
};

const shown = (value: unknown): string => (value instanceof Date ? localTime(value) : String(value ?? '—'));

/** One line a fact, by its Chinese name and that of its column. */
export const factLines = (facts: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(facts).map(([name, value]) => `${words[name]} ${name}：${shown(value)}`);
