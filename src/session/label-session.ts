import { randomUUID } from 'node:crypto';
import { bug, DeviceError, GrandsireError } from '#src/base/errors';
import { programName } from '#src/base/program';
import { trace } from '#src/base/trace';
import { xxh64 } from '#src/base/xxh64';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { VolumeRecord } from '#src/catalog/volumes';
import type { MediumState, TapeDrive } from '#src/device/tape-drive';
import { standingDoubt } from '#src/library/doubt';
import { isProtectionOver } from '#src/rotation/retention';
import { assertNothingBehindLabel, assertNothingNewer } from '#src/session/append-point';
import { duplicateElsewhere, sharesVolumeWith, unfitOnMedium } from '#src/session/duplicate-volume';
import { type FirstBlock, holdsOnlyFilemarks, readFirstBlock } from '#src/session/first-block';
import { interruptedByDrive } from '#src/session/interruption';
import { memoryPayload } from '#src/session/tape-file-source';
import { nameCartridge, unfitByKind, unfitForSerial, writeProtectedError } from '#src/session/unfit';
import type { SessionPorts } from '#src/session/write-session';
import { type TapeFileOutcome, writeTapeFile } from '#src/session/write-tape-file';
import { encodeLabel } from '#src/volume/label';

/** 512 KiB, as LTFS: every adapter carries it; less where drive or transport carries less. */
const preferredBlockSizeBytes = 512 * 1024;

