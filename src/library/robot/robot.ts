import { GrandsireError } from '#src/base/errors';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { ElementKind, MoveOutcome } from '#src/device/media-changer';
import type { Cancellable } from '#src/device/tape-drive';
import { describePlace } from '#src/library/library-address';
import { noSuchPlace } from '#src/library/library-errors';
import type { LibraryOptions } from '#src/library/library-options';
import { type MoveRefusal, moveFailed, moveRefused } from '#src/library/robot/move-errors';
import { addressOfNumber, type NumberedElement, numberElements, type Place } from '#src/library/robot/numbered-element';
import { reconcileInventory } from '#src/library/robot/reconcile';
import type { Location } from '#src/media/facets';

type RobotOptions = Pick<LibraryOptions, 'name' | 'libraries' | 'changer' | 'catalog' | 'clock' | 'warn' | 'newPool'>;

/** How often a move is begun anew after the library said that something was changed by hand. */
const maxAttempts = 3;

/**
 * What lies where, and moving it. Every move is in the append-only log before it is made and after; the catalog follows each move, and an
 * inventory follows whatever went wrong. Whoever calls holds the library's lease.
 */
export class Robot {
  readonly #options: RobotOptions;
  /** Has a drive let go of its cartridge, before the robot takes it. */
  readonly #letGo: (drive: number) => Promise<void>;
  #elements: readonly NumberedElement[] = [];

  constructor(options: RobotOptions, letGo: (drive: number) => Promise<void>) {
    this.#options = options;
    this.#letGo = letGo;
  }

  /** As of the last look, and the moves since. */
  get elements(): readonly NumberedElement[] {
    return this.#elements;
  }

  of(kind: ElementKind): readonly NumberedElement[] {
    return this.#elements.filter((element) => element.kind === kind);
  }

  /** Throws `library.no-such-place`. */
  at({ kind, number }: Place): NumberedElement {
    const found = this.#elements.find((element) => element.kind === kind && element.number === number);
    if (found) return found;
    throw noSuchPlace(this.#options.name, { kind, number });
  }

  /** Reads the inventory and reconciles the catalog with it. */
  async look(options: Cancellable = {}): Promise<void> {
    const { changer, catalog, clock, name: library, libraries, newPool, warn } = this.#options;
    this.#elements = numberElements(changer.geometry, await changer.inventory(options));
    const { findings } = await catalog.transaction(async ({ cartridges, volumes, actions }) => {
      const known = await cartridges.list();
      const labelled = new Set((await volumes.current()).map(({ cartridge }) => cartridge));
      const now = clock.now();
      const elements = this.#elements;
      const isUnreported = ({ kind, number }: Place): boolean =>
        addressOfNumber(changer.geometry, kind, number) !== undefined &&
        !elements.some((element) => element.kind === kind && element.number === number);
      const result = reconcileInventory({ library, libraries, elements, isUnreported, known, labelled, now, newPool });
      for (const { id, changes } of result.update) await cartridges.update(id, changes);
      for (const record of result.add) await cartridges.add(record);
      for (const { id, into, barcode } of result.merge) {
        await cartridges.merge(id, into);
        await actions.append({ at: now, event: 'cartridge.merged', subject: barcode, details: { library, id, into } });
      }
      return result;
    });
    for (const finding of findings) warn(finding);
  }

  /** Throws `library.place-empty`, `library.place-full`, `library.contents-changed`, and what the hardware reports. */
  async carry(from: Place, to: Place): Promise<void> {
    const { barcode } = this.at(from);
    let refusal: MoveRefusal = 'inventory-changed';
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      this.#requireMovable(from, to, barcode);
      if (from.kind === 'drive') await this.#letGo(from.number);
      const { kind } = await this.#move(from, to);
      if (kind === 'moved') return await this.#moved(from, to);
      refusal = kind;
      // What it says of its places contradicts what it said before: look, then decide again.
      await this.look();
    }
    throw moveRefused(this.#options.name, { what: barcode, from, to, refusal });
  }

  /** Where a cartridge that leaves a drive goes: its own slot if free, else whence the robot took it, else the first free one. */
  async carryHome(from: Place): Promise<Place> {
    for (let attempt = 1; ; attempt++) {
      const home = await this.#homeOf(from);
      try {
        await this.carry(from, home);
        return home;
      } catch (cause) {
        // Somebody put another cartridge there in the meantime: there may be another free slot.
        const isTaken = cause instanceof GrandsireError && cause.code === 'library.place-full';
        if (!isTaken || attempt >= maxAttempts) throw cause;
      }
    }
  }

  /** Puts down what a move that was cut off left in the hand of the robot: at home, or where no slot is free in a mail slot. */
  async emptyHand(number: number): Promise<Place> {
    const hand = { kind: 'transport', number } as const;
    try {
      return await this.carryHome(hand);
    } catch (cause) {
      const free = this.of('mailSlot').find(({ full }) => !full);
      if (!(cause instanceof GrandsireError) || cause.code !== 'library.no-free-slot' || !free) throw cause;
      const mail = { kind: 'mailSlot', number: free.number } as const;
      await this.carry(hand, mail);
      const message = `${cause.message}: it was put into ${describePlace(mail)}`;
      this.#options.warn({ code: cause.code, subject: this.#options.name, message });
      return mail;
    }
  }

  async #homeOf(from: Place): Promise<Place> {
    const source = this.at(from);
    const record = await this.recordAt(source);
    const isFree = (number: number | undefined) =>
      number !== undefined && this.of('slot').some((slot) => slot.number === number && !slot.full);
    const number =
      [record?.homeSlot, source.sourceSlot].find(isFree) ?? this.of('slot').find(({ full }) => !full)?.number;
    if (number !== undefined) return { kind: 'slot', number };
    const { name } = this.#options;
    const where = from.kind === 'transport' ? 'in the hand of the robot' : `in ${describePlace(from)}`;
    throw new GrandsireError('library.no-free-slot', {
      message: `library ${name} has no free slot for ${source.barcode ?? 'what is'} ${where}`,
      // With its hand full a robot puts nothing out.
      remedy:
        from.kind === 'transport'
          ? 'Take a cartridge out of the library by hand, then run `grandsire library inventory`.'
          : 'Put a cartridge out with `grandsire library export BARCODE`, then run the command again.',
    });
  }

