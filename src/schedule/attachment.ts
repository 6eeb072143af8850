import { createHash } from 'node:crypto';
import { Sentence } from '../sentence.ts';
import { requireWritten } from './written.ts';

/** A document that goes with an exemption or an appeal, as the applicant named it. */
export type Attachment = { readonly name: string; readonly bytes: Buffer };

/** Bytes. */
const attachmentMost = 10 * 1024 * 1024;

const begins = (...signs: readonly string[]): ((bytes: Buffer) => boolean) => {
  const all = signs.map((sign) => Buffer.from(sign, 'latin1'));
  return (bytes) => all.some((sign) => bytes.subarray(0, sign.length).equals(sign));
};
const pdf = (bytes: Buffer): boolean => bytes.subarray(0, 1024).includes('%PDF');
const jpeg = begins('\xff\xd8');
/** A ZIP, an OLE file (of before 2007, or with a password), or RTF: office programs give any of them any of the names. */
const office = begins('PK\x03\x04', '\xd0\xcf\x11\xe0', '{\\rtf');

/** By the end of the file's name: whether the content can be that. */
const kinds: Readonly<Record<string, (bytes: Buffer) => boolean>> = {
  pdf,
  ofd: office,
  jpg: jpeg,
  jpeg,
  png: begins('\x89PNG'),
  doc: office,
  docx: office,
  xls: office,
  xlsx: office,
  wps: office,
  et: office,
};

const kindOf = (name: string): string => /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';

/** Throws a Sentence for one that is too large, empty, of a kind that is not taken, or not of the kind that its name says. */
export const requireAttachment = ({ name, bytes }: Attachment): void => {
  requireAttachable(name, bytes.length);
  const kind = kindOf(name);
  if (kinds[kind]!(bytes)) return;
  throw new Sentence(
    `附件 ${name}：内容不是 ${kind} 文件，无法打开；请重新另存后再提交`,
    `attachment ${name}: its content is no ${kind} and could not be opened; save it anew and submit again`,
  );
};

/** The same, so far as it can be told before the file is read: from its name and its `size` in bytes. */
export const requireAttachable = (name: string, size: number): void => {
  requireWritten(['附件名', 'attachment'], 'text', name);
  if (!Object.hasOwn(kinds, kindOf(name))) {
    const list = Object.keys(kinds);
    throw new Sentence(
      `附件 ${name}：只收 ${list.join('、')} 文件，请转换后再提交`,
      `attachment ${name}: only ${list.join(', ')} are taken; convert it first`,
    );
  }
  if (size > 0 && size <= attachmentMost) return;
  throw new Sentence(
    size === 0
      ? `附件 ${name} 是空文件，请检查`
      : `附件 ${name} 有 ${size} 字节，上限为 ${attachmentMost} 字节（10 MB）；请压缩后再提交`,
    size === 0
      ? `attachment ${name} is empty: check it`
      : `attachment ${name} has ${size} bytes, at most ${attachmentMost} (10 MB) are taken; make it smaller`,
  );
};

/** Name, bytes and SHA-256, as the tables have them. */
export const attachmentColumns = (
  attachment: Attachment | null,
): readonly [string, Buffer, string] | [null, null, null] =>
  attachment === null
    ? [null, null, null]
    : [attachment.name, attachment.bytes, createHash('sha256').update(attachment.bytes).digest('hex')];
