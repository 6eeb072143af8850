import { normalizeIP } from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type AuditEntry, type AuditOutcome, record, recordAll } from '../audit/record.ts';
import { Gather } from '../db/gather.ts';
import type { Access } from './access.ts';
import type { ApiParts } from './parts.ts';
import { answered } from './patience.ts';
import { ApiProblem } from './problem.ts';
import { Restraint } from './restraint.ts';

/** What only the route knows of the row that a request leaves in the audit. */
export type AuditNote = Partial<Pick<AuditEntry, 'kind' | 'on' | 'unit' | 'why' | 'detail'>>;

declare module 'fastify' {
  interface FastifyRequest {
    auditNote: AuditNote | null;
    /** Of which its refusal or failure speaks to programs; null: there was none, or it is our own fault. */
    faultCode: string | null;
    /** Of its row: `unbegun` where that of its begin could not be written, `unwritten` where that of its outcome could not. */
    auditRow: 'none' | 'begun' | 'written' | 'unbegun' | 'unwritten';
  }
}

/** Says what the request's row in the audit is about; said as early as it is known, so that a refusal has it, too. */
export const noteAudit = (request: FastifyRequest, note: AuditNote): void => {
  const detail = { ...request.auditNote?.detail, ...note.detail };
  request.auditNote = { ...request.auditNote, ...note, detail };
};

/** What a resource is called in the audit where the route has not said more, by its place in the address. */
const kinds: Readonly<Record<string, string>> = {
  ...{ cameras: 'camera', exemptions: 'exemption', appeals: 'appeal', inspections: 'inspection', users: 'account' },
  ...{ tokens: 'token', policies: 'policy', credentials: 'credential', uploads: 'upload', session: 'account' },
};

/** Rows a minute of those whom nobody knows, or who ask too often: else they could fill the audit, and hold up its chain. */
const mostRefused = { ofOne: 20, ofAll: 300 };
/** How often it is told in the audit of how many of them there is no row of their own, ms; all of them are in the log. */
const tallyEveryMs = 60_000;

/** Rows in one statement. */
const mostTogether = 100;

/** Of an answer that is not given after all. */
const ofTheAnswer = [
  ...['content-disposition', 'content-encoding', 'content-range', 'accept-ranges', 'etag', 'last-modified', 'location'],
  'set-cookie',
];

/**
 * Every request to a route whose line in the table (access.ts) names an action leaves a row, refusals too. What leaves no
 * row does not happen and is not seen: before a change is made a row says that it is begun, and its answer goes out after
 * the row of what came of it; a look's row stands before the first byte goes out. Where one cannot be written, the answer
 * is 503 `audit_unavailable`. A process that is killed between a change and its row leaves `begun` without an end.
 * A refusal whose row cannot be written stays a refusal, and is in the log.
 *
 * Rows that come together go together: whoever adds one waits for whoever holds the end of the chain, and a hundred looks
 * at once would hold all connections of this process meanwhile.
 */