  /** The catalog's record of what lies in an element. */
  async recordAt({ kind, number, barcode }: NumberedElement): Promise<CartridgeRecord | undefined> {
    const { catalog, name: library } = this.#options;
    const records = await catalog.cartridges.list({ library });
    return records.find(({ location, barcode: known }) => {
      if (barcode !== undefined && known !== barcode) return false;
      if (kind === 'transport') return location.kind === 'transit' && barcode !== undefined;
      return location.kind === kind && location.number === number;
    });
  }

  #requireMovable(from: Place, to: Place, barcode: string | undefined): void {
    const [source, destination] = [this.at(from), this.at(to)];
    const [fromText, toText] = [describePlace(from), describePlace(to)];
    if (!source.full) {
      const remedy = 'Name a place that holds one, or a barcode: `grandsire library status` shows what lies where.';
      throw new GrandsireError('library.place-empty', { message: `there is no cartridge in ${fromText}`, remedy });
    }
    if (source.barcode !== barcode) {
      const remedy = 'Run `grandsire library inventory`, then the command again.';
      const message = `${source.barcode ?? 'a cartridge without barcode'} is in ${fromText} where ${barcode ?? 'another'} was: somebody changed the library`;
      throw new GrandsireError('library.contents-changed', { message, remedy });
    }
    if (destination.full) {
      const remedy = 'Name a free place: `grandsire library status` shows them.';
      const holds = destination.barcode ? ` (${destination.barcode})` : '';
      throw new GrandsireError('library.place-full', { message: `${toText} is not free${holds}`, remedy });
    }
  }

  async #move(from: Place, to: Place): Promise<MoveOutcome> {
    const { changer } = this.#options;
    const what = this.at(from).barcode;
    await this.#record('cartridge.moving', from, to);
    try {
      const outcome = await changer.move(this.at(from).address, this.#address(to));
      if (outcome.kind !== 'moved') await this.#record('cartridge.move-refused', from, to, { outcome: outcome.kind });
      return outcome;
    } catch (cause) {
      await this.#record('cartridge.move-failed', from, to, { message: String(cause) });
      // The place of the cartridge is what the library says now; if it says nothing, what was known stays, and the next look tells.
      const hasLooked = await this.look().then(
        () => true,
        (failure: unknown) => {
          const message = failure instanceof Error ? failure.message : String(failure);
          this.#options.warn({ code: 'library.inventory-failed', subject: this.#options.name, message });
          return false;
        },
      );
      throw moveFailed(cause, { what, from, elements: hasLooked ? this.#elements : undefined });
    }
  }

  async #moved(from: Place, to: Place): Promise<void> {
    const { catalog, clock, name: library } = this.#options;
    const source = this.at(from);
    const record = await this.recordAt(source);
    await this.#record('cartridge.moved', from, to);
    const sourceSlot = from.kind === 'slot' ? from.number : source.sourceSlot;
    this.#elements = this.#elements.map((element) => {
      if (element === source)
        return {
          kind: element.kind,
          number: element.number,
          address: element.address,
          full: false,
          accessible: true,
          ...(element.driveSerial === undefined ? {} : { driveSerial: element.driveSerial }),
        };
      if (element.kind !== to.kind || element.number !== to.number) return element;
      return { ...element, full: true, barcode: source.barcode, sourceSlot };
    });
    if (!record) return;
    const location: Location =
      to.kind === 'transport' ? { kind: 'transit' } : { kind: to.kind, library, number: to.number };
    const homeSlot = to.kind === 'slot' ? to.number : record.homeSlot;
    await catalog.cartridges.update(record.id, { location, homeSlot, lastSeen: location, lastSeenAt: clock.now() });
  }

  async #record(event: string, from: Place, to: Place, more: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const { catalog, clock, name: library } = this.#options;
    const subject = this.at(from).barcode ?? `${library}/${describePlace(from)}`;
    const details = { library, from: describePlace(from), to: describePlace(to), ...more };
    await catalog.actions.append({ at: clock.now(), event, subject, details });
  }

  #address({ kind, number }: Place) {
    return addressOfNumber(this.#options.changer.geometry, kind, number) ?? this.at({ kind, number }).address;
  }
}
