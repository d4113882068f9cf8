import { type CommandAnswer, isStorageFull, summarizeSense } from '#src/device/execute-command';
import type { ReadOutcome, SpaceOutcome, WriteOutcome } from '#src/device/tape-drive';
import type { Sense } from '#src/scsi/sense';
import { isBenign, senseKey } from '#src/scsi/sense-key';

/** The transport moved another number of bytes than the drive speaks of: what is in the buffer cannot be trusted. */
export interface LostData {
  readonly kind: 'data-lost';
  readonly expectedBytes: number;
  readonly arrivedBytes: number;
}

/** No outcome of the contract: the caller throws. */
export interface Unforeseen {
  readonly kind: 'unforeseen';
  readonly sense: Sense;
}

const unforeseen = (sense: Sense): Unforeseen => ({ kind: 'unforeseen', sense });

/** CANNOT READ, WRITE … INCOMPATIBLE MEDIUM: whatever key it comes with, it is the medium that the drive cannot use. */
const isIncompatible = ({ asc }: Sense): boolean => asc === 0x30;

/** WRITE PROTECTED, OPERATOR SELECTED WRITE PROTECT, WORM MEDIUM – OVERWRITE ATTEMPTED; others of DATA PROTECT tell of keys and formats. */
const isWriteProtect = ({ asc, ascq }: Sense): boolean =>
  asc === 0x27 || asc === 0x5a || (asc === 0x30 && ascq === 0x0c);

/** READ(6) of one variable-length block with SILI 0 (SSC-5, READ(6)). */
export function readOutcome(
  answer: CommandAnswer,
  { requestedBytes, atBeginning }: { readonly requestedBytes: number; readonly atBeginning: boolean },
): ReadOutcome | LostData | Unforeseen {
  // Without ILI the block has exactly the requested length (SILI is 0), so fewer bytes got lost on the way.
  if (answer.kind === 'good') return block(requestedBytes, answer.transferredBytes);
  const { sense } = answer;
  const summary = summarizeSense(sense);
  switch (sense.key) {
    case senseKey.noSense:
    case senseKey.recoveredError:
    case senseKey.completed:
      if (sense.filemark) return { kind: 'filemark' };
      if (sense.incorrectLength) return incorrectLength(sense, requestedBytes, answer.transferredBytes);
      return block(requestedBytes, answer.transferredBytes);
    case senseKey.blankCheck:
      return atBeginning ? { kind: 'blank', sense: summary } : { kind: 'end-of-data' };
    case senseKey.mediumError:
      // SSC-5, READ(6): the end of the partition is MEDIUM ERROR with EOM.
      if (sense.endOfMedium && sense.asc === 0x00) return { kind: 'end-of-medium', sense: summary };
      return { kind: 'medium-error', sense: summary };
    case senseKey.dataProtect:
      // Encrypted, and the drive has no key for it; another copy may be readable.
      return isStorageFull(sense) ? unforeseen(sense) : { kind: 'medium-error', sense: summary };
    case senseKey.notReady:
    case senseKey.abortedCommand:
      return { kind: 'attention', sense: summary };
    default:
      return isIncompatible(sense) ? { kind: 'medium-error', sense: summary } : unforeseen(sense);
  }
}

function block(expectedBytes: number, arrivedBytes: number): ReadOutcome | LostData {
  if (arrivedBytes < expectedBytes) return { kind: 'data-lost', expectedBytes, arrivedBytes };
  return { kind: 'block', bytes: expectedBytes };
}

/** INFORMATION is the requested minus the actual length, negative where the block is longer (SSC-5, READ(6)). */
function incorrectLength(
  sense: Sense,
  requestedBytes: number,
  arrivedBytes: number,
): ReadOutcome | LostData | Unforeseen {
  if (sense.information === undefined) return unforeseen(sense);
  const residual = Number(sense.information);
  if (residual < 0) return { kind: 'too-long', blockBytes: requestedBytes - residual };
  if (residual > requestedBytes) return unforeseen(sense);
  return block(requestedBytes - residual, arrivedBytes);
}

