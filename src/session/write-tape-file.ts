import { trace } from '#src/base/trace';
import type { TapeDrive, WriteOutcome } from '#src/device/tape-drive';
import type { PayloadSource } from '#src/session/tape-file-source';

/** How writing one tape file ended. `complete`: descriptor, payload and filemark were accepted and synchronised. */
export type TapeFileOutcome =
  | { readonly kind: 'complete'; readonly blocks: number; readonly earlyWarning: boolean }
  /** The end of the medium came inside of it: it is to be given up here and written whole on the next cartridge. */
  | { readonly kind: 'no-room' }
  | {
      readonly kind: 'failed';
      readonly outcome: Extract<WriteOutcome, { kind: 'medium-error' | 'write-protected' | 'attention' }>;
    };

export interface TapeFileWriting {
  readonly drive: Pick<TapeDrive, 'writeBlocks' | 'writeFilemarks'>;
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
 * Writes one tape file at the place where the medium stands. An aborted signal stops it between two
 * calls of the drive by throwing; the caller gives the tape file up, and nothing of it is committed.
 */
export async function writeTapeFile(writing: TapeFileWriting): Promise<TapeFileOutcome> {
  const { drive, payload, signal } = writing;
  let earlyWarning = false;
  let blocks = 1;
  const first = settle(await drive.writeBlocks([writing.descriptor], { signal }));
  if (first.kind === 'stop') return first.outcome;
  earlyWarning ||= first.earlyWarning;
  trace('tape-file.descriptor');

  let written = 0;
  for await (const piece of payload.pieces(blocksAtOnce * writing.blockSizeBytes)) {
    if (earlyWarning && !writing.throughEarlyWarning) return { kind: 'no-room' };
    signal?.throwIfAborted();
    const cutBlocks = cut(piece, writing.blockSizeBytes);
    const step = settle(await drive.writeBlocks(cutBlocks, { signal }));
    if (step.kind === 'stop') return step.outcome;
    earlyWarning ||= step.earlyWarning;
    blocks += cutBlocks.length;
    written += piece.length;
    trace('tape-file.payload');
    writing.onProgress?.(written);
  }
  const mark = settle(await drive.writeFilemarks(1, { synchronise: true }, { signal }));
  if (mark.kind === 'stop') return mark.outcome;
  trace('tape-file.synchronised');
  return { kind: 'complete', blocks, earlyWarning: earlyWarning || mark.earlyWarning };
}

type Step =
  | { readonly kind: 'go-on'; readonly earlyWarning: boolean }
  | { readonly kind: 'stop'; readonly outcome: TapeFileOutcome };

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
