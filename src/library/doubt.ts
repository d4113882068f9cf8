import type { ErrorCode } from '#src/base/error-codes';
import type { ActionRecord } from '#src/catalog/actions';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Repositories } from '#src/catalog/catalog';

/** What makes a cartridge suspect, so that no plan names it until it was looked into. */
const doubts: ReadonlySet<string> = new Set<ErrorCode>([
  'cartridge.wrong-volume',
  'cartridge.duplicate-volume',
  'cartridge.wrong-barcode',
  'cartridge.wrong-serial',
  'cartridge.damaged-label',
  'cartridge.newer-format',
  'cartridge.newer-than-catalog',
  'cartridge.contradicts-catalog',
  'cartridge.unexpectedly-blank',
  'cartridge.unreadable',
  'cartridge.write-failed',
  'cartridge.label-failed',
]);

export const raisesDoubt = (code: string): boolean => doubts.has(code);

/** The refusal that made a cartridge suspect last, as the log has it; undefined where it is not suspect, or nothing tells why. */
export async function standingDoubt(
  { condition, conditionReason, barcode }: CartridgeRecord,
  { actions }: Pick<Repositories, 'actions'>,
): Promise<ActionRecord | undefined> {
  if (condition !== 'suspect') return undefined;
  const refusals = await actions.list({ subject: barcode, event: 'cartridge.passed-over' });
  // Of two cartridges with one barcode, another refusal may be the other one's.
  return refusals.find(({ details: { code, message } }) => message === conditionReason && raisesDoubt(String(code)));
}
