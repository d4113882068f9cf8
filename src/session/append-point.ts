import { GrandsireError } from '#src/base/errors';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { TapeFileRecord } from '#src/catalog/tape-files';
import type { VolumeRecord } from '#src/catalog/volumes';
import type { AttentionOutcome, ReadOutcome, SpaceOutcome, TapeDrive } from '#src/device/tape-drive';
import { interruptedByDrive } from '#src/session/interruption';
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
 * `cartridge.contradicts-catalog` where the last tape file is not what the catalog says. All of these throw `drive.interrupted`.
 */
export async function findAppendPoint(question: AppendPointQuestion): Promise<AppendPoint> {
  const last = lastStanding(question);
  await go(question, last);
  const compared = await compareLast(question, last);
  if (compared.kind !== 'same') throw contradiction(question, compared.what);
  const point = pointBehind(last);
  await go(question, point);
  const behind = await lookBehind(question, point.fileNumber);
  if (behind.kind !== 'nothing') throw notOurs(question, behind);
  await go(question, point);
  return point;
}

/**
 * Before a volume is destroyed: throws `cartridge.newer-than-catalog` where its cartridge holds more than the catalog knows, whose protection the catalog cannot
 * tell either, and `cartridge.contradicts-catalog` where what is there is something else, or cannot be reached. A last tape file that cannot be read keeps nobody
 * from labelling; nor do the remains of an earlier volume, which a label ended long ago.
 */
export async function assertNothingNewer(question: AppendPointQuestion): Promise<void> {
  const last = lastStanding(question);
  if ((await reach(question, last)) === 'end-of-data') return;
  const compared = await compareLast(question, last);
  if (compared.kind === 'other') throw contradiction(question, compared.what);
  const point = pointBehind(last);
  if ((await reach(question, point)) === 'end-of-data') return;
  const behind = await lookBehind(question, point.fileNumber);
  if (behind.kind === 'unknown' || behind.kind === 'foreign') throw notOurs(question, behind);
}

/**
 * The same for a label whose journal may be open still, so that nobody knows how many blocks it has. What an earlier volume left behind it was given up when
 * labelling began.
 */
export async function assertNothingBehindLabel(question: AppendPointQuestion): Promise<void> {
  const { drive, signal } = question;
  const trouble = await drive.rewind({ signal });
  const moved = trouble && settled(question, trouble);
  if (moved) throw contradiction(question, `rewinding gave: ${moved.sense.text}`);
  const outcome = settled(question, await drive.spaceFilemarks(1n, { signal }));
  if (outcome.kind !== 'spaced') return;
  const behind = await lookBehind(question, 1);
  if (behind.kind === 'unknown') throw notOurs(question, behind);
}

function lastStanding(question: AppendPointQuestion): TapeFileRecord {
  const last = question.files.findLast(({ state }) => state === 'written' || state === 'void');
  if (!last) throw contradiction(question, 'it has no label in the catalog');
  return last;
}

const pointBehind = ({ fileNumber, block, blocks }: TapeFileRecord): AppendPoint => ({
  fileNumber: fileNumber + 1,
  block: block + blocks + 1,
});

/** What the drive said, unless it lost its place: that says nothing of the cartridge. */
function settled<T extends ReadOutcome | SpaceOutcome>(
  { drive, cartridge }: AppendPointQuestion,
  outcome: T,
): Exclude<T, AttentionOutcome> {
  if (outcome.kind !== 'attention') return outcome as Exclude<T, AttentionOutcome>;
  throw interruptedByDrive(drive, outcome.sense, `the end of what is on cartridge ${cartridge.barcode} was looked for`);
}

/** In words, with what the drive said. */
const outcomeText = (outcome: ReadOutcome | SpaceOutcome): string =>
  'sense' in outcome ? outcome.sense.text : outcome.kind;

async function go(question: AppendPointQuestion, point: AppendPoint): Promise<void> {
  if ((await reach(question, point)) !== 'there') throw unreachable(question, point.block, 'end-of-data');
}

/** Throws `cartridge.contradicts-catalog` where neither the object nor the end of data before it is reached. */
async function reach(
  question: AppendPointQuestion,
  { fileNumber, block }: AppendPoint,
): Promise<'there' | 'end-of-data'> {
  const { drive, signal } = question;
  // A drive that cannot locate goes by filemarks, and can then go back over those it writes.
  const near = { file: BigInt(fileNumber), blockInFile: 0n };
  const outcome = settled(question, await drive.locate(BigInt(block), { signal, near }));
  if (outcome.kind === 'end-of-data') return 'end-of-data';
  const position = await drive.position({ signal });
  if (outcome.kind === 'spaced' && position?.block === BigInt(block)) return 'there';
  throw unreachable(question, block, outcomeText(outcome));
}

