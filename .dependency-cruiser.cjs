/** The import wall. A stage imports itself, earlier stages and the base; roles and commands join them. */
const stages = [
  ...['inventory', 'schedule', 'probing', 'store', 'rollup', 'verdict', 'alert', 'report'],
  // Who may see it, and who did what: before the API, which asks them.
  ...['account', 'audit', 'api', 'web'],
];

const later = stages.slice(0, -1).map((stage, index) => ({
  name: `${stage}-knows-no-later-stage`,
  comment: 'Stages meet in data that flows one way; a call upward would hide it.',
  severity: 'error',
  from: { path: `^src/${stage}/` },
  to: { path: `^src/(${stages.slice(index + 1).join('|')})/` },
}));

module.exports = {
  forbidden: [
    {
      name: 'no-circle',
      comment: 'A circle has no first thing to read.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'probes-stand-alone',
      comment: 'What a camera says needs no database, queue, environment or logger: whoever has one camera can use it.',
      severity: 'error',
      from: { path: '^probes/' },
      to: { path: '^(src|tests)/' },
    },
    {
      name: 'probes-use-two-packages',
      comment: 'Only onvif and node-av: everything else a probe needs is ours or Node’s.',
      severity: 'error',
      from: { path: '^probes/' },
      to: {
        dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-no-pkg'],
        pathNot: 'node_modules/(onvif|node-av)/',
      },
    },
    {
      name: 'one-door-into-probes',
      comment: 'Through index.ts, so that what is promised can be seen.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^probes/', pathNot: '^probes/index\\.ts$' },
    },
    {
      name: 'verdict-is-pure',
      comment: 'Rates and verdicts can be replayed over any past month: they import nothing but types.',
      severity: 'error',
      from: { path: '^src/verdict/' },
      to: { pathNot: '^src/verdict/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'the-base-knows-no-stage',
      comment: 'Database, queue, log and config serve all stages alike.',
      severity: 'error',
      from: { path: '^src/(db|queue|config)/|^src/(log|sentence)\\.ts$' },
      to: { path: `^src/(${stages.join('|')}|roles|commands|simulator)/` },
    },
    {
      name: 'nobody-imports-a-role',
      comment: 'Roles are wiring; only commands and the command line start them.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(roles|commands)/|^src/main\\.ts$' },
      to: { path: '^src/(roles|commands)/' },
    },
    {
      name: 'the-simulator-is-a-city-of-its-own',
      comment: 'It knows the truth: nothing that judges may look into it, and it knows nothing of how it is judged.',
      severity: 'error',
      from: { path: '^src/simulator/' },
      to: { path: '^(src/(?!simulator/|sentence\\.ts)|probes/)', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'only-commands-start-the-simulator',
      comment: 'For demo, tests and benchmarks.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(simulator|commands)/' },
      to: { path: '^src/simulator/' },
    },
    {
      name: 'no-orphan',
      comment: 'Code that nobody imports is dead. Entry points of processes are named here.',
      severity: 'error',
      from: {
        orphan: true,
        pathNot:
          '(^src/(main\\.ts|setup\\.mjs|web/board\\.js)|/(server|main|decoder|unreachable-worker)\\.ts|^tests/.*)$',
      },
      to: {},
    },
    ...later,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
