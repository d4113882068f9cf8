import type { Clock } from '#src/base/clock';
import type { Duration } from '#src/base/duration';
import type { ProgressSink } from '#src/base/progress';
import type { TimeZone } from '#src/base/time-zone';
import type { App } from '#src/compose';
import type { Configuration } from '#src/config/configuration';

/** What a command is given besides its arguments. */
export interface Context {
  /** Read, checked and kept at the first call. Throws `config.not-found`, `config.invalid`. */
  configuration(): Promise<Configuration>;
  /** The program put together over the configuration; the command closes it: `await using app = await context.openApp()`. */
  openApp(): Promise<App>;
  readonly clock: Clock;
  /** Fires at SIGINT and SIGTERM, with the error to throw as its reason. */
  readonly signal: AbortSignal;
  /** `--library`. */
  readonly library: string | undefined;
  /** `--config`: for commands that make a configuration rather than read one. */
  readonly configurationOption: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly yes: boolean;
  /** How long to wait for a lease or an operator: `--wait D`, 0 with `--no-wait`, else 30 s. */
  readonly wait: Duration;
  /** The current folder: relative paths of arguments are relative to it. */
  readonly folder: string;
  /** The machine's, for dates where no rotation is concerned. */
  readonly timeZone: TimeZone;
  readonly progress: ProgressSink;
  /** A line on stderr, not with `--quiet`. */
  note(text: string): void;
  /**
   * Returns when the operator agrees, or has with `--yes`. `consequence` is a sentence: "This erases G00001L9."
   * Throws `command.declined`, and `command.unconfirmed` where there is no terminal to ask on.
   */
  confirm(consequence: string): Promise<void>;
  /** Another command line in this process, as if it had been typed; its output goes where this one's does. For `demo`. */
  runCommand(argv: readonly string[], changes: CommandChanges): Promise<CommandRun>;
  /** For raw bytes only; results are returned. */
  readonly stdout: NodeJS.WritableStream;
}

export interface CommandChanges {
  readonly folder: string;
  readonly clock: Clock;
  /** Nothing is printed; the output is returned. */
  readonly silent?: boolean;
}

export interface CommandRun {
  readonly exitCode: number;
  /** With `silent`, what it printed to stdout. */
  readonly output: string;
}
