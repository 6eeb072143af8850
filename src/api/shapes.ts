import { type TSchema, Type } from 'typebox';

/** Shapes that several routes tell in. */
export const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
/** The same with a description of its own; spread into another object, a schema loses its kind. */
export const described = <T extends TSchema>(schema: T, description: string): T =>
  Object.create(Object.prototype, {
    ...Object.getOwnPropertyDescriptors(schema),
    description: { value: description, enumerable: true },
  }) as T;
export const Moment = Type.String({ format: 'date-time' });
export const Day = Type.String({
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$',
  description: '北京时间的日期 / a local date',
});
export const Count = Type.Integer({ minimum: 0 });
export const CameraClass = Type.Union([Type.Literal('skynet'), Type.Literal('social'), Type.Literal('household')], {
  description: '点位类别：天网、社会面、平安家园 / class of camera',
});
export const RateClass = Type.Union(
  [Type.Literal('total'), Type.Literal('skynet'), Type.Literal('social'), Type.Literal('household')],
  { description: '类别；total 为天网与社会面之和 / total is Skynet and social points' },
);
export const Answer = Type.Union([Type.Literal('yes'), Type.Literal('no'), Type.Literal('unknown')]);
export const Verdict = Type.Union([
  Type.Literal('met'),
  Type.Literal('missed'),
  Type.Literal('undetermined'),
  Type.Null({ description: '无点位可评 / nothing to judge' }),
]);
export const Failure = Type.Object({
  kind: Type.String(),
  step: nullable(Type.String()),
  detail: nullable(Type.String()),
  zh: Type.String(),
  en: Type.String(),
});

/** What is asked by; of every string the length is bounded, and no control characters are taken. */
export const UnitCode = Type.String({ pattern: '^[0-9]{6}$', description: '考核单位代码，6 位 / code of a unit' });
export const SiteCode = Type.String({ pattern: '^[A-Za-z0-9_-]{1,40}$', description: '探测站点 / code of a site' });
export const CameraCode = Type.String({ pattern: '^[0-9]{20}$', description: '20 位国标编码 / code of 20 digits' });
export const Words = (description: string) =>
  Type.String({ minLength: 1, maxLength: 100, pattern: '^[^\\u0000-\\u001f\\u007f\\ud800-\\udfff]*$', description });
export const Id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
export const Version = Type.Integer({ minimum: 1, maximum: 2_147_483_647 });
