import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { directoryOf } from '../directory.ts';
import { EventSource } from '../event-source.ts';
import { principalOf } from '../guard.ts';
import { ComeBackLater } from '../limits.ts';
import { Listener } from '../listener.ts';
import type { ApiParts } from '../parts.ts';
import { ApiProblem, Problem } from '../problem.ts';

/** Who listen at once: of one account, and of all, in this process. */
const most = { ofAccount: 5, all: 500 } as const;

const description = `Server-Sent Events。考核单位的账号只收到本单位的。
- \`ready\` {at}：开始；\`reload\` {}：错过太多，请重新读取。
- \`round\` {kind: opened | completed | revised | published, inspection, unit, revision, at}：带 \`id\`，断线后以 Last-Event-ID 续接，不漏。
- \`progress\` {inspection, unit, cameras, answered}：进行中的巡检，每 2 秒。
- \`state\` {code, unit, online: {from, to}, image: {from, to}, at}：点位状态变化，5 秒内；同一点位的多次变化可能合并。不带 \`id\`：续接后请重新读取点位列表。
- \`incident\`：尚无。
每 15 秒一行注释保持连接；接收过慢、会话结束或服务停止时关闭。

Server-Sent Events; an account of a unit hears of its own. \`round\` bears an \`id\`: whoever comes back with Last-Event-ID
misses none. \`progress\` and \`state\` are of now and bear none: read the lists again after coming back; several changes of
one camera may come as one. No \`incident\` yet. A comment every 15 s keeps the line open. It is closed when the listener is
too slow, when its session ends, and when the service stops.`;

/** Rounds, states and incidents as they happen. */
export const eventRoutes =
  ({ db, log, identify }: ApiParts): FastifyPluginAsyncTypebox =>
  async (app) => {
    const source = new EventSource(db, directoryOf(db), log);
    const listening = new Map<number, number>();
    app.addHook('preClose', async () => source.stop());

    const enter = (account: number): (() => void) => {
      const mine = listening.get(account) ?? 0;
      const all = [...listening.values()].reduce((sum, count) => sum + count, 0);
      if (mine >= most.ofAccount || all >= most.all) {
        const ofMine = mine >= most.ofAccount;
        throw new ComeBackLater(
          ofMine ? 429 : 503,
          'too_many_listeners',
          ofMine ? `您已有 ${most.ofAccount} 个实时连接：请关闭其一` : '实时连接已满，请稍后再试',
          ofMine ? `You have ${most.ofAccount} streams of events: close one` : 'All streams are taken; try again later',
          30,
        );
      }
      listening.set(account, mine + 1);
      return () => {
        const left = (listening.get(account) ?? 1) - 1;
        if (left === 0) listening.delete(account);
        else listening.set(account, left);
      };
    };

    app.get(
      '/events',
      {
        // A HEAD would listen for ever.
        exposeHeadRoute: false,
        schema: {
          summary: '实时推送：巡检、状态、事件 / Rounds, states and incidents as they happen',
          description,
          headers: Type.Object({
            'last-event-id': Type.Optional(
              Type.String({ maxLength: 40, description: '上次收到的 id / the last `id` that was heard' }),
            ),
          }),
          response: {
            200: {
              description: '事件流 / a stream of events',
              content: { 'text/event-stream': { schema: Type.Unsafe<unknown>({ type: 'string' }) } },
            },
            400: Problem,
            429: Problem,
            503: Problem,
          },
        },
      },
      async (request, reply) => {
        const { account, unit: reach, role } = principalOf(request);
        const told = request.headers['last-event-id'] ?? '';
        if (told !== '' && !/^\d{1,15}$/.test(told)) {
          throw new ApiProblem(
            400,
            'invalid',
            'Last-Event-ID：不是本事件流的 id，请去掉后重新连接',
            'Last-Event-ID: is no `id` of this stream; leave it out',
            'last-event-id',
          );
        }
        const leave = enter(account);
        const listener = new Listener();
        listener.stream.once('close', leave);
        const allowed = async (): Promise<boolean> => {
          const now = await identify(request, 'again');
          return now !== null && now.account === account && now.unit === reach && now.role === role && !now.mustChange;
        };
        try {
          await source.join({ listener, reach, allowed }, told === '' ? null : Number(told));
        } catch (error) {
          listener.stream.destroy();
          throw error;
        }
        return reply
          .type('text/event-stream; charset=utf-8')
          .header('cache-control', 'no-cache, no-transform')
          .header('x-accel-buffering', 'no')
          .send(listener.stream);
      },
    );
  };
