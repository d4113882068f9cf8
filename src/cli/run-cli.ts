import { join } from 'node:path';
import { Writable } from 'node:stream';
import { type Clock, instant, offsetClock } from '#src/base/clock';
import { type Duration, milliseconds } from '#src/base/duration';
import { GrandsireError } from '#src/base/errors';
import type { Log } from '#src/base/log';
import { programVersion } from '#src/base/program';
import type { CliEnvironment } from '#src/cli/cli-environment';
import type { Outcome } from '#src/cli/command';
import { loadCommand, loadCommands } from '#src/cli/command-table';
import { confirm } from '#src/cli/confirm';
import type { CommandChanges, CommandRun, Context } from '#src/cli/context';
import { type ExitCode, exitCodeOf } from '#src/cli/exit-codes';
import { asFailure, failureDocument, failureText } from '#src/cli/failure';
import { findCommand } from '#src/cli/find-command';
import { clockOption, globalOptions } from '#src/cli/global-options';
import { commandHelp, commandsHelp } from '#src/cli/help';
import type { ParsedArguments } from '#src/cli/parse-arguments';
import { ProgressLine } from '#src/cli/progress-line';
import { jsonDocument } from '#src/cli/render/json-document';
import { terminalSafe } from '#src/cli/render/terminal-safe';

/** Runs one command line and returns its exit code; never throws, never ends the process. */
export async function runCli(argv: readonly string[], environment: CliEnvironment): Promise<ExitCode> {
  const { stdout, stderr } = environment;
  // Also for lines that cannot be parsed: whoever asked for JSON gets the failure as JSON.
  const options = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : argv.length);
  const json = options.includes('--json');
  const progress = progressLine(environment);
  let log: Log | undefined;
  try {
    const text = await staticText(argv, options);
    if (text !== undefined) {
      stdout.write(json ? jsonDocument({ text }) : text);
      return 0;
    }
    const found = findCommand(argv);
    if (found.kind !== 'command') throw notACommand(found);
    const command = await loadCommand(found.words);
    if (!command) throw notACommand({ kind: 'unknown', words: found.words, meant: undefined });
    const { parseArguments } = await import('#src/cli/parse-arguments');
    const clock = environment.variables['GRANDSIRE_TEST_CLOCK'] === '1' ? clockOption : {};
    const known = { ...command.options, ...globalOptions, ...clock };
    const args = await parseArguments(command, known, found.rest);
    const context = createContext(args, environment, {
      progress,
      onOpen: (opened) => (log = opened),
      words: found.words,
    });
    const outcome = await command.run(context, args as never);
    progress.clear();
    const rendering = { timeZone: environment.timeZone };
    const exitCode = report(outcome, json ? undefined : command.render(outcome.result, rendering), environment);
    log?.write('command.ended', { command: found.words, exitCode });
    return exitCode;
  } catch (thrown) {
    progress.clear();
    const failure = asFailure(thrown, environment.signal);
    const { code, message } = failure;
    const stack = thrown instanceof Error ? thrown.stack : undefined;
    log?.write('command.failed', { command: wordsIn(argv), exitCode: exitCodeOf[failure.kind], code, message, stack });
    if (json) stdout.write(jsonDocument(failureDocument(failure)));
    if (!json || failure.code === 'internal.bug') stderr.write(terminalSafe(failureText(failure)));
    return exitCodeOf[failure.kind];
  }
}

/** What `--version` and `--help` print. */
async function staticText(argv: readonly string[], options: readonly string[]): Promise<string | undefined> {
  if (options.includes('--version')) return `${programVersion}\n`;
  if (!options.includes('--help')) return undefined;
  const found = findCommand(argv);
  if (found.kind === 'command') {
    const command = await loadCommand(found.words);
    return command && commandHelp(command);
  }
  if (found.kind === 'unknown') throw notACommand(found);
  return commandsHelp(await loadCommands(found.noun), found.noun);
}

function notACommand(found: Exclude<ReturnType<typeof findCommand>, { kind: 'command' }>): GrandsireError {
  if (found.kind === 'incomplete') {
    const help = found.noun === undefined ? 'grandsire --help' : `grandsire ${found.noun} --help`;
    const message = found.noun === undefined ? 'no command is given' : `\`${found.noun}\` needs a verb`;
    return new GrandsireError('command.usage', { message, remedy: `Run \`${help}\` for what there is.` });
  }
  const hint = found.meant === undefined ? '' : `Did you mean \`grandsire ${found.meant}\`? `;
  const message = `\`${found.words.slice(0, 64)}\` is not a command`;
  return new GrandsireError('command.usage', { message, remedy: `${hint}Run \`grandsire --help\` for what there is.` });
}

