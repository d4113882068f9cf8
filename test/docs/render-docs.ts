import { errorCodes } from '#src/base/error-codes';
import { type AnyCommand, type Option, wordsOf } from '#src/cli/command';
import { loadCommands } from '#src/cli/command-table';
import { exitCodeOf, exitCodes } from '#src/cli/exit-codes';
import { globalOptions } from '#src/cli/global-options';
import { optionUsage, positionalUsage, usageOf, usedExitCodes } from '#src/cli/help';

const written = '<!-- Written by `npm run docs` from the definitions in src/cli; edit those. -->\n';

/** The files of `docs/cli`, by name: what the definitions of commands, options and codes say. */
export async function renderDocs(): Promise<ReadonlyMap<string, string>> {
  const commands = await loadCommands();
  const nouns = [...new Set(commands.map(({ noun }) => noun))];
  const pages = nouns.map((noun): [string, string] => [
    `${noun}.md`,
    nounPage(
      noun,
      commands.filter((command) => command.noun === noun),
    ),
  ]);
  return new Map([['README.md', indexPage(commands)], ...pages, ['errors.md', errorPage()]]);
}

function indexPage(commands: readonly AnyCommand[]): string {
  return `# The command line

${written}
\`grandsire <noun> <verb> [options]\`. Results go to stdout, progress and messages to stderr. Configuration: \`--config\`,
\`$GRANDSIRE_CONFIG\`, \`./grandsire.yaml\`, \`/etc/grandsire/grandsire.yaml\`, in that order.

## Commands

${table(
  ['command', 'does'],
  commands.map((command) => [`[\`${usageOf(command)}\`](${command.noun}.md)`, command.summary]),
)}
## Options of every command

${optionTable(globalOptions)}
## Exit codes

${table(
  ['code', 'means'],
  Object.entries(exitCodes).map(([code, means]) => [code, means]),
)}
## JSON

With \`--json\` a command prints exactly one JSON document on stdout, also when it fails:
\`{"error":{"code","message","blame","remedy"}}\`; the codes are in [errors.md](errors.md). Times are ISO 8601 with offset; byte counts
are numbers, or strings above 2^53−1. A name that is not UTF-8 is written with \`\\xHH\` for each such byte, and \`\\\\\` for a
backslash.
`;
}

function nounPage(noun: string, commands: readonly AnyCommand[]): string {
  return `# grandsire ${noun}\n\n${written}\n${commands.map(commandSection).join('\n')}`;
}

function commandSection(command: AnyCommand): string {
  const { positionals, options, examples, summary, description, json } = command;
  const words = positionals.map((positional): Row => [`\`${positionalUsage(positional)}\``, positional.summary]);
  const codes = usedExitCodes(command).map((code): Row => [String(code), exitCodes[code]]);
  return [
    `## ${wordsOf(command)}\n`,
    `\`grandsire ${usageOf(command)}\`\n`,
    `${sentence(summary)}${description ? ` ${description}` : ''}\n`,
    ...(words.length > 0 ? [table(['word', 'is'], words)] : []),
    ...(Object.keys(options).length > 0 ? [optionTable(options)] : []),
    ...examples.map((example) => `- \`${example.command}\`: ${example.does}`),
    ...(examples.length > 0 ? [''] : []),
    `JSON: \`${json}\`\n`,
    table(['exit code', 'means'], codes),
  ].join('\n');
}

function errorPage(): string {
  const rows = Object.entries(errorCodes).map(([code, { blame, kind, meaning }]) => [
    `\`${code}\``,
    meaning,
    blame,
    String(exitCodeOf[kind]),
  ]);
  return `# Codes of failures and warnings

${written}
\`code\` of an error, of a warning, and of each entry of \`failed\`. They do not change. *Blame* says whose fault it is: a bug of
the program, the caller (words of the command), the device, the medium, or something for the operator to do. A command that
fails with the code ends with that exit code; as a warning it makes it 3.

${table(['code', 'means', 'blame', 'exit code'], rows)}`;
}

type Row = readonly string[];

const optionTable = (options: Readonly<Record<string, Option>>): string =>
  table(
    ['option', 'means'],
    Object.entries(options).map(([key, option]) => [`\`${optionUsage(key, option)}\``, option.summary]),
  );

function table(header: Row, rows: readonly Row[]): string {
  const line = (cells: Row): string => `| ${cells.map(cellText).join(' | ')} |\n`;
  return line(header) + line(header.map(() => '---')) + rows.map(line).join('');
}

/** A bar would end the cell, also between backticks. */
const cellText = (cell: string): string => cell.replace(/\|/g, '\\|');

const sentence = (summary: string): string => `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
