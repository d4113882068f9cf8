import { hours } from '#src/base/duration';
import type { ActionRecord } from '#src/catalog/actions';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Repositories } from '#src/catalog/catalog';
import { standingDoubt } from '#src/library/doubt';
import { Blame, type Experience, type Verdict } from '#src/library/drives/blame';
import type { Bay } from '#src/library/drives/drive-bays';
import { nameDrive, type StateParts } from '#src/library/drives/drive-state';
import type { DriveTrouble } from '#src/library/drives/drive-trouble';
import type { CartridgeId } from '#src/media/facets';

/** Failures that lie further apart than a month are no pattern. */
const memory = hours(30 * 24);
/** More than a site meets in that time, unless something is very wrong; then the newest tell enough. */
const mostRemembered = 500;

const event = 'drive.experience';

/** What raised a doubt of which the drive may be as guilty as the cartridge. */
const mediumFailures: ReadonlySet<string> = new Set([
  'cartridge.label-failed',
  'cartridge.unreadable',
  'cartridge.write-failed',
]);

/**
 * What drives and cartridges met with each other, kept in the append-only log, and what follows from it: `Blame` decides, here it is done. Drives are told apart by
 * serial number, so that one that was moved takes its history along.
 */
export class DriveExperience {
  readonly #parts: StateParts;

  constructor(parts: StateParts) {
    this.#parts = parts;
  }

  /** Whether something tells against each drive. */
  async suspicion(): Promise<(bay: Bay) => boolean> {
    const blame = new Blame(await this.#history());
    return (bay) => blame.isSuspected(this.#keyOf(bay));
  }

  /** A cartridge failed in a drive, and it is not plain whose fault that is. The drive is condemned, the cartridge damaged, or neither yet. */
  async failed(bay: Bay, cartridge: CartridgeRecord, { message }: DriveTrouble): Promise<void> {
    const { cartridges } = this.#parts.catalog;
    const history = await this.#history();
    const failure: Experience = { kind: 'failed', drive: this.#keyOf(bay), cartridge: cartridge.id };
    const verdict = new Blame(history).take(failure) ?? { kind: 'unclear' };
    await this.#append(bay, failure, { barcode: cartridge.barcode, message, verdict });
    if (verdict.kind === 'cartridge') await this.#condemnCartridge(cartridge, verdict, message);
    if (verdict.kind !== 'drive') return;
    const names: string[] = [];
    for (const id of verdict.cartridges) names.push((await cartridges.get(id))?.barcode ?? `cartridge ${id}`);
    bay.drive.condemn(
      `${names.join(' and ')} failed in it one after the other, which tells against the drive: ${message}`,
    );
    for (const id of verdict.cartridges) await this.#clearCartridge(id, bay);
  }

  /** A session ended well. Kept only where that clears something. */
  async worked(bay: Bay, cartridge: CartridgeRecord): Promise<void> {
    const drive = this.#keyOf(bay);
    if (!new Blame(await this.#history()).concerns(drive, cartridge.id)) return;
    await this.#append(bay, { kind: 'worked', drive, cartridge: cartridge.id }, { barcode: cartridge.barcode });
  }

  /** A drive that was down is used again: what was met before tells nothing any more. */
  putBack(bay: Bay): Promise<void> {
    return this.#append(bay, { kind: 'put-back', drive: this.#keyOf(bay) }, {});
  }

  #keyOf({ number, drive }: Bay): string {
    return drive.identity.serial === '' ? nameDrive(this.#parts, number) : drive.identity.serial;
  }

  async #history(): Promise<readonly Experience[]> {
    const { catalog, clock } = this.#parts;
    const since = clock.now() - memory;
    const actions = await catalog.actions.list({ event, limit: mostRemembered });
    return actions
      .filter(({ at }) => at >= since)
      .map(asExperience)
      .reverse();
  }

  async #append(bay: Bay, experience: Experience, more: Readonly<Record<string, unknown>>): Promise<void> {
    const { catalog, clock } = this.#parts;
    const subject = nameDrive(this.#parts, bay.number);
    await catalog.actions.append({ at: clock.now(), event, subject, details: { ...experience, ...more } });
  }

  async #condemnCartridge(
    { id, barcode }: CartridgeRecord,
    { drives }: Extract<Verdict, { kind: 'cartridge' }>,
    message: string,
  ): Promise<void> {
    const { catalog, warn } = this.#parts;
    const reason = `it failed in drives ${drives.join(' and ')}: ${message}`;
    if ((await catalog.cartridges.get(id))?.condition !== 'retired')
      await catalog.cartridges.update(id, { condition: 'damaged', conditionReason: reason });
    const text = `${barcode} is not written to any more: ${reason}. Take it out of use: grandsire cartridge show ${barcode} says what is on it`;
    warn({ code: 'cartridge.failed-twice', subject: barcode, message: text });
  }

  /** The lesser verdict: what it failed at was the drive's doing, so that a doubt that came of it ends. */
  async #clearCartridge(id: CartridgeId, bay: Bay): Promise<void> {
    const { catalog, clock } = this.#parts;
    const cartridge = await catalog.cartridges.get(id);
    if (!cartridge) return;
    const { barcode } = cartridge;
    const doubt = await standingDoubt(cartridge, catalog);
    if (doubt && mediumFailures.has(String(doubt.details['code'])))
      await catalog.cartridges.update(id, { condition: 'good', conditionReason: undefined });
    const details = { drive: nameDrive(this.#parts, bay.number), id };
    await catalog.actions.append({ at: clock.now(), event: 'cartridge.cleared', subject: barcode, details });
  }
}

function asExperience({ details }: ActionRecord): Experience {
  const { kind, drive, cartridge } = details;
  return { kind, drive, cartridge } as Experience;
}

/** Whether the drive was found guilty of what the cartridge met since it was brought there. */
export async function wasCleared(
  { id, barcode }: Pick<CartridgeRecord, 'id' | 'barcode'>,
  code: string,
  { actions }: Pick<Repositories, 'actions'>,
): Promise<boolean> {
  if (!mediumFailures.has(code)) return false;
  for (const action of await actions.list({ subject: barcode, limit: 20 })) {
    if (action.event === 'cartridge.cleared' && action.details['id'] === id) return true;
    if (action.event === 'cartridge.moved' && String(action.details['to']).startsWith('drive:')) return false;
  }
  return false;
}
