import type { ErrorCode } from '#src/base/error-codes';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Repositories } from '#src/catalog/catalog';
import { standingDoubt } from '#src/library/doubt';
import { sharesVolumeWith } from '#src/session/duplicate-volume';

/** Doubts about what lies at the beginning of a cartridge, which a look there can take away. */
const takenByLook: readonly ErrorCode[] = [
  'cartridge.wrong-volume',
  'cartridge.duplicate-volume',
  'cartridge.wrong-barcode',
  'cartridge.wrong-serial',
  'cartridge.damaged-label',
  'cartridge.newer-format',
  'cartridge.unexpectedly-blank',
  'cartridge.unreadable',
];

const doubtsTakenBy = {
  look: takenByLook,
  /** It believes the medium, whatever the barcode. */
  rebuild: [
    ...takenByLook.filter((code) => code !== 'cartridge.wrong-barcode'),
    'cartridge.newer-than-catalog',
    'cartridge.contradicts-catalog',
  ],
} as const satisfies Record<string, readonly ErrorCode[]>;

/**
 * The right cartridge is back, its label is read at last, or the catalog knows all of it: it may be written to again. What failed while writing stays suspect, and what
 * shares its volume with another stays so until that one was settled.
 */
export async function liftDoubt(
  { id }: CartridgeRecord,
  by: keyof typeof doubtsTakenBy,
  repositories: Repositories,
): Promise<void> {
  const cartridge = await repositories.cartridges.get(id);
  const doubt = cartridge && (await standingDoubt(cartridge, repositories));
  if (!doubt || !doubtsTakenBy[by].some((code) => code === doubt.details['code'])) return;
  if (await sharesVolumeWith(cartridge, repositories)) return;
  await repositories.cartridges.update(id, { condition: 'good', conditionReason: undefined });
}
