import multipart from '@fastify/multipart';
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { principalOf } from './guard.ts';
import { ComeBackLater } from './limits.ts';
import { ApiProblem } from './problem.ts';

/** As `schedule/attachment.ts` and `inventory/photo.ts` take them. */
const mostBytes = 10 * 1024 * 1024;
/** Files that are received at once, each in memory, by this process: of all, and of one account, which may be slow. */
const mostAtOnce = { all: 8, account: 4 } as const;
const receiving = new Map<number, number>();

/** For a plugin whose routes take one file each. */
export const takeFiles = (app: FastifyInstance): Promise<void> =>
  Promise.resolve(
    app.register(multipart, {
      // One byte more, so that a file of just so many is told from a larger one.
      limits: { fileSize: mostBytes + 1, files: 1, fields: 4, parts: 5, fieldNameSize: 100, fieldSize: 8_192 },
      throwFileSizeLimit: false,
    }),
  ).then(() => {});

/** The body of such a route is described and not validated: it comes in parts, which `fileIn` reads. */
export const bodyInParts = (route: { readonly httpPart?: string }) =>
  route.httpPart === 'body' ? () => true : TypeBoxValidatorCompiler(route as never);

export type FileGiven = {
  /** As its bringer named it. */
  readonly name: string;
  readonly bytes: Buffer;
  /** Texts that came before or after the file, by name. */
  readonly fields: Readonly<Record<string, string>>;
};

/**
 * The one file of a multipart/form-data body, in the part `file`, and texts of the names in `known`. A problem where there
 * is none, more than one, one that is too large, or anything else.
 */
export const fileIn = async (request: FastifyRequest, known: readonly string[]): Promise<FileGiven> => {
  if (!request.isMultipart()) {
    throw new ApiProblem(
      415,
      'not_multipart',
      '请以 multipart/form-data 提交，文件放在 file 中',
      'Send it as multipart/form-data, with the file in `file`',
    );
  }
  const { account } = principalOf(request);
  const mine = receiving.get(account) ?? 0;
  const all = [...receiving.values()].reduce((sum, count) => sum + count, 0);
  if (mine >= mostAtOnce.account || all >= mostAtOnce.all) {
    throw new ComeBackLater(503, 'uploads_busy', '上传繁忙，请稍后再试', 'Too many uploads at once; try again', 5);
  }
  receiving.set(account, mine + 1);
  try {
    const given = await read(request, known);
    // The guard saw the head of the request alone, and a file may take two minutes.
    await request.admitAgain?.();
    return given;
  } catch (error) {
    throw refusalOf(error);
  } finally {
    const left = (receiving.get(account) ?? 1) - 1;
    if (left === 0) receiving.delete(account);
    else receiving.set(account, left);
  }
};

const read = async (request: FastifyRequest, known: readonly string[]): Promise<FileGiven> => {
  let file: { name: string; bytes: Buffer } | null = null;
  const fields: Record<string, string> = {};
  for await (const part of request.parts()) {
    if (part.type === 'field') {
      if (!known.includes(part.fieldname)) throw stranger(part.fieldname, known);
      fields[part.fieldname] = textOf(part.fieldname, part.value);
      continue;
    }
    // Read to its end in any case: what is left of it would hold up the answer.
    const bytes = await part.toBuffer();
    if (part.fieldname !== 'file') throw stranger(part.fieldname, known);
    if (part.file.truncated || bytes.length > mostBytes) throw tooLarge();
    file = { name: textOf('file', part.filename ?? ''), bytes };
  }
  if (file !== null) return { ...file, fields };
  throw new ApiProblem(400, 'no_file', '没有文件：请放在 file 中', 'There is no file: put it into `file`', 'file');
};

const textOf = (field: string, value: unknown): string => {
  const text = String(value);
  if (text.length <= 8_000 && !/\p{Cc}/u.test(text) && text.isWellFormed()) return text;
  throw new ApiProblem(
    400,
    'invalid',
    `${field}：过长，或含控制字符或残缺的字符`,
    `${field}: too long, or holds control characters or half a character`,
    field,
  );
};

const stranger = (name: string, known: readonly string[]): ApiProblem => {
  const list = ['file', ...known].join(', ');
  const shown = name.replace(/[^\w-]/g, '?').slice(0, 100);
  return new ApiProblem(
    400,
    'invalid',
    `没有 ${shown} 这一项；可用：${list}`,
    `There is no such part as ${shown}; one of: ${list}`,
    shown === '' ? null : shown,
  );
};

const tooLarge = (): ApiProblem =>
  new ApiProblem(
    413,
    'file_too_large',
    '文件超过 10 MB：请压缩后再上传',
    'The file has more than 10 MB: make it smaller',
    'file',
  );

/** What a body that is no form is told as; busboy throws plain errors, the plugin some of its own. */
const refusalOf = (error: unknown): unknown => {
  if (error instanceof ApiProblem) return error;
  const { code, message } = error as { code?: string; message?: string };
  if (code === 'FST_REQ_FILE_TOO_LARGE') return tooLarge();
  if (code?.startsWith('FST_') || /multipart|form|part header|boundary/i.test(message ?? '')) {
    return new ApiProblem(
      400,
      'invalid',
      '请求正文不是完整的 multipart/form-data，或分项过多',
      'The body is no whole multipart/form-data, or has too many parts',
    );
  }
  return error;
};
