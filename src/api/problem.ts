import { Type } from 'typebox';

/** How every error is told: RFC 9457, with the sentence in both languages. */
export const Problem = Type.Object(
  {
    type: Type.Literal('about:blank'),
    status: Type.Integer(),
    code: Type.String(),
    title: Type.String({ description: '中文 / English' }),
    field: Type.Optional(Type.String()),
  },
  { description: 'application/problem+json' },
);

/** An answer that is an error; thrown by routes, told as a Problem. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, zh: string, en: string) {
    super(`${zh} / ${en}`);
    this.status = status;
    this.code = code;
  }
}
