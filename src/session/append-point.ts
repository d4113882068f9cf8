import { GrandsireError } from '#src/base/errors';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { TapeFileRecord } from '#src/catalog/tape-files';
import type { VolumeRecord } from '#src/catalog/volumes';
import type { TapeDrive } from '#src/device/tape-drive';
import { nameCartridge } from '#src/session/unfit';
import { parseDescriptor } from '#src/volume/descriptor';

interface AppendPointQuestion {
  readonly drive: TapeDrive;
  readonly cartridge: CartridgeRecord;
  readonly volume: VolumeRecord;
  readonly files: readonly TapeFileRecord[];
  readonly signal?: AbortSignal | undefined;
}

export interface AppendPoint {
  readonly fileNumber: number;
  /** SSC logical object number at which the medium now stands. */
  readonly block: number;
}

/**
 * Finds the object after the filemark of the last tape file that stands on the medium according to the catalog, by LOCATE (or the
 * driver's spacing), never by space-to-end-of-data; compares the descriptor before it, and reads what lies behind it. Leaves the medium there.
 *
 * Throws `cartridge.newer-than-catalog` where a whole tape file of this volume that the catalog does not know lies behind it, and
 * `cartridge.contradicts-catalog` where the last tape file is not what the catalog says.
 */
export async function findAppendPoint(question: AppendPointQuestion): Promise<AppendPoint> {
  const standing = question.files.filter((file) => file.state === 'written' || file.state === 'void');
  const last = standing.at(-1);
  if (!last) throw contradiction(question, 'it has no label in the catalog');
  await compareLast(question, last);
  const point = { fileNumber: last.fileNumber + 1, block: last.block + last.blocks + 1 };
  await go(question, point.block);
  await lookBehind(question, point);
  await go(question, point.block);
  return point;
}

async function go({ drive, cartridge, signal }: AppendPointQuestion, block: number): Promise<void> {
  const outcome = await drive.locate(BigInt(block), { signal });
  const position = await drive.position({ signal });
  if (outcome.kind === 'spaced' && position?.block === BigInt(block)) return;
  throw new GrandsireError('cartridge.contradicts-catalog', {
    message: `${nameCartridge(cartridge)} cannot be positioned to object ${block}: ${outcome.kind}`,
    remedy: `Nothing was written. See what is on it: grandsire verify ${cartridge.barcode}.`,
  });
}

async function compareLast(question: AppendPointQuestion, last: TapeFileRecord): Promise<void> {
  await go(question, last.block);
  const buffer = new Uint8Array(2 * question.volume.blockSizeBytes);
  const outcome = await question.drive.readBlock(buffer, { signal: question.signal });
  if (outcome.kind !== 'block')
    throw contradiction(question, `reading tape file ${last.fileNumber} gave: ${outcome.kind}`);
  const parsed = parseDescriptor(buffer.subarray(0, outcome.bytes));
  const found = parsed.kind === 'ours' ? parsed.descriptor : undefined;
  const same =
    found !== undefined &&
    found.volume === question.volume.id &&
    (last.kind === 'void' || last.state === 'void' || found.kind === last.kind) &&
    (last.number === undefined || !('number' in found) || found.number === last.number);
  if (!same)
    throw contradiction(
      question,
      `tape file ${last.fileNumber} should be ${last.kind} ${last.number ?? ''} and is ${found?.kind ?? parsed.kind}`,
    );
}

/** Nothing, damage, or the torn end of a write of ours may be written over; a whole tape file may not, unless our own journal has it open. */
async function lookBehind(question: AppendPointQuestion, point: AppendPoint): Promise<void> {
  const { drive, volume, signal } = question;
  const buffer = new Uint8Array(2 * volume.blockSizeBytes);
  const outcome = await drive.readBlock(buffer, { signal });
  if (outcome.kind === 'too-long') throw newer(question, point, 'a block larger than any of this volume');
  if (outcome.kind === 'filemark') return;
  if (outcome.kind !== 'block') return;
  const parsed = parseDescriptor(buffer.subarray(0, outcome.bytes));
  if (parsed.kind === 'foreign' || parsed.kind === 'newer')
    throw newer(question, point, 'something that is not of this format version');
  if (parsed.kind === 'damaged') return;
  const { descriptor } = parsed;
  if (descriptor.volume !== volume.id) throw newer(question, point, `a tape file of volume ${descriptor.volume}`);
  const number = 'number' in descriptor ? descriptor.number : undefined;
  const open = question.files.find((file) => file.state === 'open' && file.fileNumber === point.fileNumber);
  if (open && open.kind === descriptor.kind && open.number === number) return;
  if (await isWhole(question, descriptor.payloadBytes, buffer)) {
    throw newer(question, point, `a whole ${descriptor.kind}${number === undefined ? '' : ` ${number}`}`);
  }
}

/** Reads on to the filemark: whole where as many bytes came as the descriptor promises. */
async function isWhole(
  { drive, signal }: AppendPointQuestion,
  payloadBytes: number,
  buffer: Uint8Array,
): Promise<boolean> {
  let left = payloadBytes;
  while (left >= 0) {
    const outcome = await drive.readBlock(buffer, { signal });
    if (outcome.kind === 'filemark') return left === 0;
    if (outcome.kind !== 'block') return false;
    left -= outcome.bytes;
  }
  return false;
}

const contradiction = ({ cartridge, volume }: AppendPointQuestion, what: string): GrandsireError =>
  new GrandsireError('cartridge.contradicts-catalog', {
    message: `${nameCartridge(cartridge)}, volume ${volume.id}: ${what}`,
    remedy: `Nothing was written. Compare it: grandsire verify ${cartridge.barcode}; or read it anew: grandsire catalog rebuild ${cartridge.barcode}.`,
  });

const newer = ({ cartridge }: AppendPointQuestion, point: AppendPoint, what: string): GrandsireError =>
  new GrandsireError('cartridge.newer-than-catalog', {
    message: `${nameCartridge(cartridge)} holds ${what} as tape file ${point.fileNumber}, which this catalog does not know`,
    remedy: `Nothing was written. The cartridge is newer than the catalog: grandsire catalog rebuild ${cartridge.barcode}.`,
  });
