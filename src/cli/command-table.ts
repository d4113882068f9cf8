import { type AnyCommand, wordsOf } from '#src/cli/command';

type Load = () => Promise<{ readonly command: AnyCommand }>;

/**
 * Every command, in the order of `--help`: its words, and the file that defines it. One line for each new file below
 * `src/cli/commands` (docs/contributing.md).
 */
const table: Readonly<Record<string, Load>> = {
  init: () => import('#src/cli/commands/init'),
  demo: () => import('#src/cli/commands/demo'),
  'library list': () => import('#src/cli/commands/library/list'),
  'library status': () => import('#src/cli/commands/library/status'),
  'library inventory': () => import('#src/cli/commands/library/inventory'),
  'library move': () => import('#src/cli/commands/library/move'),
  'library import': () => import('#src/cli/commands/library/import'),
  'library export': () => import('#src/cli/commands/library/export'),
  'drive list': () => import('#src/cli/commands/drive/list'),
  'drive load': () => import('#src/cli/commands/drive/load'),
  'drive unload': () => import('#src/cli/commands/drive/unload'),
  'cartridge list': () => import('#src/cli/commands/cartridge/list'),
  'cartridge show': () => import('#src/cli/commands/cartridge/show'),
  'cartridge label': () => import('#src/cli/commands/cartridge/label'),
  'cartridge identify': () => import('#src/cli/commands/cartridge/identify'),
  'cartridge read': () => import('#src/cli/commands/cartridge/read'),
  'pool list': () => import('#src/cli/commands/pool/list'),
  'pool show': () => import('#src/cli/commands/pool/show'),
  'backup run': () => import('#src/cli/commands/backup/run'),
  'backup list': () => import('#src/cli/commands/backup/list'),
  'backup show': () => import('#src/cli/commands/backup/show'),
  'staging status': () => import('#src/cli/commands/staging/status'),
  'staging flush': () => import('#src/cli/commands/staging/flush'),
  find: () => import('#src/cli/commands/find'),
  'restore plan': () => import('#src/cli/commands/restore/plan'),
  'restore run': () => import('#src/cli/commands/restore/run'),
  verify: () => import('#src/cli/commands/verify'),
  'catalog stats': () => import('#src/cli/commands/catalog/stats'),
  'catalog check': () => import('#src/cli/commands/catalog/check'),
  'catalog rebuild': () => import('#src/cli/commands/catalog/rebuild'),
  'schedule show': () => import('#src/cli/commands/schedule/show'),
  'schedule next': () => import('#src/cli/commands/schedule/next'),
  'schedule print': () => import('#src/cli/commands/schedule/print'),
};

/** The words of all commands: `init`, `drive load`. */
export const commandWords: readonly string[] = Object.keys(table);

export async function loadCommand(words: string): Promise<AnyCommand | undefined> {
  return Object.hasOwn(table, words) ? (await table[words]?.())?.command : undefined;
}

/** All commands, or those of one noun. */
export async function loadCommands(noun?: string): Promise<readonly AnyCommand[]> {
  const words = commandWords.filter((candidate) => noun === undefined || candidate.split(' ')[0] === noun);
  const commands = await Promise.all(words.map(loadCommand));
  return commands.filter((command) => command !== undefined).sort((a, b) => rank(a) - rank(b));
}

const rank = (command: AnyCommand): number => commandWords.indexOf(wordsOf(command));