const unreachable = ({ cartridge }: AppendPointQuestion, block: number, why: string): GrandsireError =>
  new GrandsireError('cartridge.contradicts-catalog', {
    message: `${nameCartridge(cartridge)} cannot be positioned to object ${block}: ${why}`,
    remedy: `Nothing was written. See what is on it: grandsire verify ${cartridge.barcode}.`,
  });

type Compared =
  | { readonly kind: 'same' }
  | { readonly kind: 'unreadable'; readonly what: string }
  | { readonly kind: 'other'; readonly what: string };

async function compareLast(question: AppendPointQuestion, last: TapeFileRecord): Promise<Compared> {
  const buffer = new Uint8Array(2 * question.volume.blockSizeBytes);
  const outcome = settled(question, await question.drive.readBlock(buffer, { signal: question.signal }));
  if (outcome.kind !== 'block') {
    const isLost = outcome.kind === 'medium-error' || outcome.kind === 'end-of-data' || outcome.kind === 'blank';
    const what = `reading tape file ${last.fileNumber} gave: ${outcomeText(outcome)}`;
    return { kind: isLost ? 'unreadable' : 'other', what };
  }
  const parsed = parseDescriptor(buffer.subarray(0, outcome.bytes));
  const found = parsed.kind === 'ours' ? parsed.descriptor : undefined;
  const same =
    found !== undefined &&
    found.volume === question.volume.id &&
    (last.kind === 'void' || last.state === 'void' || found.kind === last.kind) &&
    (last.number === undefined || !('number' in found) || found.number === last.number);
  if (same) return { kind: 'same' };
  const wanted = `${last.kind}${last.number === undefined ? '' : ` ${last.number}`}`;
  return {
    kind: parsed.kind === 'damaged' ? 'unreadable' : 'other',
    what: `tape file ${last.fileNumber} should be ${wanted} and is ${found?.kind ?? parsed.kind}`,
  };
}

/** What stands where the catalog knows of nothing. */
type Behind =
  /** The end, damage, or the torn end of a write of ours: it may be written over. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unknown' | 'earlier-volume' | 'foreign'; readonly fileNumber: number; readonly what: string };

/**
 * Reads on from here. A whole tape file is newer than the catalog, unless our own journal has it open; and that one, too, where more stands behind it: the journal of
 * this catalog ended there, and another went on.
 */
async function lookBehind(question: AppendPointQuestion, fileNumber: number): Promise<Behind> {
  const { drive, volume, signal } = question;
  const buffer = new Uint8Array(2 * volume.blockSizeBytes);
  const outcome = settled(question, await drive.readBlock(buffer, { signal }));
  if (outcome.kind === 'too-long') return { kind: 'foreign', fileNumber, what: 'a block larger than any of its own' };
  if (outcome.kind !== 'block') return { kind: 'nothing' };
  const parsed = parseDescriptor(buffer.subarray(0, outcome.bytes));
  if (parsed.kind === 'damaged') return { kind: 'nothing' };
  if (parsed.kind === 'newer') return { kind: 'foreign', fileNumber, what: 'something of a later format version' };
  if (parsed.kind === 'foreign') return { kind: 'foreign', fileNumber, what: 'something that is no tape file' };
  const { descriptor } = parsed;
  if (descriptor.volume !== volume.id) {
    return { kind: 'earlier-volume', fileNumber, what: `a tape file of volume ${descriptor.volume}` };
  }
  const number = 'number' in descriptor ? descriptor.number : undefined;
  const open = question.files.find((file) => file.state === 'open' && file.fileNumber === fileNumber);
  if (open && open.kind === descriptor.kind && open.number === number) {
    const next = settled(question, await drive.spaceFilemarks(1n, { signal }));
    return next.kind === 'spaced' ? await lookBehind(question, fileNumber + 1) : { kind: 'nothing' };
  }
  if (!(await isWhole(question, descriptor.payloadBytes, buffer))) return { kind: 'nothing' };
  return { kind: 'unknown', fileNumber, what: `a whole ${descriptor.kind}${number === undefined ? '' : ` ${number}`}` };
}

/** Reads on to the filemark: whole where as many bytes came as the descriptor promises. */
async function isWhole(question: AppendPointQuestion, payloadBytes: number, buffer: Uint8Array): Promise<boolean> {
  const { drive, signal } = question;
  let left = payloadBytes;
  while (left >= 0) {
    const outcome = settled(question, await drive.readBlock(buffer, { signal }));
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

function notOurs(
  question: AppendPointQuestion,
  { kind, fileNumber, what }: Exclude<Behind, { kind: 'nothing' }>,
): GrandsireError {
  const { cartridge } = question;
  if (kind !== 'unknown') return contradiction(question, `${what} stands where tape file ${fileNumber} would begin`);
  return new GrandsireError('cartridge.newer-than-catalog', {
    message: `this catalog is older than ${nameCartridge(cartridge)}, which holds ${what} as tape file ${fileNumber} that the catalog does not know`,
    remedy: `Nothing was written to it. Have it read into the catalog: grandsire catalog rebuild ${cartridge.barcode}.`,
  });
}
