/**
 * The layers, highest first: what each is for, and why it may not reach up. An import goes down this list, never up.
 * `compose` is the one file src/compose.ts; every other name is a folder of src.
 */
const layers = [
  ['cli', 'The command line is the outermost layer.'],
  ['console', 'The web console is an outermost layer beside the command line.'],
  ['compose', 'The composition wires what lies below; who starts it is not its business.'],
  ['jobs', 'A job must run the same whoever starts it: command line, console or scheduler.'],
  ['session', 'A session is one use of a drive; why it is used (the job) is not its business.'],
  ['library', 'The device map serves sessions; it must not know what they do.'],
  ['staging', 'The staging area keeps bytes; who fills or empties it is decided above.'],
  ['archive', 'The archiver makes segments; where they are kept is decided above.'],
  ['volume', 'The format on the cartridge must be readable without the parts that write backups.'],
  ['vault', 'Where cartridges are is a fact about objects, not about drives or jobs.'],
  ['rotation', 'The planner is pure: calendar, scheme, catalog and now; nothing that acts.'],
  ['report', 'A report prints what it is given.'],
  ['catalog', 'The catalog records; it must not decide.'],
  ['config', 'The configuration is read before anything else exists.'],
  ['media', 'Cartridges as values: used by everything that handles them, so it depends on nothing that does.'],
  ['device', 'Contracts only: whoever implements one must not pull in those who use it.'],
  ['scsi', 'Pure codecs: bytes in, values out.'],
  ['base', 'The ground floor imports nothing of ours.'],
];

const pathOf = (name) => (name === 'compose' ? '^src/compose\\.ts$' : `^src/${name}/`);
const anyOf = (names) => names.map(pathOf).join('|');
const product = '^(src|drivers|schemes)/';
const names = layers.map(([name]) => name);

const layerRules = layers.slice(1).map(([name, reason], index) => ({
  name: `layer-${name}`,
  comment: `${reason} Move what is needed to a lower layer, or have it passed in by the caller.`,
  severity: 'error',
  from: { path: pathOf(name) },
  to: { path: anyOf(names.slice(0, index + 1)) },
}));

export default {
  forbidden: [
    ...layerRules,
    {
      name: 'no-circles',
      comment:
        'In a circle no part can be understood, tested or replaced alone. Take the shared part out into a file below.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'known-rooms-only',
      comment:
        'Every file of src belongs to a layer, so that it is known what it may import. Add a new layer to this list, in its place, with its reason.',
      severity: 'error',
      from: { path: '^src/', pathNot: anyOf(names) },
      to: {},
    },
    {
      name: 'console-is-a-leaf',
      comment: 'The console is one of the ways in; a part that needs it could not be used without it.',
      severity: 'error',
      from: { path: product, pathNot: '^src/console/' },
      to: { path: '^src/console/' },
    },
    {
      name: 'only-compose-picks-drivers',
      comment:
        'Drivers load lazily and can be left out: only src/compose.ts knows which there are; all others use the contracts in src/device.',
      severity: 'error',
      from: { path: product, pathNot: '^src/compose\\.ts$|^drivers/' },
      to: { path: '^drivers/' },
    },
    {
      name: 'only-compose-picks-schemes',
      comment:
        'Schemes are found by name: only src/compose.ts knows which there are; all others use the contract in src/rotation.',
      severity: 'error',
      from: { path: product, pathNot: '^src/compose\\.ts$|^schemes/' },
      to: { path: '^schemes/' },
    },
    {
      name: 'only-compose-picks-a-database',
      comment:
        "Everything else speaks to the repository interfaces of src/catalog, so that SQLite and PostgreSQL can take each other's place.",
      severity: 'error',
      from: { path: product, pathNot: '^src/compose\\.ts$|^src/catalog/sql/' },
      to: { path: '^src/catalog/sql/' },
    },
    {
      name: 'drivers-stand-on-contracts',
      comment: 'A driver knows devices, not backups: src/device, src/scsi and src/base are all it may import of ours.',
      severity: 'error',
      from: { path: '^drivers/' },
      to: { path: '^(src|schemes|test)/', pathNot: '^src/(device|scsi|base)/' },
    },
    {
      name: 'drivers-stand-alone',
      comment: 'Any tape driver runs over any transport because none knows another; they meet in src/compose.ts.',
      severity: 'error',
      from: { path: '^drivers/([^/]+)/' },
      to: { path: '^drivers/', pathNot: '^drivers/$1/' },
    },
    {
      name: 'schemes-stand-on-contracts',
      comment:
        'A scheme is a pure rule over dates and cartridges: src/rotation, src/media and src/base are all it may import of ours.',
      severity: 'error',
      from: { path: '^schemes/' },
      to: { path: '^(src|drivers|schemes|test)/', pathNot: '^src/(rotation|media|base)/' },
    },
    {
      name: 'commands-load-late',
      comment:
        'The definitions of all commands are loaded for --help: what a command works with, it imports in `run` (await import).',
      severity: 'error',
      from: { path: '^src/cli/commands/' },
      to: { path: '^src/', pathNot: '^src/(cli|base)/', dynamic: false, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'tests-stay-outside',
      comment: 'What only tests need must not be shipped.',
      severity: 'error',
      from: { path: product },
      to: { path: '^test/' },
    },
    {
      name: 'imports-resolve',
      comment: 'An import that resolves to nothing is not checked by any other rule.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    // Without these conditions `#src/*` is looked for in dist, and the layers are judged by what was built last.
    enhancedResolveOptions: { conditionNames: ['types', 'import'], exportsFields: ['exports'] },
  },
};