/** One WRITE(6) of a block, or one WRITE FILEMARKS(6) of `units` marks (SSC-5, early warning; WRITE(6)). */
export function writeOutcome(
  answer: CommandAnswer,
  { units, writtenBefore }: { readonly units: number; readonly writtenBefore: number },
): (WriteOutcome & { readonly doneUnits?: number }) | Unforeseen {
  if (answer.kind === 'good') return { kind: 'written' };
  const { sense } = answer;
  const summary = summarizeSense(sense);
  const left = sense.information === undefined ? 0 : Math.max(0, Number(sense.information));
  switch (sense.key) {
    case senseKey.noSense:
    case senseKey.recoveredError:
    case senseKey.completed:
      if (!sense.endOfMedium) return left === 0 ? { kind: 'written' } : unforeseen(sense);
      // At early warning INFORMATION is what was not written; normally 0. What was not written is not told as written.
      if (left > 0)
        return { kind: 'volume-overflow', writtenBlocks: writtenBefore, doneUnits: Math.max(0, units - left) };
      return { kind: 'early-warning' };
    case senseKey.volumeOverflow:
      return {
        kind: 'volume-overflow',
        writtenBlocks: writtenBefore,
        doneUnits: Math.max(0, units - Math.max(1, left)),
      };
    case senseKey.dataProtect:
      if (isStorageFull(sense)) return unforeseen(sense);
      if (!isWriteProtect(sense)) return { kind: 'medium-error', sense: summary, deferred: false };
      return { kind: 'write-protected', sense: summary };
    case senseKey.mediumError:
    case senseKey.blankCheck:
      // BLANK CHECK on a write: WORM, or a place that is not at end of data; nothing more can be written here.
      return { kind: 'medium-error', sense: summary, deferred: false };
    case senseKey.notReady:
    case senseKey.abortedCommand:
      // Whether it was carried out cannot be known.
      return { kind: 'attention', sense: summary };
    default:
      return isIncompatible(sense) ? { kind: 'medium-error', sense: summary, deferred: false } : unforeseen(sense);
  }
}

/** SPACE over `count` objects of one kind (SSC-5, SPACE(6)): INFORMATION is the count that was left. */
export function spaceOutcome(answer: CommandAnswer, count: bigint): SpaceOutcome | Unforeseen {
  if (answer.kind === 'good') return { kind: 'spaced' };
  const { sense } = answer;
  const summary = summarizeSense(sense);
  const passed = passedOf(sense, count);
  if (isBenign(sense) || sense.key === senseKey.blankCheck || sense.key === senseKey.mediumError) {
    if (sense.filemark && isBenign(sense))
      return passed === undefined ? unforeseen(sense) : { kind: 'filemark', passed };
    // tgt and others report the end of data as NO SENSE 00/05, the standard as BLANK CHECK.
    if (sense.key === senseKey.blankCheck || (isBenign(sense) && sense.asc === 0x00 && sense.ascq === 0x05)) {
      return { kind: 'end-of-data', passed };
    }
    // And the beginning as NO SENSE 00/04, without the EOM bit.
    const isBeginning = sense.endOfMedium || (isBenign(sense) && sense.ascq === 0x04);
    if (isBeginning && count < 0n && sense.asc === 0x00) return { kind: 'beginning-of-medium', passed };
    if (sense.key === senseKey.mediumError) return { kind: 'medium-error', sense: summary };
    return (sense.information ?? 0n) === 0n ? { kind: 'spaced' } : unforeseen(sense);
  }
  // What the drive holds in its buffer is written before the medium moves (SSC-5, LOCATE, REWIND, SPACE), and did not fit.
  if (sense.key === senseKey.volumeOverflow) return { kind: 'medium-error', sense: summary };
  const isInterrupted = sense.key === senseKey.notReady || sense.key === senseKey.abortedCommand;
  return isInterrupted ? { kind: 'attention', sense: summary } : unforeseen(sense);
}

/** Some devices report what is left of a backward count as a negative number, some as a positive one. */
function passedOf({ information }: Sense, count: bigint): bigint | undefined {
  const wanted = count < 0n ? -count : count;
  if (information === undefined) return undefined;
  const left = information < 0n ? -information : information;
  return left > wanted ? undefined : wanted - left;
}
