import {
  addressOf,
  allElements,
  elementCount,
  findElement,
  firstAddress,
  type LibraryElement,
} from '#drivers/virtual/elements';
import {
  barcodeOf,
  type CartridgeRecord,
  formatPlace,
  type PlaceParts,
  parsePlace,
} from '#drivers/virtual/library-state';
import type { LibraryStore } from '#drivers/virtual/library-store';
import { type LogicalUnit, type Nexus, raise } from '#drivers/virtual/logical-unit';
import { answerModeSense, type KeptPage, readModeList } from '#drivers/virtual/mode-sense';
import { primaryOperations } from '#drivers/virtual/primary-commands';
import { check, good, invalidCdbField, invalidParameter, type Reply, sense } from '#drivers/virtual/reply';
import type { TapeUnit } from '#drivers/virtual/tape/tape-unit';
import type { DataPhase } from '#src/device/scsi-transport';
import {
  encodeChangerCapabilities,
  encodeElementAddressAssignment,
  encodeTransportGeometry,
} from '#src/scsi/changer-mode-pages';
import { elementAddress } from '#src/scsi/element-address';
import type { ElementStatus } from '#src/scsi/element-status';
import { encodeElementStatus } from '#src/scsi/encode-element-status';
import type { InitializeElementStatusWithRangeCommand } from '#src/scsi/initialize-element-status';
import { deviceType, type InquiryData } from '#src/scsi/inquiry';
import type { ModePage } from '#src/scsi/mode-parameters';
import type { MoveMediumCommand } from '#src/scsi/move-medium';
import type { OperationName } from '#src/scsi/operation-codes';
import type { ScsiCommand } from '#src/scsi/parse-cdb';
import type { ElementType, ReadElementStatusCommand } from '#src/scsi/read-element-status';
import { t10Designator } from '#src/scsi/vital-product-data';

/** MEDIUM TYPE of element descriptors (SMC-3). */
const mediumTypes = { data: 1, cleaning: 2, worm: 4 } as const;

/** VOLUME IDENTIFICATION could not be read: the exception that libraries with bar code readers report (SMC-3: vendor-specific). */
const labelUnreadable = { asc: 0x83, ascq: 0x02 } as const;

/** The robot (SMC-3). */
export class ChangerUnit implements LogicalUnit {
  readonly address: string;
  readonly maxTransferBytes = 0xff_ffff;
  readonly nexuses = new Set<Nexus>();
  readonly supported: ReadonlySet<OperationName> = new Set<OperationName>([
    ...primaryOperations,
    'initializeElementStatus',
    'initializeElementStatusWithRange',
    'moveMedium',
    'readElementStatus',
  ]);
  readonly #store: LibraryStore;
  readonly #drives: readonly TapeUnit[];
  #seenRevision: number;
  #seenMail: string;

  constructor(address: string, store: LibraryStore, drives: readonly TapeUnit[]) {
    this.address = address;
    this.#store = store;
    this.#drives = drives;
    this.#seenRevision = store.revision;
    this.#seenMail = this.#mail();
  }

  get serial(): string {
    return this.#store.state.serial;
  }

  get inquiry(): InquiryData {
    const { vendor, product } = this.#store.settings;
    return {
      peripheralQualifier: 0,
      deviceType: deviceType.changer,
      removable: true,
      version: 0x07,
      vendor,
      product,
      revision: '0001',
      vendorSpecific: '',
      versionDescriptors: [],
    };
  }

