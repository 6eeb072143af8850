import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import Fastify, { type FastifyInstance } from 'fastify';
import { audited } from './audited.ts';
import { etags } from './etag.ts';
import { guard } from './guard.ts';
import { harden, serverOptions } from './hardening.ts';
import { idempotent } from './idempotency.ts';
import { methodsOf } from './methods.ts';
import { describeApi } from './openapi.ts';
import type { ApiParts } from './parts.ts';
import { appealRoutes } from './routes/appeals.ts';
import { auditRoutes } from './routes/audit.ts';
import { availabilityRoutes } from './routes/availability.ts';
import { cameraRoutes } from './routes/cameras.ts';
import { credentialRoutes } from './routes/credentials.ts';
import { eventRoutes } from './routes/events.ts';
import { exemptionRoutes } from './routes/exemptions.ts';
import { exportRoutes } from './routes/export.ts';
import { healthRoutes } from './routes/health.ts';
import { incidentRoutes } from './routes/incidents.ts';
import { inspectionActRoutes } from './routes/inspection-acts.ts';
import { inspectionRoutes } from './routes/inspections.ts';
import { oidcRoutes } from './routes/oidc.ts';
import { pictureRoutes } from './routes/pictures.ts';
import { policyRoutes } from './routes/policies.ts';
import { probeRoutes } from './routes/probes.ts';
import { rateRoutes } from './routes/rates.ts';
import { reportRoutes } from './routes/reports.ts';
import { sessionRoutes } from './routes/session.ts';
import { siteRoutes } from './routes/sites.ts';
import { tokenRoutes } from './routes/tokens.ts';
import { unitRoutes } from './routes/units.ts';
import { uploadRoutes } from './routes/uploads.ts';
import { userRoutes } from './routes/users.ts';
import { answerNotFound, tellWith } from './tell.ts';

/** In the order of the document. */
const routes = [
  ...[sessionRoutes, oidcRoutes, tokenRoutes, userRoutes, auditRoutes],
  ...[unitRoutes, siteRoutes, cameraRoutes, exportRoutes, pictureRoutes, credentialRoutes, probeRoutes],
  ...[inspectionRoutes, inspectionActRoutes, rateRoutes, availabilityRoutes, reportRoutes, incidentRoutes, eventRoutes],
  ...[uploadRoutes, exemptionRoutes, appealRoutes, policyRoutes],
];

/**
 * Builds the API without listening: tests inject requests, the role listens. A request goes through bounds (hardening),
 * who asks and whether they may (guard), whether it was done before (idempotency), its schema, the route, and leaves its
 * row in the audit before it is answered.
 */
export const buildApi = async (parts: ApiParts): Promise<FastifyInstance> => {
  const tell = tellWith(parts.log);
  // `frameworkErrors`: an address that is no URL comes to no route and to no error handler.
  const app = Fastify({ ...serverOptions(parts), frameworkErrors: tell })
    .withTypeProvider<TypeBoxTypeProvider>()
    .setValidatorCompiler(TypeBoxValidatorCompiler);
  app.setErrorHandler(tell);
  app.setNotFoundHandler(answerNotFound(methodsOf(app)));
  await harden(app, parts);
  guard(app, parts);
  await describeApi(app, parts);
  audited(app, parts);
  idempotent(app, parts);
  etags(app);
  await app.register(healthRoutes(parts));
  for (const plugin of routes) await app.register(plugin(parts), { prefix: '/api/v1' });
  return app;
};
