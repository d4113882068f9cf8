import type { SenseSummary } from '#src/device/sense-outcome';

export interface DeviceIdentity {
  readonly vendor: string;
  readonly product: string;
  readonly revision: string;
  /** VPD 80h, else the serial inside VPD 83h, trimmed; empty where the device has none. */
  readonly serial: string;
}

export interface Cancellable {
  readonly signal?: AbortSignal | undefined;
}

/** What a drive can, asked of it once (REPORT SUPPORTED OPERATION CODES, mode pages, first use) and then only data. */
export interface TapeDriveCapabilities {
  /** READ POSITION tells where the medium stands; without it the driver counts and `position()` answers from the count. */
  readonly knowsPosition: boolean;
  readonly canLocate: boolean;
  readonly canErase: boolean;
  readonly canReadAttributes: boolean;
  readonly canLog: boolean;
  readonly minBlockBytes: number;
  /** The smaller of the drive's limit and the transport's. */
  readonly maxBlockBytes: number;
}

export type ReadyState =
  | { readonly kind: 'ready' }
  | { readonly kind: 'no-medium' }
  /** Becoming ready, calibrating, loading: worth waiting for. */
  | { readonly kind: 'becoming-ready'; readonly sense: SenseSummary }
  /** A medium is there and not threaded (02/04/02): `load()` makes it ready. */
  | { readonly kind: 'not-loaded'; readonly sense: SenseSummary }
  | { readonly kind: 'cleaning-cartridge'; readonly sense: SenseSummary }
  /** A medium that this drive can not use: unknown format, incompatible generation (30/xx). */
  | { readonly kind: 'incompatible-medium'; readonly sense: SenseSummary }
  | { readonly kind: 'failed'; readonly sense: SenseSummary };

/** What MODE SENSE and the medium's own memory say of what is loaded. */
export interface MediumState {
  readonly writeProtected: boolean;
  readonly worm: boolean;
  readonly densityCode: number;
  /** MAM 0401h, where there is one. */
  readonly mediumSerial?: string | undefined;
  /** MAM 0806h, where there is one. */
  readonly barcode?: string | undefined;
  /** MAM 0001h × 2^20, where there is one. */
  readonly capacityBytes?: number | undefined;
}

/**
 * The medium's state was lost since the last command: reset, power-cycle, medium changed, position lost. Nothing
 * since the last commit can be trusted; the session starts again by verifying the label.
 */
export interface AttentionOutcome {
  readonly kind: 'attention';
  readonly sense: SenseSummary;
}

export interface MediumErrorOutcome {
  readonly kind: 'medium-error';
  readonly sense: SenseSummary;
}

export type ReadOutcome =
  /** One block of `bytes` bytes, whole, at the beginning of the buffer. */
  | { readonly kind: 'block'; readonly bytes: number }
  /** The block is larger than the buffer; the medium stands after it. `blockBytes` where the drive told. */
  | { readonly kind: 'too-long'; readonly blockBytes?: number | undefined }
  | { readonly kind: 'filemark' }
  | { readonly kind: 'end-of-data' }
  /** Nothing was ever written (08/00/05 or 08/14/03 at the beginning). Whether the drive can tell it from end of data is its own affair: both are reported as the sense says. */
  | { readonly kind: 'blank'; readonly sense: SenseSummary }
  | { readonly kind: 'end-of-medium'; readonly sense: SenseSummary }
  | MediumErrorOutcome
  | AttentionOutcome;

export interface ReadBlocksOptions extends Cancellable {
  /** Hears of each block of the outcome, in their order, as soon as it is there; the others are still on their way. */
  readonly onBlock?: ((block: Uint8Array) => void) | undefined;
}

/** What reading several blocks at once came to. */
export interface ReadBlocksOutcome {
  /** In the order of the medium; each is the beginning of one of the buffers, not necessarily of the one with its number. */
  readonly blocks: readonly Uint8Array[];
  /** What came instead of the next block. Undefined: only blocks, perhaps fewer than were asked for; none only where another call is under way behind this one and has them. */
  readonly stop: Exclude<ReadOutcome, { readonly kind: 'block' }> | undefined;
}

export type WriteOutcome =
  /** All blocks accepted. */
  | { readonly kind: 'written' }
  /** All blocks accepted, and the end of the medium is near (0/00/02, or the EOM bit with key 0 whatever the ASC). */
  | { readonly kind: 'early-warning' }
  /** Physical end (sense key 0Dh): `writtenBlocks` of this call are on the medium or in its buffer. */
  | { readonly kind: 'volume-overflow'; readonly writtenBlocks: number }
  /** Write-protected, WORM overwrite refused (sense key 7); nothing was written. */
  | { readonly kind: 'write-protected'; readonly sense: SenseSummary }
  /** Also a deferred error: everything since the last successful synchronise is in doubt, not only this call's blocks. */
  | (MediumErrorOutcome & { readonly deferred: boolean })
  | AttentionOutcome;

export type SpaceOutcome =
  | { readonly kind: 'spaced' }
  /** Met while spacing over blocks; the medium stands on the far side of it. `passed` = objects spaced before it. */
  | { readonly kind: 'filemark'; readonly passed: bigint }
  /** `passed` here and below: undefined where the drive did not tell how far it came. */
  | { readonly kind: 'end-of-data'; readonly passed: bigint | undefined }
  | { readonly kind: 'beginning-of-medium'; readonly passed: bigint | undefined }
  | MediumErrorOutcome
  | AttentionOutcome;

export interface TapePosition {
  /** SSC logical object number: blocks and filemarks before this place, from 0 at the beginning. */
  readonly block: bigint;
  /** Filemarks before this place, where known. */
  readonly file?: bigint | undefined;
  readonly beginningOfMedium: boolean;
  /** True where the drive itself said so (READ POSITION), false where the driver counted. */
  readonly confirmedByDrive: boolean;
}