  /** What an operator put into a mail slot, or took out, is told as 28/01 (SMC-3, import or export element accessed). */
  refresh(): void {
    this.#store.refresh();
    if (this.#seenRevision === this.#store.revision) return;
    this.#seenRevision = this.#store.revision;
    const mail = this.#mail();
    if (mail !== this.#seenMail) raise(this.nexuses, sense.importExportAccessed);
    this.#seenMail = mail;
  }

  perform(command: ScsiCommand, data: DataPhase, nexus: Nexus): Reply {
    switch (command.op) {
      case 'testUnitReady':
        return good();
      case 'initializeElementStatus':
        return this.#look(() => true);
      case 'initializeElementStatusWithRange':
        return this.#lookAtRange(command);
      case 'readElementStatus':
        return this.#readElementStatus(command);
      case 'moveMedium':
        return this.#move(command);
      case 'preventAllow':
        nexus.preventing = command.prevent;
        return good();
      case 'modeSense6':
      case 'modeSense10':
        return answerModeSense(command, this.#pages(), {
          mediumType: 0,
          writeProtected: false,
          bufferedMode: 0,
          speed: 0,
          blockDescriptors: [],
        });
      case 'modeSelect6':
      case 'modeSelect10': {
        const list = readModeList(command, data);
        if (list.kind !== 'list') return list.kind === 'refused' ? list.reply : good();
        return list.parameters.pages.length === 0 ? good() : invalidParameter(list.headerBytes);
      }
      default:
        return check(sense.internalTargetFailure);
    }
  }

  /** Contents of the mail slots, in one text that differs when they do. */
  #mail(): string {
    const entries = Object.entries(this.#store.state.cartridges).filter(([, { place }]) => place.startsWith('mail:'));
    return entries
      .map(([id, { place }]) => `${place}=${id}`)
      .sort()
      .join(' ');
  }

  /** Takes a change of the robot's own doing as seen. */
  #settle(): void {
    this.#seenRevision = this.#store.revision;
    this.#seenMail = this.#mail();
    for (const drive of this.#drives) drive.refresh();
  }

  #look(inRange: (element: PlaceParts) => boolean): Reply {
    this.#store.rescan(inRange);
    this.#settle();
    return good();
  }

