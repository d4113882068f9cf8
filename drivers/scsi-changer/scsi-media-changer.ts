import type { ChangerUnit, Request } from '#drivers/scsi-changer/changer-unit';
import { elementState } from '#drivers/scsi-changer/element-state';
import { moveOutcome } from '#drivers/scsi-changer/move-outcome';
import type { ElementReader } from '#drivers/scsi-changer/read-elements';
import { timeLimits } from '#drivers/scsi-changer/time-limits';
import type { ElementState, LibraryGeometry, MediaChanger, MoveOutcome } from '#src/device/media-changer';
import type { Cancellable, DeviceIdentity } from '#src/device/tape-drive';
import { type ElementAddress, elementAddress } from '#src/scsi/element-address';
import { encodeInitializeElementStatusCdb } from '#src/scsi/initialize-element-status';
import { encodeMoveMediumCdb } from '#src/scsi/move-medium';
import { encodePreventAllowCdb } from '#src/scsi/prevent-allow';
import { senseKey } from '#src/scsi/sense-key';

interface Parts {
  readonly unit: ChangerUnit;
  readonly reader: ElementReader;
  readonly identity: DeviceIdentity;
  readonly geometry: LibraryGeometry;
  readonly tellsDriveSerials: boolean;
}

/** An inventory that is disturbed so often is given as it is; whoever moves then meets `inventory-changed`. */
const maxReadings = 5;

/** `MediaChanger` over SMC-3. The law is on the interface. */
export class ScsiMediaChanger implements MediaChanger {
  readonly identity: DeviceIdentity;
  readonly geometry: LibraryGeometry;
  readonly tellsDriveSerials: boolean;
  readonly #unit: ChangerUnit;
  readonly #reader: ElementReader;

  constructor({ unit, reader, identity, geometry, tellsDriveSerials }: Parts) {
    this.#unit = unit;
    this.#reader = reader;
    this.identity = identity;
    this.geometry = geometry;
    this.tellsDriveSerials = tellsDriveSerials;
  }

  get address(): string {
    return this.#unit.transport.address;
  }

  async inventory(options: Cancellable = {}): Promise<readonly ElementState[]> {
    for (let repeat = 1; ; repeat++) {
      const before = this.#unit.changes;
      const elements = await this.#readAll(options);
      // Something was opened or moved between two element types: a cartridge may be missing, or in two places.
      if (this.#unit.changes === before || repeat >= maxReadings) return elements;
    }
  }

  async #readAll(options: Cancellable): Promise<readonly ElementState[]> {
    const { transport, slots, mailSlots, drives } = this.geometry;
    const elements = [
      ...(await this.#reader.read('transport', transport, options)),
      ...(await this.#reader.read('storage', slots, options)),
      ...(await this.#reader.read('importExport', mailSlots, options)),
      ...(await this.#reader.read('drive', drives, options)),
    ];
    return elements.map(elementState);
  }

  async rescan({ signal }: Cancellable = {}): Promise<void> {
    const request: Request = { cdb: encodeInitializeElementStatusCdb(), timeout: timeLimits.rescan, signal };
    const answer = await this.#unit.sendThrough(request);
    // Not every library has the command; those that have not, look by themselves when their door is closed.
    if (answer.kind === 'check' && answer.sense.key !== senseKey.illegalRequest)
      throw this.#unit.failure(request, answer.sense);
  }

  async move(from: ElementAddress, to: ElementAddress, { signal }: Cancellable = {}): Promise<MoveOutcome> {
    // 0: the library takes the transport element that it likes (SMC-3, MOVE MEDIUM).
    const cdb = encodeMoveMediumCdb({ transport: elementAddress(0), source: from, destination: to });
    const request: Request = { cdb, timeout: timeLimits.move, signal };
    const answer = await this.#unit.send(request);
    if (answer.kind === 'good') return { kind: 'moved' };
    const { first, count } = this.geometry.drives;
    const outcome = moveOutcome(answer.sense, { fromDrive: from >= first && from < first + count });
    if (outcome === undefined) throw this.#unit.failure(request, answer.sense);
    return outcome;
  }

  async preventRemoval(prevent: boolean, { signal }: Cancellable = {}): Promise<boolean> {
    const request: Request = { cdb: encodePreventAllowCdb({ prevent }), timeout: timeLimits.inquiry, signal };
    const answer = await this.#unit.sendThrough(request);
    if (answer.kind === 'good') return true;
    if (answer.sense.key === senseKey.illegalRequest) return false;
    throw this.#unit.failure(request, answer.sense);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#unit.transport[Symbol.asyncDispose]();
  }
}
