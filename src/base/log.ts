import { join } from 'node:path';
import { makeStateFolder, onStateFile } from '#src/base/make-directory';

/** Everything that the log tells of; scripts may search for these words. */
export type LogEvent = 'command.begun' | 'command.ended' | 'command.failed';

/** The fixed keys of a line, beside `time` (ISO 8601), `level`, `pid` and `event`. */
export interface LogFields {
  /** `backup run`. */
  readonly command: string;
  readonly exitCode?: number;
  readonly code?: string;
  readonly message?: string;
  /** Where in the program it happened, for reports of bugs. */
  readonly stack?: string | undefined;
}

export interface Log {
  write(event: LogEvent, fields: LogFields): void;
}

/** `grandsire.log` in the folder: a line of JSON for each event, written at once. Never a secret. */
export async function openLog(folder: string): Promise<Log> {
  const { pino } = await import('pino');
  makeStateFolder(folder);
  const destination = onStateFile(join(folder, 'grandsire.log'), (dest) =>
    pino.destination({ dest, mode: 0o600, sync: true }),
  );
  // What a full disk does not take is left out: a log fails no command.
  destination.on('error', () => undefined);
  const log = pino({ base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, destination);
  return { write: (event, fields) => log[event === 'command.failed' ? 'error' : 'info']({ event, ...fields }) };
}
