import type { FastifyError, FastifyRequest } from 'fastify';

type Said = { readonly zh: string; readonly en: string };
type Node = {
  readonly type?: string;
  readonly const?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly anyOf?: readonly Node[];
  readonly properties?: Readonly<Record<string, Node>>;
};

/** What the schema refused, as a sentence that names the field and says what it must be. */
export const tellInvalid = (
  { validation, validationContext }: FastifyError,
  request: FastifyRequest,
): Said & { readonly field: string | null } => {
  const part = validationContext ?? 'body';
  const schema = partOf(request, part);
  const refused = validation?.find(({ keyword }) => keyword !== 'boolean') ?? validation?.[0];
  const path = stepsOf(refused?.instancePath ?? '');
  const { requiredProperties, additionalProperties } = (refused?.params ?? {}) as Partial<Record<string, string[]>>;
  const more = (requiredProperties ?? additionalProperties)?.[0];
  const field = [...path, ...(more === undefined ? [] : [more])].join('.').slice(0, 100) || null;
  if (additionalProperties !== undefined) {
    const known = Object.keys(nodeAt(schema, stepsOf(refused?.schemaPath ?? ''))?.properties ?? {}).join(', ');
    return {
      zh: `${field}：没有这个字段；${known === '' ? '此处不接受任何字段' : `可用：${known}`}`,
      en: `${field}: no such field; ${known === '' ? 'there is none here' : `one of: ${known}`}`,
      field,
    };
  }
  const node = nodeAt(schema, beforeUnion(stepsOf(refused?.schemaPath ?? '')));
  const shape = shapeOf(more === undefined ? node : node?.properties?.[more]);
  if (requiredProperties !== undefined) {
    return { zh: `缺少 ${field}：应为${spaced(shape.zh)}`, en: `${field} is missing: must be ${shape.en}`, field };
  }
  const named = field ?? names[part] ?? names.body!;
  const told = part === 'body' ? '' : valueAt(request, part, path);
  if (typeof named !== 'string')
    return { zh: `${named.zh}应为${spaced(shape.zh)}`, en: `${named.en} must be ${shape.en}`, field };
  return { zh: `${named}${told}：应为${spaced(shape.zh)}`, en: `${named}${told}: must be ${shape.en}`, field };
};

/** Between Chinese and Latin or digits stands a space. */
const spaced = (zh: string): string => (/^[\x21-\x7e]/.test(zh) ? ` ${zh}` : zh);

const names: Readonly<Record<string, Said>> = {
  body: { zh: '请求正文', en: 'The body' },
  querystring: { zh: '查询参数', en: 'The query' },
  params: { zh: '地址', en: 'The address' },
  headers: { zh: '请求头', en: 'The headers' },
};

/** The names in a JSON pointer; a schema's has a # before it. */
const stepsOf = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));

/** Where several shapes are allowed, all of them are told, not what was missed of one. */
const beforeUnion = (steps: readonly string[]): readonly string[] => {
  const union = steps.indexOf('anyOf');
  return union === -1 ? steps : steps.slice(0, union);
};

const partOf = ({ routeOptions }: FastifyRequest, part: string): Node | undefined =>
  (routeOptions.schema as Readonly<Record<string, Node>> | undefined)?.[part];

const nodeAt = (schema: Node | undefined, steps: readonly string[]): Node | undefined =>
  steps.reduce<Node | undefined>((node, step) => (node as Readonly<Record<string, Node>> | undefined)?.[step], schema);

/**
 * What was given, where it stood in the address and is short: `=201`. A body's values are never repeated: they may be
 * passwords.
 */
const valueAt = (request: FastifyRequest, part: string, path: readonly string[]): string => {
  const given = path.reduce<unknown>(
    (value, step) => (value as Readonly<Record<string, unknown>> | undefined)?.[step],
    part === 'params' ? request.params : request.query,
  );
  const text = typeof given === 'string' || typeof given === 'number' ? String(given) : '';
  return /^[\p{L}\p{N} .,:+_-]{1,40}$/u.test(text) ? `=${text}` : '';
};

const formats: Readonly<Record<string, Said>> = {
  'date-time': { zh: '时间，例如 2026-11-23T08:00:00Z', en: 'a time such as 2026-11-23T08:00:00Z' },
  date: { zh: '日期，例如 2026-11-23', en: 'a day such as 2026-11-23' },
};

const between = (from: number | undefined, to: number | undefined): Said => {
  if (from !== undefined && to !== undefined && from === to) return { zh: `${from}`, en: `${from}` };
  if (from !== undefined && to !== undefined) return { zh: `${from} 至 ${to}`, en: `${from} to ${to}` };
  if (from !== undefined) return { zh: `至少 ${from}`, en: `at least ${from}` };
  if (to !== undefined) return { zh: `至多 ${to}`, en: `at most ${to}` };
  return { zh: '', en: '' };
};

const shapeOf = (node: Node | undefined): Said => {
  if (node === undefined) return { zh: '接口文档 /api/docs 所述', en: 'as /api/docs says' };
  if (node.const !== undefined) return { zh: String(node.const), en: String(node.const) };
  if (node.anyOf !== undefined) return shapeOfUnion(node.anyOf);
  if (node.type === 'string') return shapeOfText(node);
  if (node.type === 'integer' || node.type === 'number') {
    const bounds = between(node.minimum, node.maximum);
    const [zh, en] = node.type === 'integer' ? ['整数', 'a whole number'] : ['数', 'a number'];
    if (bounds.zh === '') return { zh, en };
    return { zh: `${bounds.zh} 的${zh}`, en: `${en}, ${bounds.en}` };
  }
  if (node.type === 'boolean') return { zh: 'true 或 false', en: 'true or false' };
  if (node.type === 'null') return { zh: 'null', en: 'null' };
  if (node.type === 'array') {
    const bounds = between(node.minItems, node.maxItems);
    if (bounds.zh === '') return { zh: '数组', en: 'an array' };
    return { zh: `数组，${bounds.zh} 项`, en: `an array of ${bounds.en} items` };
  }
  return { zh: '对象', en: 'an object' };
};

const shapeOfText = ({ format, pattern, minLength, maxLength }: Node): Said => {
  const known = format === undefined ? undefined : formats[format];
  if (known !== undefined) return known;
  if (pattern !== undefined) return { zh: `符合 ${pattern} 的文本`, en: `text that matches ${pattern}` };
  const bounds = between(minLength, maxLength);
  if (bounds.zh === '') return { zh: '文本', en: 'text' };
  return { zh: `文本，${bounds.zh} 个字符`, en: `text of ${bounds.en} characters` };
};

const shapeOfUnion = (nodes: readonly Node[]): Said => {
  if (nodes.every((node) => node.const !== undefined)) {
    const choices = nodes.map((node) => String(node.const));
    return { zh: `${choices.join('、')} 之一`, en: `one of ${choices.join(', ')}` };
  }
  const shapes = nodes.map(shapeOf);
  return { zh: shapes.map(({ zh }) => zh).join('，或'), en: shapes.map(({ en }) => en).join(', or ') };
};
