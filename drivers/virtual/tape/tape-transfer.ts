import type { ImageRead } from '#drivers/virtual/image/tape-image';
import { dataOutBytes } from '#drivers/virtual/logical-unit';
import { check, good, invalidCdbField, type Reply, sense } from '#drivers/virtual/reply';
import type { TapeMedium } from '#drivers/virtual/tape/tape-medium';
import { isDiskFull } from '#src/base/disk-full';
import { DeviceError } from '#src/base/errors';
import type { DataPhase } from '#src/device/scsi-transport';
import type { EraseCommand } from '#src/scsi/erase';
import type { Read6Command, Write6Command } from '#src/scsi/tape-read-write';
import type { WriteFilemarksCommand } from '#src/scsi/write-filemarks';

/** What READ BLOCK LIMITS says; LTO drives have the same maximum. */
export const blockLimits = { granularity: 0, minimumBlockBytes: 1, maximumBlockBytes: 8 * 2 ** 20 } as const;

export interface TransferMode {
  /** BLOCK LENGTH of the mode parameters; 0 is variable-block mode. */
  readonly blockLengthBytes: number;
  /** BUFFERED MODE 0: GOOD only when the data is on the medium. */
  readonly buffered: boolean;
}

const noBytes = new Uint8Array(0);

/** READ(6), SSC-5 6.4 (table of incorrect lengths there). */
export function readTape(medium: TapeMedium, command: Read6Command, data: DataPhase, mode: TransferMode): Reply {
  const buffer = data.direction === 'in' ? data.buffer : noBytes;
  if (command.fixed) return readFixed(medium, command.transferLength, buffer, mode);
  const { transferLength, suppressIncorrectLength } = command;
  if (transferLength === 0) return good();
  const read = medium.image.read(buffer.subarray(0, Math.min(transferLength, buffer.length)));
  if (read.kind !== 'block') return readStop(medium, read, transferLength, 0);
  const transferredBytes = read.copiedBytes;
  medium.countRead(transferredBytes);
  const residual = transferLength - read.lengthBytes;
  // With SILI an overlength is still reported where a block length is set, because data is lost by it.
  const isReported = suppressIncorrectLength ? residual < 0 && mode.blockLengthBytes !== 0 : residual !== 0;
  if (!isReported) return { status: 'good', transferredBytes };
  return check({ ...sense.noSense, incorrectLength: true, information: BigInt(residual) }, transferredBytes);
}

function readFixed(medium: TapeMedium, count: number, buffer: Uint8Array, { blockLengthBytes }: TransferMode): Reply {
  if (blockLengthBytes === 0) return invalidCdbField(1, 0);
  let transferredBytes = 0;
  for (let done = 0; done < count; done++) {
    const start = done * blockLengthBytes;
    const read = medium.image.read(buffer.subarray(start, start + blockLengthBytes));
    if (read.kind !== 'block') return readStop(medium, read, count - done, transferredBytes);
    if (read.lengthBytes !== blockLengthBytes) {
      // The block of another length is passed and not counted (SSC-5 6.4: not including the incorrect-length block).
      const information = BigInt(count - done);
      return check({ ...sense.noSense, incorrectLength: true, information }, transferredBytes);
    }
    medium.countRead(read.copiedBytes);
    transferredBytes += read.copiedBytes;
  }
  return { status: 'good', transferredBytes };
}

function readStop(
  medium: TapeMedium,
  read: Exclude<ImageRead, { kind: 'block' }>,
  residual: number,
  transferredBytes: number,
): Reply {
  const information = BigInt(residual);
  switch (read.kind) {
    case 'filemark':
      return check({ ...sense.filemarkDetected, filemark: true, information }, transferredBytes);
    case 'end-of-data':
      return check(
        { ...sense.endOfDataDetected, information, endOfMedium: medium.isPastEarlyWarning },
        transferredBytes,
      );
    case 'damaged':
    case 'unreadable':
      return check({ ...sense.unrecoveredReadError, information }, transferredBytes);
  }
}

