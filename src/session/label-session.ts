import { randomUUID } from 'node:crypto';
import { instant } from '#src/base/clock';
import { DeviceError, GrandsireError } from '#src/base/errors';
import { programName } from '#src/base/program';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { VolumeRecord } from '#src/catalog/volumes';
import type { MediumState, TapeDrive } from '#src/device/tape-drive';
import { type FirstBlock, readFirstBlock } from '#src/session/first-block';
import { memoryPayload } from '#src/session/tape-file-source';
import { nameCartridge, unfitByKind, unfitForVolume, writeProtectedError } from '#src/session/unfit';
import type { SessionPorts } from '#src/session/write-session';
import { writeTapeFile } from '#src/session/write-tape-file';
import { encodeLabel } from '#src/volume/label';
import { xxh64 } from '#src/base/xxh64';

/** 512 KiB, as LTFS: every adapter carries it; less where drive or transport carries less. */
export const preferredBlockSizeBytes = 512 * 1024;

export interface LabelSession extends SessionPorts {
  readonly drive: TapeDrive;
  readonly cartridge: CartridgeRecord;
  /** The library's cartridges are files: the README then says how to read those. */
  readonly virtual: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Whether this cartridge may be labelled, and labels it (invariant 1). What may be: a blank one, or one that carries the volume that the catalog
 * expects on it and whose protection has ended. Everything else is thrown by name and left as it is.
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
  await writeLabel(session, volume, medium);
  return volume;
}

async function assertMayDestroy(
  { cartridge, repositories }: LabelSession,
  medium: MediumState,
  found: FirstBlock,
  old: VolumeRecord | undefined,
): Promise<void> {
  const name = nameCartridge(cartridge);
  if (found.kind === 'blank' && (!old || (await repositories.volumes.protection(old.key)).protection.kind === 'none')) return;
  const unfit = unfitForVolume(cartridge, old, found);
  if (unfit) throw unfit;
  if (medium.worm) {
    throw new GrandsireError('cartridge.worm-used', {
      message: `${name} is a WORM cartridge and carries a volume already`,
      remedy: `It cannot be written again: "grandsire cartridge retire ${cartridge.barcode}" takes it out of the pools.`,
    });
  }
  if (cartridge.holds.length > 0) {
    throw new GrandsireError('cartridge.held', {
      message: `${name} is on hold: ${cartridge.holds.join(', ')}`,
      remedy: `Lift the hold first, if you may: grandsire cartridge release ${cartridge.barcode}.`,
    });
  }
  // `assertUnprotected` is the callers' question too; here it is asked last, with the medium's own label in hand.
  const { protection, dataSet, because } = await repositories.volumes.protection((old as VolumeRecord).key);
  if (protection.kind === 'forever' || (protection.kind === 'until' && !isOver(protection, repositories, instant(0)))) {
    throw protectedError(cartridge, protection.kind === 'forever' ? 'forever' : `until ${protection.freeOn}`, dataSet, because);
  }
}
