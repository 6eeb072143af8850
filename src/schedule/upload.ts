import { createHash } from 'node:crypto';
import type { Database, Queryable } from '../db/pool.ts';
import { Sentence } from '../sentence.ts';
import { type Attachment, requireAttachment } from './attachment.ts';

/** A file that waits to go with an application. */
export type Upload = {
  /** A UUID. */
  readonly id: string;
  readonly name: string;
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly expiresAt: Date;
};

const keptMs = 86_400_000;
/** MB to whoever reads it. */
const mebibyte = 1024 * 1024;
/** Of one account: that wait at once, and that it brings within a day, whatever became of them. */
const most = {
  waiting: { files: 20, bytes: 50 * mebibyte },
  daily: { files: 200, bytes: 500 * mebibyte },
} as const;

/** Any number that no other lock has. */
const uploadingLock = 20_261_120;

/** Characters of a name that a table and a header bear. */
const longest = 100;

/** The last part of a path without what a screen would not show or a folder would obey; its end is kept. */
export const cleanName = (name: string): string => {
  const last = name.normalize('NFC').split(/[/\\]/).at(-1)!;
  const shown = last.replace(/[\p{C}\p{Zl}\p{Zp}<>:"|?*]/gu, '').trim();
  const [, stem = '', end = ''] = /^(.*?)(\.[A-Za-z0-9]{1,10})?$/u.exec(shown.replace(/^\.+/, '')) ?? [];
  return `${[...(stem || 'file')].slice(0, longest - end.length).join('')}${end}`;
};

type Brought = { readonly files: number; readonly bytes: number };

const tooMany = {
  waiting: (files: string, megabytes: string): Sentence =>
    new Sentence(
      `您有 ${files} 个待用附件，共 ${megabytes} MB；至多 ${most.waiting.files} 个、${most.waiting.bytes / mebibyte} MB：请先提交已上传的，或一天后再试`,
      `${files} files of yours wait, ${megabytes} MB; at most ${most.waiting.files} and ${most.waiting.bytes / mebibyte} MB may: submit what is there, or come back in a day`,
    ),
  daily: (files: string, megabytes: string): Sentence =>
    new Sentence(
      `您一日内已上传 ${files} 个附件，共 ${megabytes} MB；至多 ${most.daily.files} 个、${most.daily.bytes / mebibyte} MB：请一天后再试`,
      `${files} files came from you within a day, ${megabytes} MB; at most ${most.daily.files} and ${most.daily.bytes / mebibyte} MB are taken: come back in a day`,
    ),
} as const;

/**
 * Keeps a file of an account for a day, at `at`. A Sentence for what is not taken (`requireAttachment`), or where the
 * account has too many.
 */
export const keepUpload = async (db: Database, account: number, given: Attachment, at: Date): Promise<Upload> => {
  const file = { name: cleanName(given.name), bytes: given.bytes };
  requireAttachment(file);
  const sha256 = createHash('sha256').update(file.bytes).digest('hex');
  return db.transaction(async (tx) => {
    await tx.run('select pg_advisory_xact_lock($1)', [uploadingLock]);
    const brought = await tx.one<Record<keyof typeof most, Brought>>(
      `select json_build_object('files', count(bytes), 'bytes', coalesce(sum(size) filter (where bytes is not null), 0))
           as waiting,
         json_build_object('files', count(*), 'bytes', coalesce(sum(size), 0)) as daily
       from upload where account = $1 and at > $2`,
      [account, new Date(at.getTime() - keptMs)],
    );
    for (const which of ['waiting', 'daily'] as const) {
      const { files, bytes } = brought[which];
      if (files >= most[which].files || bytes + file.bytes.length > most[which].bytes) {
        throw tooMany[which](`${files}`, `${Math.ceil(bytes / mebibyte)}`);
      }
    }
    const { id } = await tx.one<{ id: string }>(
      'insert into upload (account, name, size, bytes, sha256, at) values ($1, $2, $3, $4, $5, $6) returning id',
      [account, file.name, file.bytes.length, file.bytes, sha256, at],
    );
    return { id, name: file.name, size: file.bytes.length, sha256, expiresAt: new Date(at.getTime() + keptMs) };
  });
};

/** The file of an account's upload; null where it has none of this number, or its day is over. */
export const uploadOf = (db: Queryable, account: number, id: string, now: Date): Promise<Attachment | null> =>
  db.maybeOne<Attachment>(
    'select name, bytes from upload where id = $1 and account = $2 and at > $3 and bytes is not null',
    [id, account, new Date(now.getTime() - keptMs)],
  );

/** It went with an application, which has its bytes now. */
export const forgetUpload = (db: Queryable, id: string): Promise<number> =>
  db.run('update upload set bytes = null where id = $1', [id]);

/** Removes what is older than its day. */
export const clearUploads = (db: Queryable, now: Date): Promise<number> =>
  db.run('delete from upload where at <= $1', [new Date(now.getTime() - keptMs)]);
