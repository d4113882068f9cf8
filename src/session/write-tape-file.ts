import { trace } from '#src/base/trace';
import type { TapeDrive, TapeDriveCapabilities, WriteOutcome } from '#src/device/tape-drive';
import type { PayloadSource } from '#src/session/tape-file-source';

/** How writing one tape file ended. `complete`: descriptor, payload and filemark were accepted and synchronised. */
export type TapeFileOutcome =
  | { readonly kind: 'complete'; readonly blocks: number; readonly earlyWarning: boolean }
  /** The end of the medium came inside of it: it is to be given up here and written whole on the next cartridge. */
  | { readonly kind: 'no-room' }
  /** The medium stands at another object than where the last write left it: another program moved it. Nothing was written there. */
  | { readonly kind: 'moved'; readonly found: bigint; readonly expected: bigint }
  | {
      readonly kind: 'failed';
      readonly outcome: Extract<WriteOutcome, { kind: 'medium-error' | 'write-protected' | 'attention' }>;
    };

export interface TapeFileWriting {
  readonly drive: Pick<TapeDrive, 'writeBlocks' | 'writeFilemarks' | 'position'> & {
    readonly capabilities: Pick<TapeDriveCapabilities, 'knowsPosition'>;
  };
  /** Where the medium stands: logical object number of the first block. */
  readonly block: number;
  readonly descriptor: Uint8Array;
  readonly payload: PayloadSource;
  readonly blockSizeBytes: number;
  /** Go on behind early warning as long as there is room at all: for indexes, never for segments. */
  readonly throughEarlyWarning: boolean;
  readonly onProgress?: ((payloadBytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Blocks of one piece, handed to the drive in one call: enough that waiting for the next piece costs nothing, few enough that a piece stays in a cache. */
const blocksAtOnce = 4;

/**
 * Writes one tape file at the place where the medium stands. A drive that knows its place is asked for it before each piece, for another program that rewinds the tape
 * raises no attention, and the next piece would be written over the label. An aborted signal stops it between two
 * calls of the drive by throwing; the caller gives the tape file up, and nothing of it is committed.
 */
export async function writeTapeFile(writing: TapeFileWriting): Promise<TapeFileOutcome> {
  const { drive, payload, signal } = writing;
  let earlyWarning = false;
  let blocks = 1;
  const first = (await elsewhere(writing, 0)) ?? settle(await drive.writeBlocks([writing.descriptor], { signal }));
  if (first.kind === 'stop') return first.outcome;
  earlyWarning ||= first.earlyWarning;
  trace('tape-file.descriptor');

  let written = 0;
  for await (const piece of payload.pieces(blocksAtOnce * writing.blockSizeBytes)) {
    if (earlyWarning && !writing.throughEarlyWarning) return { kind: 'no-room' };
    signal?.throwIfAborted();
    const cutBlocks = cut(piece, writing.blockSizeBytes);
    const step = (await elsewhere(writing, blocks)) ?? settle(await drive.writeBlocks(cutBlocks, { signal }));
    if (step.kind === 'stop') return step.outcome;
    earlyWarning ||= step.earlyWarning;
    blocks += cutBlocks.length;
    written += piece.length;
    trace('tape-file.payload');
    writing.onProgress?.(written);
  }
  const mark =
    (await elsewhere(writing, blocks)) ?? settle(await drive.writeFilemarks(1, { synchronise: true }, { signal }));
  if (mark.kind === 'stop') return mark.outcome;
  trace('tape-file.synchronised');
  return { kind: 'complete', blocks, earlyWarning: earlyWarning || mark.earlyWarning };
}

type Step =
  | { readonly kind: 'go-on'; readonly earlyWarning: boolean }
  | { readonly kind: 'stop'; readonly outcome: TapeFileOutcome };

type Stop = Extract<Step, { kind: 'stop' }>;

/** Undefined: the medium stands behind so many blocks of the tape file, or the drive cannot tell; what befell it, the write itself then reports. */
async function elsewhere({ drive, block, signal }: TapeFileWriting, blocks: number): Promise<Stop | undefined> {
  if (!drive.capabilities.knowsPosition) return undefined;
  const found = (await drive.position({ signal }))?.block;
  const expected = BigInt(block + blocks);
  if (found === undefined || found === expected) return undefined;
  return { kind: 'stop', outcome: { kind: 'moved', found, expected } };
}

function settle(outcome: WriteOutcome): Step {
  switch (outcome.kind) {
    case 'written':
      return { kind: 'go-on', earlyWarning: false };
    case 'early-warning':
      return { kind: 'go-on', earlyWarning: true };
    case 'volume-overflow':
      // Also a filemark that did not fit: a tape file without its end cannot stand.
      return { kind: 'stop', outcome: { kind: 'no-room' } };
    case 'write-protected':
    case 'medium-error':
    case 'attention':
      return { kind: 'stop', outcome: { kind: 'failed', outcome } };
  }
}

function cut(bytes: Buffer, blockSizeBytes: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += blockSizeBytes) pieces.push(bytes.subarray(at, at + blockSizeBytes));
  return pieces;
}
