import yargs, { type Argv } from 'yargs';
import { GrandsireError } from '#src/base/errors';
import { nearestName } from '#src/base/nearest-name';
import { parseDuration } from '#src/base/parse-duration';
import { parseSize } from '#src/base/size';
import { type AnyCommand, type Option, optionName, type Positional, wordsOf } from '#src/cli/command';

export type ParsedArguments = Readonly<Record<string, unknown>>;

/** Words that yargs may not take for anything but text, options that may not be abbreviated, split or guessed. */
const parserConfiguration = {
  'boolean-negation': false,
  'camel-case-expansion': true,
  'dot-notation': false,
  'greedy-arrays': false,
  'parse-numbers': false,
  'parse-positional-numbers': false,
  'populate--': true,
} as const;

/** The values of a command's positionals and options, by their names. Throws `command.usage`. */
export async function parseArguments(
  command: AnyCommand,
  options: Readonly<Record<string, Option>>,
  argv: readonly string[],
): Promise<ParsedArguments> {
  const fail = (message: string, hint?: string): never => {
    const help = `Run \`grandsire ${wordsOf(command)} --help\` for what it takes.`;
    throw new GrandsireError('command.usage', { message, remedy: hint ? `${hint} ${help}` : help });
  };
  refuseUnknownOptions(argv, options, fail);
  const values = await createParser(options)
    .fail((message, error) => fail(error?.message ?? message))
    .parseAsync([...argv]);
  const words = [...values._, ...listOf(values['--'])].map(String);
  const parsed = positionalValues(command.positionals, words, fail);
  for (const [key, option] of Object.entries(options)) parsed[key] = optionValue(key, option, values[key], fail);
  return parsed;
}

/** Not left to yargs, which would parse the words a second time, and lose those behind `--`. */
function positionalValues(
  positionals: readonly Positional[],
  words: readonly string[],
  fail: Fail,
): Record<string, unknown> {
  const parsed: Record<string, unknown> = {};
  let taken = 0;
  for (const { name, required, many } of positionals) {
    const own = words.slice(taken, many ? undefined : taken + 1);
    taken += own.length;
    if (required && own.length === 0) fail(`${name.toUpperCase()} is missing`);
    if (own.includes('')) fail(`${name.toUpperCase()} is empty`);
    parsed[name] = many ? own : own[0];
  }
  if (taken < words.length) fail(`${quote(words[taken] as string)} is one word too many`);
  return parsed;
}

function createParser(options: Readonly<Record<string, Option>>): Argv {
  // Its own --help and --version would end the process; the locale would be looked up on disk.
  const parser = yargs()
    .locale('en')
    .help(false)
    .version(false)
    .exitProcess(false)
    .parserConfiguration(parserConfiguration);
  for (const [key, option] of Object.entries(options)) {
    const type = option.kind === 'flag' ? 'boolean' : option.kind === 'texts' ? 'array' : 'string';
    parser.option(optionName(key), { type, string: type === 'array', requiresArg: type !== 'boolean' });
  }
  return parser;
}

type Fail = (message: string, hint?: string) => never;

/** Before yargs, which would take `--bar-code X` for two things and complain about both. */
function refuseUnknownOptions(argv: readonly string[], options: Readonly<Record<string, Option>>, fail: Fail): void {
  const names = Object.keys(options).map((key) => `--${optionName(key)}`);
  let afterValue = false;
  for (const word of argv) {
    if (word === '--') return;
    const name = word.split('=')[0] as string;
    const value = afterValue && !word.startsWith('--');
    afterValue = false;
    if (value || !/^-./.test(word)) continue;
    if (!names.includes(name)) {
      const meant = nearestName(name, names);
      fail(`\`${name}\` is not an option of this command`, meant && `Did you mean \`${meant}\`?`);
    }
    const option = Object.entries(options).find(([key]) => `--${optionName(key)}` === name)?.[1];
    if (option?.kind === 'flag' && name !== word) fail(`${name} takes no value`);
    afterValue = option?.kind !== 'flag' && name === word;
  }
}

const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];

function optionValue(key: string, option: Option, value: unknown, fail: Fail): unknown {
  const name = `--${optionName(key)}`;
  if (option.kind === 'flag') return value === true;
  if (option.kind === 'texts') return listOf(value);
  if (value === undefined) return option.default;
  // Given twice, the last counts.
  const text = String(listOf(value).at(-1));
  switch (option.kind) {
    case 'text':
      return text === '' ? fail(`${name} is empty`) : text;
    case 'choice':
      return option.choices.includes(text)
        ? text
        : fail(`${name} is ${quote(text)}, not ${option.choices.join(' or ')}`);
    case 'number':
      return numberValue(name, option, text, fail);
    case 'size':
      return parseSize(text) ?? fail(`${name} is ${quote(text)}, which is not a size such as 200GiB`);
    case 'duration':
      return parseDuration(text) ?? fail(`${name} is ${quote(text)}, which is not a time such as 30s or 10m`);
  }
}

function numberValue(name: string, option: Option & { kind: 'number' }, text: string, fail: Fail): number {
  const most = option.most ?? Number.MAX_SAFE_INTEGER;
  const number = /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= option.least && number <= most) return number;
  const range = option.most === undefined ? `from ${option.least}` : `from ${option.least} to ${option.most}`;
  return fail(`${name} is ${quote(text)}, not a whole number ${range}`);
}

const quote = (text: string): string => JSON.stringify(text.slice(0, 64));
