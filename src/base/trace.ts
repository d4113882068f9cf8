import { appendFileSync } from 'node:fs';

/** The instants between which different things are durable, in about the order in which a run comes to them. */
export type TraceInstant =
  | 'lease.waiting'
  | 'lease.taken'
  | 'staging.begun'
  | 'segment.filling'
  | 'segment.synced'
  | 'segment.renamed'
  | 'segment.staged'
  | 'data-set.recorded'
  | 'data-set.complete'
  | 'mount.carried'
  | 'mount.threaded'
  | 'labelling.intent'
  | 'labelling.written'
  | 'labelling.journalled'
  | 'labelling.confirmed'
  | 'tape-file.begun'
  | 'tape-file.descriptor'
  | 'tape-file.payload'
  | 'tape-file.synchronised'
  | 'tape-file.position'
  | 'tape-file.committed'
  | 'data-set.concluded'
  | 'segment.evicting'
  | 'segment.evicted'
  | 'data-set.leaving'
  | 'mount.given-back';

interface Stop {
  readonly name: string;
  readonly occurrence: number;
  readonly signal: NodeJS.Signals;
}

const file = process.env['GRANDSIRE_TRACE'];
const stop = parseStop(process.env['GRANDSIRE_TRACE_STOP']);
const counts = new Map<string, number>();

/**
 * For drills and crash tests: appends the name of an instant that the process has come to as a line to the file that `GRANDSIRE_TRACE` names, and sends the process
 * the signal that `GRANDSIRE_TRACE_STOP=NAME:K[:SIGNAL]` asks for at the K-th time (SIGKILL unless named). Does nothing unless one of them is set.
 */
export function trace(name: TraceInstant): void {
  if (file !== undefined) appendFileSync(file, `${name}\n`);
  if (stop?.name !== name) return;
  const count = (counts.get(name) ?? 0) + 1;
  counts.set(name, count);
  if (count === stop.occurrence) process.kill(process.pid, stop.signal);
}

function parseStop(text: string | undefined): Stop | undefined {
  const match = /^([a-z.-]+):(\d{1,9})(?::(SIG[A-Z]+))?$/.exec(text ?? '');
  if (!match?.[1]) return undefined;
  return { name: match[1], occurrence: Number(match[2]), signal: (match[3] ?? 'SIGKILL') as NodeJS.Signals };
}
