import type { Clock } from '#src/base/clock';
import type { TimeZone } from '#src/base/time-zone';
import type { DeviceSurroundings } from '#src/compose';

type Output = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
type Input = NodeJS.ReadableStream & { readonly isTTY?: boolean };

/** Everything that a command line takes from around it, so that several can run in one process (demo, tests). */
export interface CliEnvironment {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly stdin: Input;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
  readonly clock: Clock;
  readonly timeZone: TimeZone;
  /** Fires when the operator interrupts. */
  readonly signal: AbortSignal;
  /** What stands between the program and its devices: nothing, unless told. */
  readonly devices?: DeviceSurroundings | undefined;
}