/** WRITE(6), SSC-5 6.8. */
export function writeTape(medium: TapeMedium, command: Write6Command, data: DataPhase, mode: TransferMode): Reply {
  const { fixed, transferLength } = command;
  if (fixed && mode.blockLengthBytes === 0) return invalidCdbField(1, 0);
  const blockBytes = fixed ? mode.blockLengthBytes : transferLength;
  const blocks = fixed ? transferLength : 1;
  if (blockBytes > blockLimits.maximumBlockBytes) return invalidCdbField(2);
  if (transferLength === 0) return good();
  if (data.direction !== 'out' || dataOutBytes(data) < blocks * blockBytes) return check(sense.dataPhaseError);
  const refusal = medium.writeRefusal;
  if (refusal) return check(refusal);
  const pieces = takeBlocks(data.data, blockBytes, blocks);
  for (let done = 0; done < blocks; done++) {
    // INFORMATION counts what is not on the medium: blocks, or the bytes of the one block (SSC-5 6.8).
    const information = BigInt(fixed ? blocks - done : blockBytes);
    if (!medium.hasRoomFor(blockBytes)) {
      return check({ ...sense.volumeOverflow, endOfMedium: true, information }, done * blockBytes);
    }
    try {
      medium.announceWriting();
      medium.image.writeBlock(pieces[done] ?? [], blockBytes);
    } catch (error) {
      return check({ ...writeFailure(error), information }, done * blockBytes);
    }
    medium.countWritten(blockBytes);
  }
  if (!mode.buffered) {
    const failure = synchronise(medium, false);
    if (failure) return failure;
  }
  const transferredBytes = blocks * blockBytes;
  return atEarlyWarning(medium, transferredBytes) ?? { status: 'good', transferredBytes };
}

/** WRITE FILEMARKS(6), SSC-5 6.10. Without IMMED everything is on the medium before the answer, with a count of 0 too. */
export function writeFilemarks(
  medium: TapeMedium,
  { count, immediate }: WriteFilemarksCommand,
  mode: TransferMode,
): Reply {
  if (immediate && !mode.buffered) return invalidCdbField(1, 0);
  if (count > 0) {
    const refusal = medium.writeRefusal;
    if (refusal) return check(refusal);
    if (!medium.hasRoomFor(0, count))
      return check({ ...sense.volumeOverflow, endOfMedium: true, information: BigInt(count) });
    try {
      medium.announceWriting();
      medium.image.writeFilemarks(count);
    } catch (error) {
      return check({ ...writeFailure(error), information: BigInt(count) });
    }
  }
  if (!immediate) {
    const failure = synchronise(medium, true);
    if (failure) return failure;
  }
  return (count > 0 ? atEarlyWarning(medium) : undefined) ?? good();
}

/** ERASE(6), SSC-5 6.2: end of data is here, long or short; the position stays. */
export function eraseTape(medium: TapeMedium, { immediate }: EraseCommand): Reply {
  const refusal = medium.writeRefusal;
  if (refusal) return check(refusal);
  try {
    medium.announceWriting();
    medium.image.truncate();
  } catch (error) {
    return check(writeFailure(error));
  }
  return immediate ? good() : (synchronise(medium, true) ?? good());
}

/**
 * Writes the buffer out. What fails now is data that an earlier command accepted: a deferred error (SPC-5 4.4.7), unless the
 * command at hand is the one that wrote it.
 */
export function synchronise(medium: TapeMedium, deferred: boolean): Reply | undefined {
  try {
    medium.synchronise();
    return undefined;
  } catch (error) {
    return check({ ...writeFailure(error), deferred });
  }
}

/** The first write of a load is counted in the state of the library, on the same disk. */
const writeFailure = (error: unknown) =>
  isDiskFull(error) || (error instanceof DeviceError && isDiskFull(error.cause))
    ? sense.spaceAllocationFailed
    : sense.writeError;

/** Everything was written, and the end is near (SSC-5 4.2.6). */
function atEarlyWarning(medium: TapeMedium, transferredBytes = 0): Reply | undefined {
  if (!medium.isPastEarlyWarning) return undefined;
  return check({ ...sense.endOfMediumDetected, endOfMedium: true, information: 0n }, transferredBytes);
}

/** The data-out phase cut into blocks, without copying. One block that is the whole phase is its pieces as they are. */
function takeBlocks(
  pieces: readonly Uint8Array[],
  blockBytes: number,
  blocks: number,
): readonly (readonly Uint8Array[])[] {
  const [first] = pieces;
  if (blocks === 1 && pieces.length === 1 && first?.length === blockBytes) return [pieces];
  const cut: Uint8Array[][] = [];
  let index = 0;
  let used = 0;
  for (let block = 0; block < blocks; block++) {
    const parts: Uint8Array[] = [];
    for (let missing = blockBytes; missing > 0; ) {
      const piece = pieces[index] ?? noBytes;
      const part = piece.subarray(used, used + missing);
      parts.push(part);
      missing -= part.length;
      used += part.length;
      if (used === piece.length) {
        index += 1;
        used = 0;
      }
    }
    cut.push(parts);
  }
  return cut;
}
