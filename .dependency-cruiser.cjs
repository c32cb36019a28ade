// Which way things may point (docs/adr has the reasons). Run by scripts/check-boundaries.mjs as `npm run check:boundaries`.
// Each rule has a planted violation in test/fixtures/boundaries; test/architecture.spec.ts asserts that it is seen.

const inPackage = (names) => `(^|/)node_modules/(${names})(/|$)`;

/** What a type of the contract may be made of: how facts look, who calls, how no is said. */
const SHARED_WORDS = '^src/shared/(caller|errors|event-store/(event|decider))\\.ts$';

module.exports = {
  forbidden: [
    {
      name: 'modules-meet-at-contracts',
      comment: 'A module may import only contract.ts of another module.',
      severity: 'error',
      from: { path: '^src/modules/([^/]+)/', pathNot: '\\.module\\.ts$' },
      to: {
        path: '^src/modules/[^/]+/',
        pathNot: ['^src/modules/$1/', '^src/modules/[^/]+/contract\\.ts$'],
      },
    },
    {
      name: 'module-files-meet-module-files',
      comment: 'A *.module.ts may import only contract.ts and *.module.ts of another module.',
      severity: 'error',
      from: { path: '^src/modules/([^/]+)/.*\\.module\\.ts$' },
      to: {
        path: '^src/modules/[^/]+/',
        pathNot: ['^src/modules/$1/', '^src/modules/[^/]+/(contract|[^/]+\\.module)\\.ts$'],
      },
    },
    {
      name: 'shared-knows-no-module',
      comment: 'src/shared is the ground the modules stand on, it must not know them.',
      severity: 'error',
      from: { path: '^src/shared/' },
      to: { path: '^src/modules/' },
    },
    {
      name: 'deciders-are-pure',
      comment:
        'A decider may import only deciders, contracts, words of src/shared, node:util and node:crypto.',
      severity: 'error',
      from: { path: '^src/.*\\.decider\\.ts$' },
      to: {
        pathNot: ['\\.decider\\.ts$', '/contract\\.ts$', SHARED_WORDS, '^(node:)?(util|crypto)$'],
      },
    },
    {
      name: 'contracts-import-no-insides',
      comment: 'A contract may import only contracts, words of src/shared and @nestjs/cqrs.',
      severity: 'error',
      from: { path: '^src/.*/contract\\.ts$' },
      to: { pathNot: ['/contract\\.ts$', SHARED_WORDS, inPackage('@nestjs/cqrs')] },
    },
    {
      name: 'orm-and-sql-stay-at-the-edge',
      comment:
        'MikroORM, Kysely and pg belong into *.read-model.ts, *.store.ts, the event store and src/shared/database.',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: [
          '\\.(read-model|store)\\.ts$',
          '^src/shared/(event-store|database)/',
          '^src/mikro-orm\\.config\\.ts$',
        ],
      },
      to: { path: inPackage('@mikro-orm/[^/]+|kysely|pg') },
    },
    {
      name: 'the-simplybook-adapter-stays-behind-its-port',
      comment: 'Only crm-connection.module.ts may know that the CRM is SimplyBook.me.',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: '^src/modules/crm-connection/(simplybook/|crm-connection\\.module\\.ts$)',
      },
      to: { path: '^src/modules/crm-connection/simplybook/' },
    },
    {
      name: 'outsiders-know-http-only',
      comment: 'web, sandbox and demo are programs of their own: they may import nothing of src.',
      severity: 'error',
      from: { path: '^(web|sandbox|demo)/' },
      to: { path: '^src/' },
    },
    {
      name: 'bench-borrows-little',
      comment:
        'Of src a benchmark may use only src/shared/database and what the hand-written rivals must compute alike.',
      severity: 'error',
      from: { path: '^bench/' },
      to: {
        path: '^src/',
        pathNot:
          '^src/(shared/(database/|secrets\\.ts$)|modules/(leads/(email-key|phone)|sync/fingerprint)\\.ts$)',
      },
    },
    {
      name: 'src-never-imports-outsiders',
      comment:
        'The service must not need the web console, the sandbox, the demo, the benchmarks or the tests.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(web|sandbox|demo|bench|test)/' },
    },
    {
      name: 'src-needs-dependencies-only',
      comment:
        'What src imports must be under "dependencies" in package.json, or it is missing in production.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-optional', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-cycles',
      comment: 'Files that need each other are one file, or one of them needs too much.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-dead-files',
      comment: 'Nothing that the service starts leads to this file.',
      severity: 'error',
      from: { path: '^src/(main|cli)\\.ts$' },
      to: { path: '^src/', pathNot: '^src/(main|cli)\\.ts$', reachable: false },
    },
    {
      name: 'everything-resolves',
      comment: 'An import that leads nowhere would slip through all other rules.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js'],
    },
  },
};
