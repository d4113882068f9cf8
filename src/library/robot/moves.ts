import { GrandsireError } from '#src/base/errors';
import { describePlace } from '#src/library/library-address';
import { mailSlotsFull } from '#src/library/library-errors';
import type { LibraryOptions, MoveResult } from '#src/library/library-options';
import type { LibraryParts } from '#src/library/library-parts';
import { findDestination, findPlace } from '#src/library/robot/find-place';
import { putOut, takeIn } from '#src/library/robot/mail-slots';
import type { Place } from '#src/library/robot/numbered-element';

interface MoveParts extends Pick<LibraryParts, 'robot' | 'busy'> {
  readonly options: Pick<LibraryOptions, 'name' | 'catalog'>;
  /** After each move: whoever reads meanwhile sees how far it came. */
  readonly keepRecord: () => Promise<void>;
  /** Before something is taken out of a drive: what a cleaning cartridge did there is told now or never. */
  readonly leaveDrive: (number: number) => Promise<void>;
}

/** The moves that an operator asks for, by address and barcode. Whoever calls has the library to himself and has looked into it. */
export class Moves {
  readonly #parts: MoveParts;

  constructor(parts: MoveParts) {
    this.#parts = parts;
  }

  async move(from: string, to: string): Promise<MoveResult> {
    const { robot, options } = this.#parts;
    return await this.#carry(await findPlace(from, robot, options), findDestination(to, options));
  }

  async importAll(): Promise<readonly MoveResult[]> {
    const { robot } = this.#parts;
    const moved: MoveResult[] = [];
    for (const { number } of robot.of('mailSlot')) {
      moved.push(...(await takeIn(robot, { kind: 'mailSlot', number }, (place) => this.#home(place))));
    }
    return moved;
  }

  async exportCartridges(barcodes: readonly string[]): Promise<readonly MoveResult[]> {
    const { robot, options } = this.#parts;
    const moved: MoveResult[] = [];
    // All are found before the first is moved: a slip in the last one leaves everything where it is.
    const wanted: Place[] = [];
    for (const barcode of barcodes) wanted.push(await findPlace(barcode, robot, options));
    for (const [index, from] of wanted.entries()) {
      const put = await putOut(robot, (mail) => this.#carry(from, mail));
      if (!put) {
        throw mailSlotsFull(options.name, {
          out: moved.map(({ cartridge }) => cartridge),
          left: barcodes.slice(index),
        });
      }
      moved.push(put);
    }
    return moved;
  }

  async unload(driveNumber: number | undefined): Promise<readonly MoveResult[]> {
    const { robot, busy } = this.#parts;
    const moved: MoveResult[] = [];
    if (driveNumber !== undefined) robot.at({ kind: 'drive', number: driveNumber });
    for (const { number, full } of robot.of('drive')) {
      if (!full || busy.has(number) || (driveNumber !== undefined && number !== driveNumber)) continue;
      moved.push(await this.#home({ kind: 'drive', number }));
    }
    return moved;
  }

  #carry(from: Place, to: Place): Promise<MoveResult> {
    return this.#told(from, async () => {
      await this.#parts.robot.carry(from, to);
      return to;
    });
  }

  #home(from: Place): Promise<MoveResult> {
    return this.#told(from, () => this.#parts.robot.carryHome(from));
  }

  async #told(from: Place, carry: () => Promise<Place>): Promise<MoveResult> {
    const { robot, keepRecord, leaveDrive } = this.#parts;
    const cartridge = robot.at(from).barcode ?? describePlace(from);
    this.#requireIdle(from);
    if (from.kind === 'drive') await leaveDrive(from.number);
    const to = await carry();
    await keepRecord();
    return { cartridge, from: describePlace(from), to: describePlace(to) };
  }

  #requireIdle({ kind, number }: Place): void {
    const { busy, options } = this.#parts;
    if (kind !== 'drive' || !busy.has(number)) return;
    throw new GrandsireError('drive.busy', {
      message: `drive:${number} of library ${options.name} is being used by this command`,
      remedy: 'Wait until it has finished.',
    });
  }
}