export interface LabelSession extends SessionPorts {
  readonly drive: TapeDrive;
  readonly cartridge: CartridgeRecord;
  /** The library's cartridges are files: the README then says how to read those. */
  readonly virtual: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Whether this cartridge may be labelled, and labels it (invariant 1). What may be: a blank one, or one that carries the volume that the catalog
 * expects on it, whose protection has ended, and no tape file of it that the catalog does not know. Everything else is thrown by name and left as it is.
 *
 * The intent is committed before the first byte; a crash in between is settled by `settleLabelling` at the next mount.
 */
export async function labelCartridge(session: LabelSession): Promise<VolumeRecord> {
  const { drive, cartridge, repositories, clock, signal } = session;
  const unfit = unfitByKind(cartridge);
  if (unfit) throw unfit;
  const medium = await drive.medium({ signal });
  if (medium.writeProtected) throw writeProtectedError(cartridge);
  const found = await readFirstBlock(drive, signal);
  const old = await repositories.volumes.ofCartridge(cartridge.id);
  await assertMayDestroy(session, medium, found, old);

  const volume = await repositories.volumes.beginLabelling({
    id: randomUUID(),
    cartridge: cartridge.id,
    blockSizeBytes: Math.min(preferredBlockSizeBytes, drive.capabilities.maxBlockBytes),
    labelledAt: clock.now(),
  });
  await repositories.actions.append({
    at: clock.now(),
    event: 'volume.labelling',
    subject: cartridge.barcode,
    details: { volume: volume.id, replaces: old?.id ?? null, found: found.kind },
  });
  trace('labelling.intent');
  await writeLabel(session, volume, medium);
  return volume;
}

async function assertMayDestroy(
  session: LabelSession,
  medium: MediumState,
  found: FirstBlock,
  old: VolumeRecord | undefined,
): Promise<void> {
  const { drive, cartridge, repositories, signal } = session;
  const name = nameCartridge(cartridge);
  const sharing = await sharesVolumeWith(cartridge, repositories);
  if (sharing && old) throw duplicateElsewhere({ cartridge: sharing, other: cartridge, volume: old.id });
  const isFree =
    found.kind === 'blank' && (!old || (await repositories.volumes.protection(old.key)).protection.kind === 'none');
  const unfit = (isFree ? undefined : await unfitOnMedium(session, old, found)) ?? unfitForSerial(cartridge, medium);
  if (unfit) throw unfit;
  if (isFree) return;
  if (medium.worm) {
    throw new GrandsireError('cartridge.worm-used', {
      message: `${name} is a WORM cartridge and carries a volume already`,
      remedy: `It cannot be written again; take it out of the library, or leave it where it is: runs pass it over.`,
    });
  }
  if (cartridge.holds.length > 0) {
    throw new GrandsireError('cartridge.held', {
      message: `${name} is on hold: ${cartridge.holds.join(', ')}`,
      remedy: `The hold must be lifted first.`,
    });
  }
  const volume = old as VolumeRecord;
  await assertProtectionOver(session, volume);
  // What the catalog does not know of is protected by nothing that it says.
  const files = await repositories.tapeFiles.ofVolume(volume.key);
  await assertNothingNewer({ drive, cartridge, volume, files, signal });
}

/** Throws `cartridge.protected` naming what protects the volume and until when. */
export async function assertProtectionOver(
  { cartridge, repositories, clock }: Pick<LabelSession, 'cartridge' | 'repositories' | 'clock'>,
  volume: VolumeRecord,
): Promise<void> {
  const { protection, dataSet, because } = await repositories.volumes.protection(volume.key);
  if (isProtectionOver(protection, clock.now())) return;
  const until = protection.kind === 'until' ? `until ${protection.freeOn} (${protection.timeZone})` : 'forever';
  const reasons = {
    rebuilt: 'its content was read back by a rebuild and not accepted yet',
    own: `data set ${dataSet} on it`,
    needed: `data set ${dataSet} needs what is on it`,
    none: 'its volume',
  } as const;
  throw new GrandsireError('cartridge.protected', {
    message: `${nameCartridge(cartridge)} is protected ${until}: ${reasons[because]}`,
    remedy:
      because === 'rebuilt'
        ? 'Have the policies applied to it: grandsire catalog rebuild --accept. Or use another cartridge.'
        : 'Use another cartridge: "grandsire cartridge list" shows which are free.',
    details: { protection: protection.kind, dataSet: dataSet ?? null },
  });
}

/** Writes tape file 0, reads it back, and confirms the volume. The intent must be committed. */
async function writeLabel(session: LabelSession, volume: VolumeRecord, medium: MediumState): Promise<void> {
  const { drive, cartridge, repositories, signal } = session;
  const { descriptor, payload } = encodeLabel({
    volume: volume.id,
    barcode: cartridge.barcode,
    cartridgeSerial: medium.mediumSerial ?? null,
    blockSizeBytes: volume.blockSizeBytes,
    labelledAt: new Date(volume.labelledAt).toISOString(),
    writtenBy: programName,
    virtual: session.virtual,
  });
  const journal = { volume: volume.key, fileNumber: 0, kind: 'label' as const, block: 0, payloadBytes: payload.length };
  await repositories.tapeFiles.begin({ ...journal, dataSet: undefined, number: undefined });
  await drive.configure({ compression: true }, { signal });
  const moved = await drive.rewind({ signal });
  const doing = `cartridge ${cartridge.barcode} was labelled`;
  // What was looked at may not be what is in the drive any more.
  if (moved?.kind === 'attention') throw interruptedByDrive(drive, moved.sense, doing);
  const outcome = await writeTapeFile({
    drive,
    descriptor,
    block: 0,
    payload: memoryPayload(`label of ${cartridge.barcode}`, payload, xxh64(payload)),
    blockSizeBytes: volume.blockSizeBytes,
    throughEarlyWarning: true,
    signal,
  });
  trace('labelling.written');
  if (outcome.kind !== 'complete') throw notLabelled(session, outcome, doing);
  const readBack = await readFirstBlock(drive, signal);
  if (readBack.kind !== 'ours' || readBack.label.volume !== volume.id) {
    const why = readBack.kind === 'unreadable' ? readBack.reason : readBack.kind;
    throw labelFailed(cartridge, `reading it back gave: ${why}`);
  }
  await repositories.tapeFiles.written(volume.key, 0, { blocks: outcome.blocks, payloadBytes: payload.length });
  trace('labelling.journalled');
  await confirm(session, volume, medium);
}

function notLabelled(
  { drive, cartridge }: LabelSession,
  ended: Exclude<TapeFileOutcome, { kind: 'complete' }>,
  doing: string,
): GrandsireError {
  if (ended.kind === 'no-room') return labelFailed(cartridge, 'there was no room for it');
  if (ended.kind === 'moved') return labelFailed(cartridge, `the medium was moved to object ${ended.found} meanwhile`);
  const { outcome } = ended;
  if (outcome.kind === 'attention') return interruptedByDrive(drive, outcome.sense, doing);
  if (outcome.kind === 'write-protected') return writeProtectedError(cartridge, outcome.sense.text);
  return labelFailed(cartridge, outcome.sense.text);
}

const labelFailed = (cartridge: CartridgeRecord, why: string): DeviceError =>
  new DeviceError('cartridge.label-failed', {
    message: `${nameCartridge(cartridge)} could not be labelled: ${why}`,
    remedy: `Clean the drive and try once more: grandsire cartridge label ${cartridge.barcode}; if it fails again, retire the cartridge.`,
    usable: true,
  });

async function confirm(
  { cartridge, repositories, clock }: LabelSession,
  volume: VolumeRecord,
  medium: MediumState,
): Promise<void> {
  await repositories.volumes.confirm(volume.key);
  trace('labelling.confirmed');
  const doubt = await standingDoubt((await repositories.cartridges.get(cartridge.id)) ?? cartridge, repositories);
  await repositories.cartridges.update(cartridge.id, {
    // What was doubted was the volume that is gone, or whether it can be written at all: the new label was, and was read back.
    ...(doubt ? { condition: 'good', conditionReason: undefined } : {}),
    fill: 'appendable',
    writeProtected: false,
    usedBytes: 0,
    // A drive that does not tell it today takes nothing back.
    ...(medium.mediumSerial === undefined ? {} : { serial: medium.mediumSerial }),
    ...(medium.capacityBytes === undefined ? {} : { capacityBytes: medium.capacityBytes }),
  });
  await repositories.actions.append({
    at: clock.now(),
    event: 'volume.labelled',
    subject: cartridge.barcode,
    details: { volume: volume.id },
  });
}

/** What a label can look like that was cut off: a loss of power leaves of an image its length, perhaps, and zeros, which are filemarks. */
const isTorn = async ({ drive, signal }: LabelSession, found: FirstBlock): Promise<boolean> =>
  found.kind === 'blank' ||
  found.kind === 'damaged-label' ||
  (found.kind === 'foreign' && found.firstBlockBytes === 0 && (await holdsOnlyFilemarks(drive, signal)));

/**
 * After a crash between intent and confirmation: the label on the medium decides. The old one → the intent is withdrawn; the new one → confirmed; blank or
 * torn → the label is written again. Returns the volume that the cartridge now carries, or undefined where it carries none.
 */
export async function settleLabelling(session: LabelSession): Promise<VolumeRecord | undefined> {
  const { drive, cartridge, repositories, signal } = session;
  const volume = await repositories.volumes.ofCartridge(cartridge.id);
  if (volume?.state !== 'labelling') return volume;
  const medium = await drive.medium({ signal });
  const found = await readFirstBlock(drive, signal);
  const isNew = found.kind === 'ours' && found.label.volume === volume.id;
  if (found.kind === 'ours' && !isNew) {
    await repositories.volumes.withdraw(volume.key);
  } else if (isNew || (await isTorn(session, found))) {
    const unfit = unfitForSerial(cartridge, medium);
    if (unfit) throw unfit;
    // Also where the new label's first block is there: its filemark may not be. Nothing of the volume lies behind it, unless a later catalog wrote that.
    const files = await repositories.tapeFiles.ofVolume(volume.key);
    if (isNew) await assertNothingBehindLabel({ drive, cartridge, volume, files, signal });
    // Killed between journal and confirmation: the label is whole, and was read back.
    if (isNew && files[0]?.state === 'written') {
      await confirm(session, volume, medium);
    } else {
      if (medium.writeProtected) throw writeProtectedError(cartridge);
      await writeLabel(session, volume, medium);
    }
  } else {
    throw (await unfitOnMedium(session, volume, found)) ?? bug(`label of ${cartridge.barcode} neither fits nor not`);
  }
  return repositories.volumes.ofCartridge(cartridge.id);
}
