import { ChangerUnit } from '#drivers/virtual/changer-unit';
import type { VirtualLibrarySettings } from '#drivers/virtual/config';
import { LibraryStore } from '#drivers/virtual/library-store';
import type { LogicalUnit } from '#drivers/virtual/logical-unit';
import { TapeUnit } from '#drivers/virtual/tape/tape-unit';
import { VirtualTransport } from '#drivers/virtual/transport';
import { DeviceError } from '#src/base/errors';
import type { FoundUnit, UnitSource } from '#src/device/driver';
import type { ScsiTransport } from '#src/device/scsi-transport';

/** The devices of one library folder: the changer is LUN 0, drive n is LUN n. */
export class VirtualUnitSource implements UnitSource {
  readonly #drives: readonly TapeUnit[];
  readonly #units: ReadonlyMap<string, LogicalUnit>;
  readonly #found: readonly FoundUnit[];

  constructor(settings: VirtualLibrarySettings) {
    const store = LibraryStore.open(settings);
    const name = `virtual:${settings.path}`;
    const numbers = Array.from({ length: settings.drives }, (_, index) => index + 1);
    this.#drives = numbers.map((number) => new TapeUnit(`${name} drive ${number}`, number, store));
    const changer = new ChangerUnit(`${name} changer`, store, this.#drives);
    this.#units = new Map([changer, ...this.#drives].map((unit) => [unit.address, unit]));
    this.#found = [...this.#units.values()].map(({ address, inquiry: { deviceType } }) => ({
      kind: address === changer.address ? 'changer' : 'tape',
      address,
      deviceType,
    }));
  }

  async discover(): Promise<readonly FoundUnit[]> {
    return this.#found;
  }

  async open({ address }: FoundUnit): Promise<ScsiTransport> {
    const unit = this.#units.get(address);
    if (unit) return new VirtualTransport(unit, this.#units.size);
    throw new DeviceError('device.unreachable', {
      message: `There is no ${address} in this virtual library.`,
      remedy: 'Run `grandsire library inventory` to see what it has.',
      usable: false,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const drive of this.#drives) drive[Symbol.dispose]();
  }
}
