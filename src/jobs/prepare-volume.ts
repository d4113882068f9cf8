import type { GrandsireError } from '#src/base/errors';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { VolumeRecord } from '#src/catalog/volumes';
import type { MountedCartridge } from '#src/jobs/mounting';
import { raisesDoubt } from '#src/library/doubt';
import { wasCleared } from '#src/library/drives/drive-experience';
import type { CartridgeId } from '#src/media/facets';
import { duplicateElsewhere } from '#src/session/duplicate-volume';
import { labelCartridge, settleLabelling } from '#src/session/label-session';
import { unfitByKind } from '#src/session/unfit';
import type { SessionPorts } from '#src/session/write-session';

/** What a run wants with a cartridge: write behind what is there, or begin it anew. */
export type CartridgeUse = 'append' | 'overwrite';

/**
 * Makes the volume that a run writes to: settles a labelling that was cut off, labels what is blank or whose protection is over, leaves everything else
 * alone and throws it by name (`cartridge.…`).
 */
export async function prepareVolume(
  mounted: MountedCartridge,
  use: CartridgeUse,
  ports: SessionPorts,
  signal?: AbortSignal,
): Promise<VolumeRecord> {
  const { drive, cartridge, virtual } = mounted;
  const unfit = unfitByKind(cartridge);
  if (unfit) throw unfit;
  const session = { ...ports, drive, cartridge, virtual, signal };
  const volume = await settleLabelling(session);
  // Where there is no volume to append to, one is begun: labelling takes a blank cartridge only, and names what else it finds.
  return use === 'overwrite' || !volume ? labelCartridge(session) : volume;
}

/** What the catalog is to remember of a cartridge that turned out unfit, so that no plan names it again; and of another that is said to carry the same volume. */
export async function rememberUnfit(
  cartridge: CartridgeRecord,
  error: GrandsireError,
  ports: SessionPorts,
): Promise<void> {
  await remember(cartridge, error, ports);
  if (error.code !== 'cartridge.wrong-volume' || error.details['alsoOn'] === undefined) return;
  const other = await ports.repositories.cartridges.get(error.details['alsoOn'] as CartridgeId);
  const volume = String(error.details['found']);
  if (other) await remember(other, duplicateElsewhere({ cartridge, other, volume }), ports);
}

async function remember(
  cartridge: CartridgeRecord,
  error: GrandsireError,
  { repositories, clock }: SessionPorts,
): Promise<void> {
  const { id, barcode } = cartridge;
  // A drive that is being cleaned says so of whatever it is given; what carries a volume cleans nothing.
  const isMistaken = error.code === 'cartridge.cleaning' && (await repositories.volumes.ofCartridge(id)) !== undefined;
  const changes = isMistaken ? undefined : facetsOf(error);
  // What was the drive's doing tells nothing of the cartridge; and a harder verdict stands.
  const isDoubt = changes !== undefined && 'condition' in changes && changes.condition === 'suspect';
  const isSettled = isDoubt && (await isJudged(cartridge, error, repositories));
  if (changes && !isSettled) await repositories.cartridges.update(id, changes);
  const { alsoOn } = error.details;
  await repositories.actions.append({
    at: clock.now(),
    event: 'cartridge.passed-over',
    subject: barcode,
    details: { code: error.code, message: error.message, ...(alsoOn === undefined ? {} : { alsoOn }) },
  });
}

async function isJudged(
  cartridge: CartridgeRecord,
  { code }: GrandsireError,
  repositories: SessionPorts['repositories'],
): Promise<boolean> {
  const condition = (await repositories.cartridges.get(cartridge.id))?.condition;
  return condition === 'damaged' || condition === 'retired' || (await wasCleared(cartridge, code, repositories));
}

function facetsOf(error: GrandsireError) {
  switch (error.code) {
    case 'cartridge.foreign':
      return { fill: 'foreign' as const };
    case 'cartridge.write-protected':
      return { writeProtected: true };
    case 'cartridge.cleaning':
      return { kind: 'cleaning' as const };
    case 'cartridge.worm-used':
      return {
        kind: 'worm' as const,
        fill: 'full' as const,
        condition: 'retired' as const,
        conditionReason: error.message,
      };
    default:
      return raisesDoubt(error.code) ? { condition: 'suspect' as const, conditionReason: error.message } : undefined;
  }
}
