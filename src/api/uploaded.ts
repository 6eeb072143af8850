import { Type } from 'typebox';
import type { Queryable } from '../db/pool.ts';
import type { Attachment } from '../schedule/attachment.ts';
import { forgetUpload, uploadOf } from '../schedule/upload.ts';
import { ApiProblem } from './problem.ts';

export const UploadId = Type.String({
  pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$',
  description: '已上传文件的 id / of a file that was uploaded',
});

/** The upload of an account that an application names; null: it names none. Of somebody else's it knows nothing. */
export const attachmentNamed = async (
  db: Queryable,
  account: number,
  id: string | undefined,
  now: Date,
): Promise<Attachment | null> => {
  if (id === undefined) return null;
  const file = await uploadOf(db, account, id, now);
  if (file !== null) return file;
  throw new ApiProblem(
    422,
    'no_such_upload',
    `attachment ${id}：您没有这个已上传的文件，或已过一天；请重新上传`,
    `attachment ${id}: no such upload of yours, or its day is over; upload it again`,
    'attachment',
  );
};

/** The application has the bytes now. */
export const attachmentUsed = async (db: Queryable, id: string | undefined): Promise<void> => {
  if (id !== undefined) await forgetUpload(db, id);
};