export const audited = (app: FastifyInstance, { db, log }: Pick<ApiParts, 'db' | 'log'>): void => {
  app.decorateRequest('auditNote', null);
  app.decorateRequest('faultCode', null);
  app.decorateRequest('auditRow', 'none');
  const restraint = new Restraint(mostRefused);
  const gather = new Gather<AuditEntry, null>(
    async (all) => {
      await recordAll(db, all);
      return all.map(() => null);
    },
    mostTogether,
    0,
  );
  const tell = (entry: AuditEntry): Promise<null> => gather.ask(entry);

  const tellPassedOver = async (): Promise<void> => {
    const { count, of } = restraint.tally();
    if (count === 0) return;
    await answered(() => record(db, passedOver(count, of))).catch((error: Error) => {
      log.error({ unrecorded: count, error: error.message }, 'refusals are not in the audit');
    });
  };
  const timer = setInterval(() => void tellPassedOver(), tallyEveryMs).unref();
  app.addHook('onClose', async () => {
    clearInterval(timer);
    await tellPassedOver();
  });

  app.addHook('onError', async (request, _reply, error) => {
    if (error instanceof ApiProblem) request.faultCode = error.code;
    else request.faultCode = error.validation === undefined ? null : 'invalid';
  });

  app.addHook('preHandler', async (request, reply) => {
    const access = auditedAccess(request);
    if (access === null || isLook(request)) return;
    await tell(entryOf(request, access, 'begun', null)).catch((error: Error) => {
      request.auditRow = 'unbegun';
      throw unavailable(request, reply, error, {
        zh: '未予办理，请稍后再试',
        en: 'nothing was done; try again later',
      });
    });
    request.auditRow = 'begun';
  });

  app.addHook('onSend', async (request, reply, payload) => {
    const access = auditedAccess(request);
    const { auditRow } = request;
    if (access === null || (auditRow !== 'none' && auditRow !== 'begun')) return payload;
    const { statusCode } = reply;
    // What was begun has its end, however often.
    const anybody = auditRow === 'none' && (request.principal === null || statusCode === 429);
    const name = request.principal?.name ?? normalizeIP(request.ip);
    if (anybody && !restraint.lets(name, Date.now())) return payload;
    const outcome = outcomeOf(request, statusCode);
    const more = { status: statusCode, code: request.faultCode };
    // Before it is written: an error that is told for its sake comes by here again.
    request.auditRow = 'written';
    const write = () => tell(entryOf(request, access, outcome, more));
    // Whoever was refused because the database is away does not wait for it once more.
    await (statusCode < 400 ? write() : answered(write)).catch((error: Error) => {
      request.auditRow = 'unwritten';
      if (statusCode >= 400) {
        log.error({ request: request.id, action: access.audit, error: error.message }, 'a refusal is not in the audit');
        return;
      }
      destroy(payload);
      throw unavailable(
        request,
        reply,
        error,
        isLook(request)
          ? { zh: '未予显示，请稍后再试', en: 'nothing is shown; try again later' }
          : {
              zh: '办理已开始，请先查看现状再决定是否重做',
              en: 'it was begun; look at the state of things before you do it again',
            },
      );
    });
    return payload;
  });

  const unavailable = (
    request: FastifyRequest,
    reply: FastifyReply,
    error: Error,
    { zh, en }: { readonly zh: string; readonly en: string },
  ): ApiProblem => {
    log.error({ request: request.id, error: error.message }, 'the audit cannot be written');
    for (const header of ofTheAnswer) reply.removeHeader(header);
    reply.header('retry-after', '5').header('cache-control', 'no-store');
    return new ApiProblem(503, 'audit_unavailable', `审计无法写入：${zh}`, `The audit cannot be written: ${en}`);
  };
};

type AuditedAccess = Access & { readonly audit: string };

const auditedAccess = (request: FastifyRequest): AuditedAccess | null => {
  const { access } = request.routeOptions.config;
  return access === undefined || access === 'public' || access.audit === null ? null : (access as AuditedAccess);
};

const isLook = ({ method }: FastifyRequest): boolean => method === 'GET' || method === 'HEAD';

const outcomeOf = (request: FastifyRequest, status: number): AuditOutcome => {
  if (request.replayed) return 'replayed';
  if (status < 400) return 'done';
  return status < 500 ? 'refused' : 'failed';
};

const entryOf = (
  request: FastifyRequest,
  { audit }: AuditedAccess,
  outcome: AuditOutcome,
  more: Readonly<Record<string, unknown>> | null,
): AuditEntry => {
  const { principal, auditNote, id, ip } = request;
  const { kind, on, unit, why, detail }: AuditNote = auditNote ?? {};
  const token = principal?.token ?? null;
  const bearer = principal === null ? request.headers.authorization !== undefined : token !== null;
  const all = { ...(token === null ? {} : { token: token.id }), ...more, ...detail };
  return {
    // A name has two characters at least: nobody is called so.
    actor: principal?.name ?? '-',
    role: principal?.role ?? null,
    via: bearer ? 'token' : 'session',
    address: ip,
    action: audit,
    kind: kind ?? kinds[request.routeOptions.url?.split('/')[3] ?? ''] ?? null,
    on: on ?? firstOf(request.params),
    unit: unit ?? null,
    why: why ?? null,
    outcome,
    request: id,
    detail: Object.keys(all).length === 0 ? null : all,
  };
};

/** Of refusals that have no row of their own: how many, and of which addresses or accounts the first of them. */
const passedOver = (count: number, of: ReadonlyMap<string, number>): AuditEntry => ({
  ...{ actor: 'xunjian', role: null, via: 'system', address: null, action: 'request.unrecorded' },
  ...{ kind: null, on: null, unit: null, why: null, outcome: 'refused', request: null },
  detail: { unrecorded: count, of: Object.fromEntries(of) },
});

/** Of the parameters in an address: a camera's code, a number. */
const firstOf = (params: unknown): string | null => {
  const [first] = Object.values((params ?? {}) as Record<string, unknown>);
  return typeof first === 'string' || typeof first === 'number' ? String(first) : null;
};

/** A stream that nobody will read. */
const destroy = (payload: unknown): void => {
  const stream = payload as { destroy?: () => void; cancel?: () => Promise<void> } | null;
  if (typeof stream?.destroy === 'function') stream.destroy();
  else if (typeof stream?.cancel === 'function') stream.cancel().catch(() => {});
};
