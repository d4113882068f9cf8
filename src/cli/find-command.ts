import { nearestName } from '#src/base/nearest-name';
import { commandWords } from '#src/cli/command-table';
import { clockOption, globalOptions } from '#src/cli/global-options';

/** Which command a command line means. */
export type FoundCommand =
  | { readonly kind: 'command'; readonly words: string /** What is left for it. */; readonly rest: readonly string[] }
  /** A noun without its verb; undefined: no word at all. */
  | { readonly kind: 'incomplete'; readonly noun: string | undefined }
  | { readonly kind: 'unknown'; readonly words: string; readonly meant: string | undefined };

const withValue = Object.entries({ ...globalOptions, ...clockOption })
  .filter(([, option]) => option.kind !== 'flag')
  .map(([key]) => `--${key}`);

/**
 * Finds the words of the command, between which global options may stand. Only they can: an option of the command before its
 * words could not be told from one with a value.
 */
export function findCommand(argv: readonly string[]): FoundCommand {
  const [noun, verb] = wordPositions(argv);
  if (noun === undefined) return { kind: 'incomplete', noun: undefined };
  const first = argv[noun] as string;
  const without = (positions: readonly number[]) => argv.filter((_, index) => !positions.includes(index));
  if (commandWords.includes(first)) return { kind: 'command', words: first, rest: without([noun]) };
  const verbs = commandWords.filter((words) => words.startsWith(`${first} `));
  if (verbs.length === 0) {
    const nouns = new Set(commandWords.map((words) => words.split(' ')[0] as string));
    return { kind: 'unknown', words: first, meant: nearestName(first, nouns) };
  }
  if (verb === undefined) return { kind: 'incomplete', noun: first };
  const words = `${first} ${argv[verb]}`;
  if (commandWords.includes(words)) return { kind: 'command', words, rest: without([noun, verb]) };
  return { kind: 'unknown', words, meant: nearestName(words, verbs) };
}

/** Positions of the first two words that are neither options nor values of global options. */
function wordPositions(argv: readonly string[]): readonly number[] {
  const positions: number[] = [];
  for (let index = 0; index < argv.length && positions.length < 2; index += 1) {
    const word = argv[index] as string;
    if (word === '--') break;
    if (withValue.includes(word)) index += 1;
    else if (!word.startsWith('-')) positions.push(index);
  }
  return positions;
}