/** One of the formats that a drive knows (SSC-5, density code). */
export interface DensityCode {
  readonly code: number;
  readonly writable: boolean;
}

export interface TapeAlert {
  readonly flag: number;
  readonly name: string;
}

export interface LocateOptions extends Cancellable {
  /** The same place as (tape file, block in it), for drives that cannot locate: they count filemarks faster and more surely than blocks. */
  readonly near?: { readonly file: bigint; readonly blockInFile: bigint } | undefined;
}

/**
 * One tape drive (SSC-5).
 *
 * Law:
 * - One caller at a time, commands in order. Whoever calls holds the drive's lease.
 * - Facts of tape are outcomes; what is thrown is a `DeviceError`: hardware error, illegal request by us, transport gone.
 *   `usable` on it says whether the drive may be used again.
 * - After an `attention` outcome, a throw, or `position()` = undefined nothing is known of the place: the next command must be
 *   `rewind`, `load`, `unload` or a `locate` on a drive that can.
 * - Unit attentions that tell of nothing that matters here (mode parameters changed by ourselves, microcode) are swallowed by the
 *   driver; a 29/xx, 28/xx or 2A/xx before the first command after opening likewise. All others surface once as `attention`.
 * - Writes are buffered; `writeFilemarks(n, { synchronise: true })` (also n = 0) returns after the medium holds everything.
 * - A deferred error (`sense.deferred`) concerns blocks that were accepted earlier: everything since the last successful synchronise is in doubt,
 *   whichever command carries it, a rewind or a space too. Met by a command that cannot report it (`ready`, `medium`, `position`, `alerts`,
 *   `configure`), an attention or deferred error is reported once by the next command that can; until then `position()` is undefined.
 * - Telemetry (`alerts`, the memory behind `medium`) never throws for a device's refusal or silence: it answers with what there is.
 */
export interface TapeDrive extends AsyncDisposable {
  readonly address: string;
  readonly identity: DeviceIdentity;
  /** What is known by now: `knowsPosition` is decided by the first rewind or load. */
  readonly capabilities: TapeDriveCapabilities;

  ready(options?: Cancellable): Promise<ReadyState>;
  /** Waits until ready or until it is clear that it never will be; budget of the load phase. Rewound afterwards. */
  load(options?: Cancellable): Promise<ReadyState>;
  /**
   * Rewinds, unthreads, ejects; with `becoming ready` it waits. Idempotent: no medium is success. A deferred error is handed back
   * after the medium is out. Lifts the driver's own `preventRemoval`.
   */
  unload(options?: Cancellable): Promise<MediumErrorOutcome | undefined>;
  medium(options?: Cancellable): Promise<MediumState>;
  /** Variable-length blocks, buffered mode, compression off or on; verified by reading back where the drive says. */
  configure(settings: { readonly compression: boolean }, options?: Cancellable): Promise<void>;

  /** Undefined where neither the drive nor the driver's count knows. */
  position(options?: Cancellable): Promise<TapePosition | undefined>;
  /** Undefined: the medium stands at its beginning. A medium error is mostly a deferred one: of blocks written before. */
  rewind(options?: Cancellable): Promise<AttentionOutcome | MediumErrorOutcome | undefined>;
  /**
   * To a logical object number; by LOCATE, or by rewinding and spacing where the drive cannot. `passed` counts from the
   * beginning of the medium.
   */
  locate(block: bigint, options?: LocateOptions): Promise<SpaceOutcome>;
  spaceBlocks(count: bigint, options?: Cancellable): Promise<SpaceOutcome>;
  /** Positive: the medium then stands after the last one; negative: before it (towards the beginning). */
  spaceFilemarks(count: bigint, options?: Cancellable): Promise<SpaceOutcome>;
  /** Only for looking; never to find the append point (docs/format.md, "Appending"). */
  spaceToEndOfData(options?: Cancellable): Promise<SpaceOutcome>;

  /** Reads one block; the buffer must be at least twice the expected block, or exactly it (some targets corrupt between). */
  readBlock(buffer: Uint8Array, options?: Cancellable): Promise<ReadOutcome>;
  /**
   * Reads as many blocks as there are buffers (at least one, all of one length), where the drive takes that with all commands on their way at once. For blocks
   * of which the caller knows that they follow and how long they are: reading does not stop where something else comes, and what lies behind it is passed over.
   * After a `stop` the next command must be a rewind or a `locate`. It may be called a second time while the first call is under way: these blocks are those behind the first ones.
   * What stops the first call, or is thrown by it, then ends the second in the same way, without a block.
   */
  readBlocks(buffers: readonly Uint8Array[], options?: ReadBlocksOptions): Promise<ReadBlocksOutcome>;
  /** Writes each array as one block, in order; 1 ≤ length ≤ maxBlockBytes each. */
  writeBlocks(blocks: readonly Uint8Array[], options?: Cancellable): Promise<WriteOutcome>;
  writeFilemarks(count: number, mode: { readonly synchronise: boolean }, options?: Cancellable): Promise<WriteOutcome>;
  /** Long erase from here to the end of the medium; only where `canErase`. The place is not known afterwards. */
  erase(options?: Cancellable): Promise<WriteOutcome>;

  /** Nothing happens where the drive has no such command. */
  preventRemoval(prevent: boolean, options?: Cancellable): Promise<void>;
  alerts(options?: Cancellable): Promise<readonly TapeAlert[]>;
  /** What the drive reads and writes; telemetry: none where it does not tell. */
  densities(options?: Cancellable): Promise<readonly DensityCode[]>;
}
