import { type Generation, generationFacts } from '#drivers/virtual/generation';
import type { CartridgeRecord, CartridgeSeat } from '#drivers/virtual/library-state';
import type { CartridgeInPlace, LibraryStore } from '#drivers/virtual/library-store';
import { type LogicalUnit, type Nexus, raise } from '#drivers/virtual/logical-unit';
import { primaryOperations } from '#drivers/virtual/primary-commands';
import { check, good, type Reply, sense } from '#drivers/virtual/reply';
import { DriveBay } from '#drivers/virtual/tape/drive-bay';
import { readAttribute } from '#drivers/virtual/tape/tape-attributes';
import { reportDensities } from '#drivers/virtual/tape/tape-densities';
import { TapeMedium } from '#drivers/virtual/tape/tape-medium';
import { TapeModes } from '#drivers/virtual/tape/tape-modes';
import { locateTape, readPosition, spaceTape } from '#drivers/virtual/tape/tape-motion';
import { TapeTelemetry, tapeAlert } from '#drivers/virtual/tape/tape-telemetry';
import {
  blockLimits,
  eraseTape,
  readTape,
  synchronise,
  writeFilemarks,
  writeTape,
} from '#drivers/virtual/tape/tape-transfer';
import type { DataPhase } from '#src/device/scsi-transport';
import { deviceType, type InquiryData } from '#src/scsi/inquiry';
import type { LoadUnloadCommand } from '#src/scsi/load-unload';
import type { OperationName } from '#src/scsi/operation-codes';
import type { ScsiCommand } from '#src/scsi/parse-cdb';
import { encodeBlockLimits } from '#src/scsi/read-block-limits';
import type { SenseFields } from '#src/scsi/sense';

const tapeOperations: readonly OperationName[] = [
  ...primaryOperations,
  'rewind',
  'readBlockLimits',
  'read6',
  'write6',
  'writeFilemarks6',
  'space6',
  'space16',
  'erase6',
  'loadUnload',
  'locate10',
  'locate16',
  'readPosition',
  'reportDensitySupport',
  'logSense',
  'readAttribute',
];

/** One tape drive of the library (SSC-5). */
export class TapeUnit implements LogicalUnit {
  readonly address: string;
  readonly maxTransferBytes = 0xff_ffff;
  readonly nexuses = new Set<Nexus>();
  readonly supported: ReadonlySet<OperationName> = new Set(tapeOperations);
  readonly #number: number;
  readonly #store: LibraryStore;
  readonly #bay: DriveBay;
  readonly #modes = new TapeModes();
  readonly #telemetry = new TapeTelemetry();
  #medium: TapeMedium | undefined;
  #seenRevision = 0;
  #seenContent = '';

  constructor(address: string, number: number, store: LibraryStore) {
    this.address = address;
    this.#number = number;
    this.#store = store;
    this.#bay = new DriveBay(store, number);
    this.#seenRevision = store.revision;
    this.#seenContent = this.#bay.fingerprint();
  }

  get serial(): string {
    return `${this.#store.state.serial}D${this.#number}`;
  }

  get inquiry(): InquiryData {
    const { vendor, driveProduct } = this.#store.settings;
    return {
      peripheralQualifier: 0,
      deviceType: deviceType.tape,
      removable: true,
      version: 0x07,
      vendor,
      product: driveProduct,
      revision: '0001',
      vendorSpecific: this.#generation,
      versionDescriptors: [],
    };
  }

  get isRemovalPrevented(): boolean {
    return [...this.nexuses].some(({ preventing }) => preventing);
  }

