import type { Duration } from '#src/base/duration';

/** What a command moves, seen from the host. `in`: at most `buffer.length` bytes arrive, at its beginning. */
export type DataPhase =
  | { readonly direction: 'none' }
  | { readonly direction: 'in'; readonly buffer: Uint8Array }
  | { readonly direction: 'out'; readonly data: readonly Uint8Array[] };

export interface ExecuteOptions {
  /** After this long the command is aborted and `device.time-out` is thrown; the device's state is then unknown. */
  readonly timeout: Duration;
  readonly signal?: AbortSignal | undefined;
}

/** What came back. The transport never interprets it. */
export interface ScsiResult {
  /** SAM-5 5.3.1 status byte. */
  readonly status: number;
  /** Sense data as delivered with CHECK CONDITION (autosense), else empty. */
  readonly sense: Uint8Array;
  /** Bytes that really moved in the data phase, ≥ 0 (less than asked for is a residual, not an error). */
  readonly transferredBytes: number;
}

/**
 * The way to one logical unit. The lowest contract: virtual, iSCSI, SG_IO and USB each implement just this.
 *
 * Law:
 * - Commands are executed one after the other in the order of the calls, also when the caller does not wait.
 * - Any SCSI status is a result. Only what kept a status from arriving is thrown: `DeviceError` with code
 *   `device.time-out`, `device.unreachable` or `device.closed`; after any of these the position of a tape is unknown.
 * - The caller leaves `buffer` and `data` alone until the promise settles; the transport keeps no reference afterwards.
 * - An aborted signal rejects with the signal's reason; the command may or may not have been carried out.
 * - Disposing twice is allowed; executing after disposal throws `device.closed`.
 */
export interface ScsiTransport extends AsyncDisposable {
  /** For messages: `virtual:main drive 1`, `127.0.0.1:3260 iqn… LUN 2`. */
  readonly address: string;
  /** The most bytes that one command can move. */
  readonly maxTransferBytes: number;
  execute(cdb: Uint8Array, data: DataPhase, options: ExecuteOptions): Promise<ScsiResult>;
}
