import type { ErrorCode } from '#src/base/error-codes';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Repositories } from '#src/catalog/catalog';

/** Doubts that a look at the beginning raised, and that a look can take away: those about what lies there. */
const doubtsOfALook: ReadonlySet<string> = new Set<ErrorCode>([
  'cartridge.wrong-volume',
  'cartridge.wrong-barcode',
  'cartridge.damaged-label',
  'cartridge.newer-format',
  'cartridge.unexpectedly-blank',
  'cartridge.unreadable',
]);

/** The right cartridge is back, its label is read at last, or the catalog knows its volume now. What failed while writing stays suspect. */
export async function liftDoubt(
  { id, barcode, condition, conditionReason }: CartridgeRecord,
  { cartridges, actions }: Pick<Repositories, 'cartridges' | 'actions'>,
): Promise<void> {
  if (condition !== 'suspect') return;
  // Of two cartridges with one barcode, the last doubt may be about the other one.
  const doubts = await actions.list({ subject: barcode, event: 'cartridge.passed-over', limit: 100 });
  const standing = doubts.find(({ details }) => details['message'] === conditionReason);
  if (!doubtsOfALook.has(String(standing?.details['code']))) return;
  await cartridges.update(id, { condition: 'good', conditionReason: undefined });
}