  /**
   * Another process, an operator or the robot changed what is in the drive, or wrote on it: what is known of the medium is
   * old, the position is the beginning, and everybody hears 28/00.
   */
  refresh(): void {
    this.#store.refresh();
    if (this.#seenRevision === this.#store.revision) return;
    this.#seenRevision = this.#store.revision;
    const content = this.#bay.fingerprint();
    if (content === this.#seenContent) return;
    this.#seenContent = content;
    this.#forgetMedium();
    this.#telemetry.newCartridge();
    if (!this.#notReady()) raise(this.nexuses, sense.notReadyToReady);
  }

  /** The robot puts a cartridge in: the drive takes it and threads it by itself, as LTO drives do. */
  receive(id: string, change: Partial<CartridgeRecord>): void {
    const record = this.#store.state.cartridges[id];
    if (!record) return;
    this.#store.changeCartridge(id, { ...change, ...this.#bay.thread({ id, record }) });
    this.#store.changeDrive(this.#number, { loads: this.#store.drive(this.#number).loads + 1 });
    this.refresh();
    this.#alertAboutCartridge();
  }

  perform(command: ScsiCommand, data: DataPhase, nexus: Nexus): Reply {
    switch (command.op) {
      case 'testUnitReady': {
        const condition = this.#notReady();
        return condition ? check(condition) : good();
      }
      case 'loadUnload':
        return this.#loadUnload(command, nexus);
      case 'preventAllow':
        nexus.preventing = command.prevent;
        return good();
      case 'readBlockLimits':
        return good(encodeBlockLimits(blockLimits));
      case 'modeSense6':
      case 'modeSense10':
        return this.#modes.sense(command, this.#modeMedium());
      case 'modeSelect6':
      case 'modeSelect10': {
        const { reply, changed } = this.#modes.select(command, data, this.#modeMedium());
        if (changed) {
          raise(this.nexuses, sense.modeParametersChanged, nexus);
          for (const each of this.nexuses) each.descriptorSense = this.#modes.descriptorSense;
        }
        return reply;
      }
      case 'logSense':
        return this.#telemetry.sense(command, {
          medium: this.#openMedium(),
          hasCartridge: this.#bay.content() !== undefined,
          preventing: this.isRemovalPrevented,
          cleaningRequired: this.#store.drive(this.#number).cleaningRequired,
          cleaningFailed: this.#bay.content()?.record.cleaningFailed === true,
        });
      case 'reportDensitySupport': {
        const medium = this.#openMedium();
        const capacityBytes = medium?.capacityBytes ?? this.#store.settings.cartridgeCapacityBytes;
        return reportDensities(command, { drive: this.#generation, medium: medium?.generation, capacityBytes });
      }
      default:
        return this.#performOnMedium(command, data);
    }
  }

  [Symbol.dispose](): void {
    this.#forgetMedium();
  }

  get #generation(): Generation {
    return this.#store.settings.generation;
  }

  /** After a change of this drive's own doing that nobody needs to hear of. */
  #settle(): void {
    if (this.#seenRevision === this.#store.revision) return;
    this.#seenRevision = this.#store.revision;
    this.#seenContent = this.#bay.fingerprint();
  }

  #notReady(): SenseFields | undefined {
    return this.#bay.notReady({ isOpen: this.#medium !== undefined });
  }

  #forgetMedium(): void {
    this.#medium?.[Symbol.dispose]();
    this.#medium = undefined;
  }

