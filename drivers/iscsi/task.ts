import type { DataOutSequence } from '#drivers/iscsi/data-out-sequence';
import type { Residual } from '#drivers/iscsi/target-pdus';
import type { Duration } from '#src/base/duration';
import type { DataPhase, ScsiResult } from '#src/device/scsi-transport';

export interface TaskRequest {
  readonly lun: bigint;
  readonly cdb: Uint8Array;
  readonly data: DataPhase;
}

/** One SCSI command between its call and its answer. */
export class Task {
  readonly tag: number;
  readonly request: TaskRequest;
  readonly expectedBytes: number;
  /** Set when it is sent. */
  cmdSn = 0;
  /** Data-In: bytes that have come, in order; Data-Out: bytes that were sent. */
  movedBytes = 0;
  /** DataSN or R2TSN that the next PDU of the target carries (RFC 7143 11.7.5, 11.8.3: one numbering for each direction). */
  nextSn = 0;
  /** Data-Out: what the target will probably ask for next. */
  prepared: DataOutSequence | undefined;
  /** What the caller gets in place of the answer: its signal fired, or its time ran out. */
  givenUp: { readonly cause: unknown } | undefined;
  /** An ABORT TASK was sent for it. */
  isAborting = false;
  /** Of its time limit: also one that nobody waits for any more has to end some time. */
  timer: NodeJS.Timeout | undefined;
  #isSettled = false;
  #answer: ScsiResult | undefined;
  #failure: { readonly cause: unknown } | undefined;
  readonly #settled: (outcome: { readonly result: ScsiResult } | { readonly cause: unknown }) => void;

  constructor(
    tag: number,
    request: TaskRequest,
    settled: (outcome: { readonly result: ScsiResult } | { readonly cause: unknown }) => void,
  ) {
    this.tag = tag;
    this.request = request;
    this.#settled = settled;
    this.expectedBytes = expectedBytesOf(request.data);
  }

  answer(result: ScsiResult): void {
    this.#answer ??= result;
    this.#settle();
  }

  fail(cause: unknown): void {
    this.#failure ??= { cause };
    this.#settle();
  }

  /** The caller has its answer, and its memory again. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  #settle(): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    if (this.#answer && !this.givenUp) this.#settled({ result: this.#answer });
    else this.#settled(this.givenUp ?? this.#failure ?? { cause: undefined });
  }

  /** Bytes that really moved: of what came or was sent, as much as the target says. */
  transferredBytes(residual: Residual): number {
    const { direction } = this.request.data;
    if (direction === 'none') return 0;
    const taken = residual.kind === 'underflow' ? Math.max(0, this.expectedBytes - residual.bytes) : this.expectedBytes;
    return Math.min(taken, this.movedBytes);
  }
}

function expectedBytesOf(data: DataPhase): number {
  if (data.direction === 'none') return 0;
  return data.direction === 'in' ? data.buffer.length : data.data.reduce((sum, { length }) => sum + length, 0);
}

/** How long a command may take, and who may call it off. */
export interface TaskLimits {
  readonly timeout: Duration;
  readonly signal?: AbortSignal | undefined;
}
