import { PassThrough } from 'node:stream';
import { instant, ManualClock } from '#src/base/clock';
import type { TimeZone } from '#src/base/time-zone';
import type { CliEnvironment } from '#src/cli/cli-environment';
import { runCli } from '#src/cli/run-cli';

export interface Invocation {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process: without a terminal, at noon on 27 November 2026, in `folder`. */
export async function invoke(
  argv: readonly string[],
  environment: Partial<CliEnvironment> & { readonly folder: string },
): Promise<Invocation> {
  const [stdout, stderr] = [collector(), collector()];
  const exitCode = await runCli(argv, {
    stdin: new PassThrough(),
    variables: {},
    clock: new ManualClock(instant(Date.UTC(2026, 10, 27, 12))),
    timeZone: 'Europe/Zurich' as TimeZone,
    signal: new AbortController().signal,
    ...environment,
    stdout: stdout.stream,
    stderr: stderr.stream,
  });
  return { exitCode, stdout: stdout.text(), stderr: stderr.text() };
}

function collector() {
  const chunks: Buffer[] = [];
  const stream = new PassThrough();
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { stream, text: () => `${Buffer.concat(chunks)}${(stream.read() as Buffer | null) ?? ''}` };
}
