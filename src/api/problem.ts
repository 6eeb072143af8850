import { Type } from 'typebox';
import type { Sentence } from '../sentence.ts';

/** How every error is told: RFC 9457, with the sentence in the caller's language. */
export const Problem = Type.Object(
  {
    type: Type.Literal('about:blank'),
    status: Type.Integer(),
    code: Type.String({ description: '供程序辨认 / for programs' }),
    title: Type.String({ description: '按 Accept-Language：默认中文 / by Accept-Language, Chinese by default' }),
    field: Type.Optional(Type.String({ description: '有误的字段 / the field that is wrong' })),
    request: Type.String({ description: '请求号，日志与审计中可查 / found in log and audit' }),
  },
  { description: 'application/problem+json' },
);

/** An answer that is an error; thrown by routes, told as a Problem. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly zh: string;
  readonly en: string;
  readonly field: string | null;

  constructor(status: number, code: string, zh: string, en: string, field: string | null = null) {
    super(`${zh} / ${en}`);
    this.status = status;
    this.code = code;
    this.zh = zh;
    this.en = en;
    this.field = field;
  }
}

/** For `.catch`: a Sentence of a stage becomes a problem of this status and code; what else was thrown is thrown on. */
export const said =
  (status: 400 | 404 | 409 | 422, code: string, field: string | null = null) =>
  (error: unknown): never => {
    if (error instanceof Error && error.name === 'Sentence') {
      const { zh, en } = error as Sentence;
      throw new ApiProblem(status, code, zh, en, field);
    }
    throw error;
  };
