import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { ApiParts } from './parts.ts';
import { ApiProblem } from './problem.ts';
import { cameraRoutes } from './routes/cameras.ts';
import { healthRoutes } from './routes/health.ts';
import { inspectionRoutes } from './routes/inspections.ts';
import { reportRoutes } from './routes/reports.ts';
import { siteRoutes } from './routes/sites.ts';
import { unitRoutes } from './routes/units.ts';

/** Builds the API without listening: tests inject requests, the role listens. */
export const buildApi = async (parts: ApiParts): Promise<FastifyInstance> => {
  const tell = (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => {
    const status = error instanceof ApiProblem ? error.status : (error.statusCode ?? 500);
    if (status >= 500)
      parts.log.error({ url: request.url, error: error.message, stack: error.stack }, 'request failed');
    const field = error.validation?.[0]?.instancePath?.replace(/^\//, '');
    const [code, title] =
      error instanceof ApiProblem
        ? [error.code, error.message]
        : error.validation !== undefined
          ? ['invalid', `参数有误：${error.message} / Invalid request: ${error.message}`]
          : status < 500
            ? ['refused', `无法理解的请求：${error.message} / Refused: ${error.message}`]
            : ['internal', '服务内部错误 / Internal error'];
    reply.code(status).type('application/problem+json');
    return reply.send({ type: 'about:blank', status, code, title, ...(field ? { field } : {}) });
  };
  // `frameworkErrors`: an address that is no URL comes to no route and to no error handler.
  const app = Fastify({ logger: false, bodyLimit: 64 * 1024, forceCloseConnections: true, frameworkErrors: tell })
    .withTypeProvider<TypeBoxTypeProvider>()
    .setValidatorCompiler(TypeBoxValidatorCompiler);
  app.setErrorHandler(tell);
  app.setNotFoundHandler((request, reply) => {
    reply.code(404).type('application/problem+json');
    const title = `没有这个地址：${request.url} / No such address`;
    return reply.send({ type: 'about:blank', status: 404, code: 'not_found', title });
  });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: '巡检 xunjian',
        version: '1',
        description: '公共安全视频点位巡检 / Inspection of a city’s cameras',
      },
    },
  });
  await app.register(swaggerUi, { routePrefix: '/api/docs' });
  await app.register(healthRoutes(parts));
  await app.register(unitRoutes(parts.db), { prefix: '/api/v1' });
  await app.register(siteRoutes(parts), { prefix: '/api/v1' });
  await app.register(inspectionRoutes(parts.db), { prefix: '/api/v1' });
  await app.register(cameraRoutes(parts.db), { prefix: '/api/v1' });
  await app.register(reportRoutes(parts.db), { prefix: '/api/v1' });
  return app;
};
