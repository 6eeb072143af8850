import type { FastifyInstance } from 'fastify';

/** Which methods an address takes that was asked for with another one; called before any route is registered. */
export const methodsOf = (app: FastifyInstance): ((path: string) => readonly string[]) => {
  const routes: { readonly steps: readonly string[]; readonly methods: readonly string[] }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    routes.push({ steps: url.split('/'), methods: [method].flat() });
  });
  return (path) => {
    const steps = path.split('/');
    const here = routes.filter(
      (route) =>
        route.steps.length === steps.length &&
        route.steps.every((step, nth) => step === steps[nth] || (step.startsWith(':') && steps[nth] !== '')),
    );
    return [...new Set(here.flatMap(({ methods }) => methods))].sort();
  };
};