  /** SMC-3 6.5: without RANGE all elements; a number of 0 reaches to the last. */
  #lookAtRange({ range }: InitializeElementStatusWithRangeCommand): Reply {
    if (!range) return this.#look(() => true);
    if (!findElement(range.first, this.#store.settings)) return check(sense.invalidElementAddress);
    const last = range.count === 0 ? 0xffff : range.first + range.count - 1;
    return this.#look((element) => addressOf(element) >= range.first && addressOf(element) <= last);
  }

  #readElementStatus(command: ReadElementStatusCommand): Reply {
    const { type, first, count, volumeTags, deviceIdentifiers } = command;
    const contents = this.#store.contents();
    const elements = allElements(this.#store.settings)
      .filter((element) => element.address >= first && (type === undefined || element.type === type))
      .slice(0, count)
      .map((element) => {
        const content = element.place && contents.get(formatPlace(element.place));
        return this.#status(element, content);
      });
    // SMC-3 6.11: a starting address behind every element of the type is 21/01, an empty report otherwise.
    if (elements.length === 0 && count > 0 && !this.#hasElementsFrom(first, type))
      return check(sense.invalidElementAddress);
    return good(encodeElementStatus(elements, { volumeTags, deviceIdentifiers }));
  }

  #hasElementsFrom(first: number, type: ElementType | undefined): boolean {
    if (type !== undefined && elementCount(type, this.#store.settings) === 0) return true;
    return allElements(this.#store.settings).some(
      (element) => element.address >= first && (type === undefined || element.type === type),
    );
  }

  #status(
    element: LibraryElement,
    content: { readonly id: string; readonly record: CartridgeRecord } | undefined,
  ): ElementStatus {
    const { type, address, place } = element;
    const drive = place?.kind === 'drive' ? this.#drives[place.number - 1] : undefined;
    const barcode = content && barcodeOf(content.id, content.record);
    const isUnreadable = content !== undefined && barcode === undefined;
    const home = content?.record.home && parsePlace(content.record.home);
    return {
      type,
      address,
      full: content !== undefined,
      exception: isUnreadable,
      ...(isUnreadable ? labelUnreadable : { asc: 0, ascq: 0 }),
      accessible: type !== 'drive' || content === undefined || content.record.seat === 'ejected',
      ...(type === 'importExport'
        ? {
            placedByOperator: content !== undefined && content.record.putOut !== true,
            exportEnabled: true,
            importEnabled: true,
          }
        : {}),
      ...(home ? { source: addressOf(home) } : {}),
      mediumType: content ? mediumTypes[content.record.kind] : 0,
      ...(barcode === undefined ? {} : { primaryVolumeTag: { identifier: barcode, sequence: 0 } }),
      ...(drive ? { deviceIdentifier: t10Designator({ ...driveNames(drive), serial: drive.serial }) } : {}),
    };
  }

  /** SMC-3 6.6. Addresses first, then what lies there, then what holds it. */
  #move({ transport, source, destination, invert }: MoveMediumCommand): Reply {
    const { settings } = this.#store;
    const badAddress = (byte: number): Reply =>
      check({ ...sense.invalidElementAddress, specific: { kind: 'field-pointer', inCdb: true, byte } });
    if (transport !== 0 && transport !== firstAddress.transport) return badAddress(2);
    const from = findElement(source, settings)?.place;
    if (!from) return badAddress(4);
    const to = findElement(destination, settings)?.place;
    if (!to) return badAddress(6);
    if (invert) return invalidCdbField(10, 0);
    const content = this.#store.at(from);
    if (!content || this.#isGone(content.id, from)) return check(sense.sourceEmpty);
    if (source !== destination && this.#store.at(to)) return check(sense.destinationFull);
    const holder = from.kind === 'drive' ? this.#drives[from.number - 1] : undefined;
    if (holder && content.record.seat !== 'ejected') {
      return check(holder.isRemovalPrevented ? sense.removalPrevented : sense.sourceNotUnloaded);
    }
    const prevented = [...this.nexuses].some(({ preventing }) => preventing);
    if (to.kind === 'mail' && prevented) return check(sense.removalPrevented);
    if (source !== destination) this.#carry(content, from, to);
    return good();
  }

  #carry(
    { id, record }: { readonly id: string; readonly record: CartridgeRecord },
    from: PlaceParts,
    to: PlaceParts,
  ): void {
    // SVALID names the storage element that it came from last; a drive is not one (SMC-3, SOURCE STORAGE ELEMENT ADDRESS).
    const home = from.kind === 'drive' ? record.home : formatPlace(from);
    const change = {
      place: formatPlace(to),
      seat: undefined,
      cleaningFailed: undefined,
      putOut: to.kind === 'mail' ? true : undefined,
      home,
    };
    const drive = to.kind === 'drive' ? this.#drives[to.number - 1] : undefined;
    if (drive) drive.receive(id, change);
    else this.#store.changeCartridge(id, change);
    this.#settle();
  }

  /** The robot finds nothing where the cartridge should be: its file vanished. The inventory is corrected at once. */
  #isGone(id: string, from: PlaceParts): boolean {
    if (this.#store.fileState(id) !== 'missing') return false;
    this.#look((element) => element.kind === from.kind && element.number === from.number);
    return true;
  }

  #pages(): readonly KeptPage[] {
    const { settings } = this.#store;
    const assignment = (type: ElementType) => ({
      first: elementAddress(elementCount(type, settings) === 0 ? 0 : firstAddress[type]),
      count: elementCount(type, settings),
    });
    const none = { transport: false, storage: false, importExport: false, drive: false };
    const places = { transport: false, storage: true, importExport: true, drive: true };
    const pages: ModePage[] = [
      encodeElementAddressAssignment({
        transport: assignment('transport'),
        storage: assignment('storage'),
        importExport: assignment('importExport'),
        drive: assignment('drive'),
      }),
      encodeTransportGeometry([{ canInvert: false, member: 0 }]),
      encodeChangerCapabilities({
        canStore: places,
        move: { transport: none, storage: places, importExport: places, drive: places },
        exchange: { transport: none, storage: none, importExport: none, drive: none },
      }),
    ];
    return pages.map((page) => ({ current: page, default: page, changeable: new Uint8Array(page.body.length) }));
  }
}

const driveNames = ({ inquiry: { vendor, product } }: TapeUnit) => ({ vendor, product });
