import { type AnyCommand, type Option, optionName, type Positional, wordsOf } from '#src/cli/command';
import { exitCodes } from '#src/cli/exit-codes';
import { globalOptions } from '#src/cli/global-options';
import { renderTable } from '#src/cli/render/table';

/** `grandsire --help`, and `grandsire drive --help` with the commands of that noun. */
export function commandsHelp(commands: readonly AnyCommand[], noun?: string): string {
  const rows = commands.map((command) => [`  ${usageOf(command)}`, command.summary]);
  return [
    `grandsire ${noun ?? '<noun>'} <verb> [options]\n`,
    ...(noun === undefined ? ['Backups on tape libraries and removable disks, and where everything is.\n'] : []),
    `Commands\n${renderTable(rows)}`,
    `Options of every command\n${optionLines(globalOptions)}`,
    'Run `grandsire <noun> <verb> --help` for one of them.\n',
  ].join('\n');
}

/** `grandsire drive load --help`. */
export function commandHelp(command: AnyCommand): string {
  const examples = command.examples.map((example) => `  ${example.command}\n      ${example.does}\n`);
  const codes = usedExitCodes(command).map((code) => [`  ${code}`, exitCodes[code]]);
  return [
    `grandsire ${usageOf(command)} [options]\n`,
    `${command.summary}.\n${command.description ? `\n${command.description}\n` : ''}`,
    ...(command.positionals.length > 0 ? [`Words\n${renderTable(command.positionals.map(positionalRow))}`] : []),
    ...(Object.keys(command.options).length > 0 ? [`Options\n${optionLines(command.options)}`] : []),
    `Options of every command\n${optionLines(globalOptions)}`,
    ...(examples.length > 0 ? [`Examples\n${examples.join('')}`] : []),
    `Exit codes\n${renderTable(codes)}`,
  ].join('\n');
}

/** `drive load BARCODE [--drive N]` */
export function usageOf(command: AnyCommand): string {
  const options = Object.entries(command.options).map(([key, option]) => `[${optionUsage(key, option)}]`);
  return [wordsOf(command), ...command.positionals.map(positionalUsage), ...options].join(' ');
}

/** Those it names, and those that any command can end with. */
export function usedExitCodes(command: AnyCommand): readonly (keyof typeof exitCodes)[] {
  const codes = Object.keys(exitCodes).map((code) => Number(code) as keyof typeof exitCodes);
  return codes.filter((code) => [0, 1, 2, 130].includes(code) || command.exitCodes.includes(code));
}

/** `--drive N` */
export function optionUsage(key: string, option: Option): string {
  const name = `--${optionName(key)}`;
  if (option.kind === 'flag') return name;
  return `${name} ${option.kind === 'choice' ? option.choices.join('|') : option.value}`;
}

export function positionalUsage({ name, required, many }: Positional): string {
  const word = `${name.toUpperCase()}${many ? '…' : ''}`;
  return required ? word : `[${word}]`;
}

const positionalRow = (positional: Positional): readonly string[] => [
  `  ${positionalUsage(positional)}`,
  positional.summary,
];

const optionLines = (options: Readonly<Record<string, Option>>): string =>
  renderTable(Object.entries(options).map(([key, option]) => [`  ${optionUsage(key, option)}`, option.summary]));
