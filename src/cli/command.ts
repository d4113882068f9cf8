import type { Duration } from '#src/base/duration';
import type { ErrorCode } from '#src/base/error-codes';
import type { TimeZone } from '#src/base/time-zone';
import type { Context } from '#src/cli/context';
import type { ExitCode } from '#src/cli/exit-codes';

/** A word after the verb: `BARCODE`, `PATH…`. */
export interface Positional {
  readonly name: string;
  readonly summary: string;
  readonly required: boolean;
  /** Takes all words that are left. Only the last can. */
  readonly many?: boolean;
}

/** An option; its key in the record is its name in camel case (`stageOnly` is `--stage-only`). */
export type Option =
  | { readonly kind: 'flag'; readonly summary: string }
  | { readonly kind: 'text'; readonly summary: string; readonly value: string; readonly default?: string }
  | { readonly kind: 'texts'; readonly summary: string; readonly value: string }
  | {
      readonly kind: 'choice';
      readonly summary: string;
      readonly choices: readonly string[];
      readonly default?: string;
    }
  /** An integer. */
  | {
      readonly kind: 'number';
      readonly summary: string;
      readonly value: string;
      readonly least: number;
      readonly most?: number;
      readonly default?: number;
    }
  /** Bytes: `200GiB`. */
  | { readonly kind: 'size'; readonly summary: string; readonly value: string; readonly default?: number }
  /** `30s`, `10m`. */
  | { readonly kind: 'duration'; readonly summary: string; readonly value: string; readonly default?: Duration };

type OptionValue<O extends Option> = O extends { kind: 'flag' }
  ? boolean
  : O extends { kind: 'texts' }
    ? readonly string[]
    : (
          O extends { kind: 'text' }
            ? string
            : O extends { kind: 'choice'; choices: readonly (infer C)[] }
              ? C
              : O extends { kind: 'duration' }
                ? Duration
                : number
        ) extends infer Value
      ? O extends { default: unknown }
        ? Value
        : Value | undefined
      : never;

type PositionalValue<P extends Positional> = P extends { many: true }
  ? readonly string[]
  : P extends { required: true }
    ? string
    : string | undefined;

/** What `run` is given: every positional and every option by its name. Words are text always, a barcode `000012` too. */
export type Arguments<P extends readonly Positional[], O extends Readonly<Record<string, Option>>> = {
  readonly [K in P[number] as K['name']]: PositionalValue<K>;
} & { readonly [K in keyof O]: OptionValue<O[K]> };

/** Something that the operator should know although the command was done: it makes the exit code 3. */
export interface Warning {
  readonly code: ErrorCode;
  readonly message: string;
  /** The file it is about, escaped as everywhere. */
  readonly path?: string;
}

/** How a command ended that did not fail by an error. */
export interface Outcome<R> {
  /** The JSON document of the command; what `render` makes text of. */
  readonly result: R;
  /** Printed to stderr; with `--json` they stand in the document, under `warnings` unless the result has its own. */
  readonly warnings?: readonly Warning[];
  /** Default 0, or 3 with warnings. */
  readonly exitCode?: ExitCode;
}

export interface Rendering {
  readonly timeZone: TimeZone;
}

/**
 * A command of the program: one file, `src/cli/commands/<noun>/<verb>.ts`, exports one as `command`. Help and `docs/cli` are
 * written from it.
 *
 * Law: the file imports statically only from `src/cli`, `src/base` and types; `run` imports what it works with when it is
 * called, so that `--help` loads no catalog. `run` throws `GrandsireError` for every failure; it writes to stdout only
 * through its outcome (or `context.stdout`, for raw bytes); it obeys `context.signal` and ends by itself.
 */
export interface Command<P extends readonly Positional[], O extends Readonly<Record<string, Option>>, R> {
  readonly noun: string;
  /** Undefined for commands of one word. */
  readonly verb?: string;
  /** One line, without a full stop. */
  readonly summary: string;
  /** More, for `--help` and `docs/cli`. */
  readonly description?: string;
  readonly positionals: P;
  readonly options: O;
  readonly examples: readonly { readonly command: string; readonly does: string }[];
  /** Those it can end with, besides 1 (failed), 2 (usage) and 130 (interrupted), which any can. */
  readonly exitCodes: readonly ExitCode[];
  /** The shape of the result, as operators' scripts read it. */
  readonly json: string;
  run(context: Context, args: Arguments<P, O>): Promise<Outcome<R>>;
  /** Text for the terminal, lines ended by `\n`; empty where there is nothing to say. */
  render(result: R, rendering: Rendering): string;
}

/** A command whose types the frame does not know. */
export type AnyCommand = Command<readonly Positional[], Readonly<Record<string, Option>>, unknown>;

/** Checks a definition's types against each other. */
export function defineCommand<
  const P extends readonly Positional[],
  const O extends Readonly<Record<string, Option>>,
  R,
>(command: Command<P, O, R>): AnyCommand {
  // What `run` and `render` take follows from the definition itself, and the frame gives them exactly that.
  return command as unknown as AnyCommand;
}

/** `drive load` */
export const wordsOf = ({ noun, verb }: Pick<AnyCommand, 'noun' | 'verb'>): string =>
  verb === undefined ? noun : `${noun} ${verb}`;

/** `stageOnly` → `stage-only` */
export const optionName = (key: string): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
