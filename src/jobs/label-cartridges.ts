import { GrandsireError, throwIfAborted } from '#src/base/errors';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { VolumeRecord } from '#src/catalog/volumes';
import { inAnyDrive, type MountCartridge, type MountedCartridge, writingOn } from '#src/jobs/mounting';
import { rememberUnfit } from '#src/jobs/prepare-volume';
import { isDriveTrouble } from '#src/library/drives/drive-trouble';
import { assertProtectionOver, labelCartridge, settleLabelling } from '#src/session/label-session';
import { unfitByKind } from '#src/session/unfit';
import type { SessionPorts } from '#src/session/write-session';

export interface RefusedCartridge {
  readonly barcode: string;
  readonly error: GrandsireError;
}

export interface LabelResult {
  /** Barcodes. */
  readonly labelled: readonly string[];
  readonly refused: readonly RefusedCartridge[];
}

export interface LabelPorts extends SessionPorts {
  readonly mount: MountCartridge;
  /** Each cartridge as it is done. */
  readonly onLabelled?: ((barcode: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface LabelOrder {
  readonly cartridges: readonly CartridgeRecord[];
  /** The pool that they belong to from now on; undefined: the one in which they are. */
  readonly pool?: string | undefined;
}

/**
 * What can be said without a drive: the volumes that would be lost (whose protection is over), and what is refused. Nothing is written yet, so that
 * an operator can be asked.
 */
export async function planLabelling(
  cartridges: readonly CartridgeRecord[],
  ports: SessionPorts,
): Promise<{
  readonly cartridges: readonly CartridgeRecord[];
  readonly lost: readonly { readonly cartridge: CartridgeRecord; readonly volume: VolumeRecord }[];
  readonly refused: readonly RefusedCartridge[];
}> {
  const fit: CartridgeRecord[] = [];
  const lost: { cartridge: CartridgeRecord; volume: VolumeRecord }[] = [];
  const refused: RefusedCartridge[] = [];
  for (const cartridge of cartridges) {
    const volume = await ports.repositories.volumes.ofCartridge(cartridge.id);
    const error = unfitByKind(cartridge) ?? (volume && (await whyProtected(cartridge, volume, ports)));
    if (error) {
      refused.push({ barcode: cartridge.barcode, error });
      continue;
    }
    fit.push(cartridge);
    if (volume?.state === 'live') lost.push({ cartridge, volume });
  }
  return { cartridges: fit, lost, refused };
}

/** Cartridges of a library on which nothing is known to be: those that `--all-blank` looks at. */
export async function unlabelledCartridges(
  library: string,
  { repositories }: SessionPorts,
): Promise<readonly CartridgeRecord[]> {
  const found: CartridgeRecord[] = [];
  for (const cartridge of await repositories.cartridges.list({ library })) {
    const { kind, fill, condition, location } = cartridge;
    if (kind !== 'data' || (fill !== 'unknown' && fill !== 'blank')) continue;
    if (condition === 'retired' || condition === 'damaged') continue;
    if (!('library' in location) || location.library !== library) continue;
    if (await repositories.volumes.ofCartridge(cartridge.id)) continue;
    found.push(cartridge);
  }
  return found;
}

/**
 * Labels cartridges one after the other. What is not fit is refused by name and left as it is, and the next one follows. Interrupted between two
 * cartridges or while one is loaded, never while a label is being written.
 */
export async function labelCartridges({ cartridges, pool }: LabelOrder, ports: LabelPorts): Promise<LabelResult> {
  const labelled: string[] = [];
  const refused: RefusedCartridge[] = [];
  for (const cartridge of cartridges) {
    throwIfAborted(ports.signal);
    try {
      await inAnyDrive(() => labelOne(cartridge, ports));
    } catch (error) {
      if (!isAboutTheCartridge(error)) throw error;
      await rememberUnfit(cartridge, error, ports);
      refused.push({ barcode: cartridge.barcode, error });
      continue;
    }
    // An operator's word is for good: it does not go back to where it was drawn from.
    if (pool !== undefined) await ports.repositories.cartridges.update(cartridge.id, { pool, drawnFrom: undefined });
    labelled.push(cartridge.barcode);
    ports.onLabelled?.(cartridge.barcode);
  }
  return { labelled, refused };
}

async function labelOne(cartridge: CartridgeRecord, ports: LabelPorts): Promise<void> {
  const { mount, signal, repositories, clock } = ports;
  const purpose = `labelling ${cartridge.barcode}`;
  await using mounted = await mount(cartridge, { purpose, writing: true, signal });
  throwIfAborted(signal);
  await writingOn(mounted, () => labelMounted(mounted, { repositories, clock }));
}

async function labelMounted(mounted: MountedCartridge, { repositories, clock }: SessionPorts): Promise<void> {
  const { cartridge } = mounted;
  const session = { repositories, clock, drive: mounted.drive, virtual: mounted.virtual, cartridge };
  const before = await repositories.volumes.ofCartridge(cartridge.id);
  const settled = await settleLabelling(session);
  // The label that was cut off is the one that is asked for. Where the old one is still there, its loss was agreed to when that began.
  if (before?.state === 'labelling' && settled?.id === before.id) return;
  await labelCartridge(session);
}

async function whyProtected(
  cartridge: CartridgeRecord,
  volume: VolumeRecord,
  ports: SessionPorts,
): Promise<GrandsireError | undefined> {
  try {
    await assertProtectionOver({ cartridge, ...ports }, volume);
    return undefined;
  } catch (error) {
    if (error instanceof GrandsireError && error.code === 'cartridge.protected') return error;
    throw error;
  }
}

/** Refused by a safety rule, or the medium failed, or perhaps the drive: the next cartridge can still be labelled. */
const isAboutTheCartridge = (error: unknown): error is GrandsireError =>
  error instanceof GrandsireError &&
  (isDriveTrouble(error) ||
    error.code === 'cartridge.stuck' ||
    (error.code.startsWith('cartridge.') && (error.kind === 'refused' || error.blame === 'medium')));
