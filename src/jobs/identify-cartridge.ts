import { GrandsireError } from '#src/base/errors';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { VolumeRecord } from '#src/catalog/volumes';
import { liftDoubt } from '#src/jobs/lift-doubt';
import { inAnyDrive, type MountCartridge } from '#src/jobs/mounting';
import { rememberUnfit } from '#src/jobs/prepare-volume';
import { parseBarcode } from '#src/media/barcode';
import { unfitOnMedium } from '#src/session/duplicate-volume';
import { cleaningIdentification, type Identification, identifyMedium, type LookedAt } from '#src/session/identify';
import { unfitForSerial } from '#src/session/unfit';
import type { SessionPorts } from '#src/session/write-session';

export interface IdentifyPorts extends SessionPorts {
  readonly mount: MountCartridge;
  readonly signal?: AbortSignal | undefined;
}

export interface IdentifyResult {
  readonly identification: Identification;
  /** Where the cartridge contradicts what the catalog says of it. */
  readonly contradiction?: GrandsireError;
}

/** Looks what is on a cartridge, whoever wrote it, and has the catalog remember. Nothing is written to the cartridge. */
export async function identifyCartridge(cartridge: CartridgeRecord, ports: IdentifyPorts): Promise<IdentifyResult> {
  // What only a drive called so, which says that of anything while it is being cleaned itself, is looked at again.
  if (parseBarcode(cartridge.barcode).kind === 'cleaning') return { identification: cleaningIdentification };
  const looked = await inAnyDrive(() => look(cartridge, ports));
  if (!looked) {
    if (!(await ports.repositories.volumes.ofCartridge(cartridge.id)))
      await ports.repositories.cartridges.update(cartridge.id, { kind: 'cleaning' });
    return { identification: cleaningIdentification };
  }
  const { identification, found, medium } = looked;
  const volume = await ports.repositories.volumes.ofCartridge(cartridge.id);
  // A label that was being written when the program died may be there, torn or not: labelling settles it.
  const expected = volume?.state === 'labelling' ? undefined : volume;
  const unfit =
    volume?.state === 'labelling' || (found.kind === 'blank' && !expected)
      ? undefined
      : await unfitOnMedium({ cartridge, ...ports }, expected, found);
  const contradiction = unfit ?? unfitForSerial(cartridge, medium);
  await remember(cartridge, { identification, volume, contradiction }, ports);
  // That somebody else wrote it is an answer, not a contradiction, unless a volume of ours was expected there.
  const isNews = contradiction?.code !== 'cartridge.foreign' || expected !== undefined;
  return { identification, ...(contradiction && isNews ? { contradiction } : {}) };
}

/** Undefined where the drive says that it is a cleaning cartridge, whatever its barcode. */
async function look(cartridge: CartridgeRecord, { mount, signal }: IdentifyPorts): Promise<LookedAt | undefined> {
  try {
    await using mounted = await mount(cartridge, {
      purpose: `identifying ${cartridge.barcode}`,
      writing: false,
      signal,
    });
    return await identifyMedium(mounted.drive, signal);
  } catch (error) {
    if (error instanceof GrandsireError && error.code === 'cartridge.cleaning') return undefined;
    throw error;
  }
}

interface Findings {
  readonly identification: Identification;
  readonly volume: VolumeRecord | undefined;
  readonly contradiction: GrandsireError | undefined;
}

async function remember(
  cartridge: CartridgeRecord,
  { identification, volume, contradiction }: Findings,
  ports: SessionPorts,
): Promise<void> {
  const { cartridges } = ports.repositories;
  const { writeProtected, worm, kind } = identification;
  await cartridges.update(cartridge.id, {
    writeProtected,
    ...(worm || cartridge.kind === 'cleaning' ? { kind: worm ? ('worm' as const) : ('data' as const) } : {}),
    ...(kind === 'blank' && !volume ? { fill: 'blank' as const } : {}),
    // What was taken for blank or foreign is neither: nobody knows how far it is written.
    ...(kind === 'ours' && !volume ? { fill: 'unknown' as const } : {}),
  });
  if (contradiction) await rememberUnfit(cartridge, contradiction, ports);
  else await liftDoubt(cartridge, 'look', ports.repositories);
}