/** Prints what a command returned; `text` is undefined where JSON was asked for. */
function report(
  { result, warnings = [], exitCode }: Outcome<unknown>,
  text: string | undefined,
  { stdout, stderr }: CliEnvironment,
): ExitCode {
  if (text === undefined) {
    const ownWarnings = typeof result === 'object' && result !== null && 'warnings' in result;
    stdout.write(jsonDocument(warnings.length === 0 || ownWarnings ? result : { ...(result as object), warnings }));
  } else {
    stdout.write(terminalSafe(text));
    for (const { code, message, path } of warnings) {
      stderr.write(terminalSafe(`warning: ${path === undefined ? '' : `${path}: `}${message} (${code})\n`));
    }
  }
  return exitCode ?? (warnings.length > 0 ? 3 : 0);
}

/** The command's own words: arguments may name what is nobody's business. */
function wordsIn(argv: readonly string[]): string {
  const found = findCommand(argv);
  return found.kind === 'command' ? found.words : '';
}

interface CommandSurroundings {
  readonly progress: ProgressLine;
  readonly words: string;
  readonly onOpen: (log: Log) => void;
}

function createContext(
  args: ParsedArguments,
  environment: CliEnvironment,
  { progress, words, onOpen }: CommandSurroundings,
): Context {
  const { stdout, stderr, variables, folder, timeZone, signal } = environment;
  const flag = (name: string): boolean => args[name] === true;
  const text = (name: string): string | undefined => args[name] as string | undefined;
  const [json, quiet, yes] = [flag('json'), flag('quiet'), flag('yes')];
  const clock = chosenClock(text('now'), environment.clock);
  let loaded: ReturnType<Context['configuration']> | undefined;
  const configuration = () => {
    loaded ??= import('#src/config/load-configuration').then(({ loadConfiguration }) =>
      loadConfiguration({
        option: text('config'),
        environment: variables['GRANDSIRE_CONFIG'],
        folder,
        machineTimeZone: timeZone,
      }),
    );
    return loaded;
  };
  return {
    configuration,
    async openApp() {
      const { openApp } = await import('#src/compose');
      const { openLog } = await import('#src/base/log');
      const settings = await configuration();
      const app = await openApp({ configuration: settings, clock, ...environment.devices });
      const log = await openLog(join(settings.state, 'log')).catch(async (error: unknown) => {
        await app[Symbol.asyncDispose]();
        throw error;
      });
      log.write('command.begun', { command: words });
      onOpen(log);
      return app;
    },
    clock,
    signal,
    library: text('library'),
    configurationOption: text('config'),
    json,
    quiet,
    yes,
    wait: flag('noWait') ? milliseconds(0) : (args['wait'] as Duration),
    folder,
    timeZone,
    progress: (state) => {
      if (!quiet) progress.show(state);
    },
    note(line) {
      if (quiet) return;
      progress.clear();
      stderr.write(terminalSafe(`${line}\n`));
    },
    async confirm(consequence) {
      progress.clear();
      await confirm(consequence, { yes, json }, environment);
    },
    runCommand: (line, changes) => runNested(line, changes, environment),
    stdout,
  };
}

async function runNested(
  argv: readonly string[],
  { folder, clock, silent = false }: CommandChanges,
  environment: CliEnvironment,
): Promise<CommandRun> {
  const chunks: string[] = [];
  const collect = new Writable({
    decodeStrings: false,
    write: (chunk: string | Buffer, _encoding, done) => {
      chunks.push(chunk.toString());
      done();
    },
  });
  const output = silent
    ? { stdout: collect, stderr: new Writable({ write: (_chunk, _encoding, done) => done() }) }
    : {};
  const exitCode = await runCli(argv, { ...environment, ...output, folder, clock });
  return { exitCode, output: chunks.join('') };
}

function chosenClock(now: string | undefined, clock: Clock): Clock {
  if (now === undefined) return clock;
  // Without an offset it would mean another moment on another machine.
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d.*(Z|[+-]\d\d:\d\d)$/.test(now) ? Date.parse(now) : Number.NaN;
  if (!Number.isNaN(at)) return offsetClock(instant(at), clock);
  throw new GrandsireError('command.usage', {
    message: `--now is ${JSON.stringify(now.slice(0, 64))}, which is not a moment`,
    remedy: 'Write ISO 8601 with an offset, such as `--now 2026-11-27T22:00:00+00:00`.',
  });
}

function progressLine({ stderr }: CliEnvironment): ProgressLine {
  return new ProgressLine({
    write: (text) => void stderr.write(text),
    isTerminal: stderr.isTTY === true,
    columns: stderr.columns ?? 80,
    elapsed: () => performance.now(),
  });
}