  #alertAboutCartridge(): void {
    const condition = this.#notReady();
    if (condition === sense.cleaningCartridgeInstalled) this.#telemetry.alert(tapeAlert.cleaningMedium);
    if (condition === sense.cleaningFailure) this.#telemetry.alert(tapeAlert.expiredCleaningMedium);
    if (condition === sense.incompatibleMedium) this.#telemetry.alert(tapeAlert.unsupportedFormat);
  }

  #openMedium(): TapeMedium | undefined {
    const content = this.#bay.content();
    if (!content || this.#notReady()) return undefined;
    if (!this.#medium) {
      const generation = this.#bay.generationOf(content);
      const canWrite = this.#bay.access(content) === 'read-write';
      this.#medium = new TapeMedium(this.#store, content.id, { generation, canWrite });
    }
    return this.#medium;
  }

  #modeMedium() {
    const medium = this.#openMedium();
    return {
      densityCode: generationFacts(medium?.generation ?? this.#generation).densityCode,
      writeProtected: medium?.writeProtected ?? false,
      worm: medium?.isWorm ?? false,
    };
  }

  /** LOAD UNLOAD (SSC-5 7.2). HOLD keeps the cartridge inside, not threaded. */
  #loadUnload({ load, hold }: LoadUnloadCommand, nexus: Nexus): Reply {
    const content = this.#bay.content();
    if (!content || this.#store.fileState(content.id) === 'missing') return check(sense.mediumNotPresent);
    return load ? this.#load(content, hold, nexus) : this.#unload(content, hold);
  }

  #load({ id, record }: CartridgeInPlace, hold: boolean, nexus: Nexus): Reply {
    if (hold) return this.#seat(id, record.seat === 'threaded' ? 'threaded' : 'held');
    if (record.seat === 'threaded') {
      const failure = this.#medium && synchronise(this.#medium, true);
      if (!failure) this.#medium?.image.locate(0);
      return failure ?? good();
    }
    this.#store.changeCartridge(id, this.#bay.thread({ id, record }));
    this.#settle();
    this.#forgetMedium();
    this.#telemetry.newCartridge();
    this.#alertAboutCartridge();
    const condition = this.#notReady();
    if (condition) return check(condition);
    raise(this.nexuses, sense.notReadyToReady, nexus);
    return good();
  }

  #unload({ id, record }: CartridgeInPlace, hold: boolean): Reply {
    if (this.isRemovalPrevented) {
      this.#telemetry.alert(tapeAlert.removalPrevented);
      return check(sense.removalPrevented);
    }
    const failure = this.#medium && synchronise(this.#medium, true);
    if (failure) return failure;
    this.#medium?.keepCounters();
    this.#forgetMedium();
    if (record.seat === 'ejected') return good();
    return this.#seat(id, hold ? 'held' : 'ejected');
  }

  #seat(id: string, seat: CartridgeSeat): Reply {
    this.#store.changeCartridge(id, { seat });
    this.#settle();
    return good();
  }

  #performOnMedium(command: ScsiCommand, data: DataPhase): Reply {
    const condition = this.#notReady();
    if (condition) return check(condition);
    let reply: Reply;
    try {
      const medium = this.#openMedium();
      reply = medium ? this.#onMedium(medium, command, data) : check(sense.mediumNotPresent);
    } catch {
      // The file system failed, or somebody changed the image behind the drive's back: to the host the medium is bad.
      this.#forgetMedium();
      reply = check(sense.unrecoveredReadError);
    }
    this.#watch(command, reply);
    this.#settle();
    return reply;
  }

  #onMedium(medium: TapeMedium, command: ScsiCommand, data: DataPhase): Reply {
    switch (command.op) {
      case 'write6':
        return writeTape(medium, command, data, this.#modes.transfer);
      case 'writeFilemarks6':
        return writeFilemarks(medium, command, this.#modes.transfer);
      case 'erase6':
        return eraseTape(medium, command);
      case 'readPosition':
        return readPosition(medium, command);
      case 'readAttribute':
        return readAttribute(medium, command);
    }
    // What moves the medium or reads it writes the buffer out first (SSC-5 4.2.10).
    const failure = synchronise(medium, true);
    if (failure) return failure;
    switch (command.op) {
      case 'read6':
        return readTape(medium, command, data, this.#modes.transfer);
      case 'rewind':
        medium.image.locate(0);
        return good();
      case 'space6':
      case 'space16':
        return spaceTape(medium, command);
      case 'locate10':
      case 'locate16':
        return locateTape(medium, command);
      default:
        return check(sense.internalTargetFailure);
    }
  }

  /** Counters and alerts that follow from how a command ended. */
  #watch({ op }: ScsiCommand, reply: Reply): void {
    const moved = reply.transferredBytes ?? 0;
    this.#telemetry.count(op === 'write6' ? { written: moved } : op === 'read6' ? { read: moved } : {});
    if (reply.status === 'good') return;
    const { key, asc } = reply.sense;
    if (key === 0x7) this.#telemetry.alert(asc === 0x27 ? tapeAlert.writeProtected : tapeAlert.wormOverwriteAttempted);
    if (key === 0x3) this.#telemetry.alert(asc === 0x0c ? tapeAlert.writeFailure : tapeAlert.readFailure);
  }
}
