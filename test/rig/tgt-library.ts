import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { toolPath } from '#test/rig/rig-tools';
import { findTgtDaemon, startTgtDaemon, type TgtDaemon } from '#test/rig/tgt-daemon';

const run = promisify(execFile);

export interface TgtLibraryOptions {
  /** For cartridges, logs and the control socket; a temporary one unless told, which goes when the library is disposed. */
  readonly folder?: string;
  /** On loopback; a free one unless told. Kept when it is started again. */
  readonly port?: number;
  readonly drives?: number;
  readonly slots?: number;
  readonly mailSlots?: number;
  /** In slots 1, 2, …; at most ten characters each. */
  readonly cartridges?: readonly string[];
  /** Of each cartridge. Its end is only announced: every write behind it has the EOM bit and is carried out. */
  readonly capacityMiB?: number;
  /** What initiators have to answer; `mutual`: what they may ask of the target in turn. */
  readonly chap?: ChapAccount & { readonly mutual?: ChapAccount };
  /** Keys of RFC 7143 that the target is to negotiate by: `HeaderDigest: 'CRC32C'`. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Runs on when the process that started it has ended. */
  readonly detached?: boolean;
}

interface ChapAccount {
  readonly user: string;
  readonly secret: string;
}

type Settings = Omit<Required<TgtLibraryOptions>, 'chap' | 'cartridges'> & Pick<TgtLibraryOptions, 'chap'>;

/** What is written down in the folder, for the process that comes after. */
interface LibraryRecord {
  readonly pid: number;
  readonly settings: Settings;
  /** Element address and barcode. */
  readonly contents: readonly (readonly [number, string])[];
}

const first = { robot: 1, drive: 256, mailSlot: 768, slot: 1024 } as const;
const elementType = { robot: 1, slot: 2, mailSlot: 3, drive: 4 } as const;
const recordName = 'rig.json';
const targetId = '1';

/**
 * A tape library that is not ours: Debian's `tgtd` with a medium changer, drives, slots and bar-coded cartridges, over iSCSI on
 * loopback. LUN 0 is tgt's own controller, the drives are LUN 1, 2, …, the changer comes after them.
 *
 * READ ELEMENT STATUS for element type 0 (all) must never be sent to it: it writes beyond its heap.
 */
export class TgtLibrary implements AsyncDisposable {
  readonly target = 'iqn.2026-11.example:library';
  readonly #settings: Settings;
  readonly #isTemporary: boolean;
  /** Element address → barcode of what lies in slots and mail slots, as far as it came to our knowledge. */
  #contents: Map<number, string>;
  #daemon: TgtDaemon | undefined;

  private constructor(settings: Settings, contents: ReadonlyMap<number, string>, isTemporary: boolean) {
    this.#settings = settings;
    this.#contents = new Map(contents);
    this.#isTemporary = isTemporary;
  }

  static async start({ cartridges = [], chap, ...options }: TgtLibraryOptions = {}): Promise<TgtLibrary> {
    const folder = resolve(options.folder ?? mkdtempSync(join(tmpdir(), 'grandsire-tgt-')));
    const settings = {
      ...{ port: 0, drives: 2, slots: 10, mailSlots: 2, capacityMiB: 64, parameters: {}, detached: false },
      ...options,
      ...(chap ? { chap } : {}),
      folder,
    };
    const contents = cartridges.map((barcode, index) => [first.slot + index, barcode] as const);
    const library = new TgtLibrary(settings, new Map(contents), options.folder === undefined);
    try {
      await library.start();
    } catch (error) {
      await library[Symbol.asyncDispose]();
      throw error;
    }
    return library;
  }

  /** The library that another process left in a folder, running or not; undefined where there is none. */
  static find(folder: string): TgtLibrary | undefined {
    const path = join(resolve(folder), recordName);
    if (!existsSync(path)) return undefined;
    const { pid, settings, contents }: LibraryRecord = JSON.parse(readFileSync(path, 'utf8'));
    const library = new TgtLibrary(settings, new Map(contents), false);
    library.#daemon = findTgtDaemon(settings.folder, { pid, port: settings.port });
    return library;
  }

  get folder(): string {
    return this.#settings.folder;
  }

  get port(): number {
    return this.#daemon?.port ?? this.#settings.port;
  }

  get portal(): string {
    return `127.0.0.1:${this.port}`;
  }

  get driveLuns(): readonly number[] {
    return Array.from({ length: this.#settings.drives }, (_, index) => index + 1);
  }

  get changerLun(): number {
    return this.#settings.drives + 1;
  }

  get isRunning(): boolean {
    return this.#daemon !== undefined;
  }

  /** Element addresses, numbers from 1. */
  drive = (number: number): number => first.drive + number - 1;
  slot = (number: number): number => first.slot + number - 1;
  mailSlot = (number: number): number => first.mailSlot + number - 1;

  /** Starts it again after `stop` or `kill`: on the same port, with the data that were written. */
  async start(): Promise<void> {
    if (this.#daemon) return;
    const { folder, port, detached } = this.#settings;
    mkdirSync(this.#mediaFolder, { recursive: true });
    this.#daemon = await startTgtDaemon({ folder, detached, port });
    Object.assign(this.#settings, { port: this.#daemon.port });
    await this.#administer('target', 'new', { '--targetname': this.target });
    await this.#requireChap();
    for (const [name, value] of Object.entries(this.#settings.parameters)) await this.setParameter(name, value);
    for (const lun of this.driveLuns) await this.#createDrive(lun);
    await this.#createChanger();
    for (const [address, barcode] of this.#contents) await this.put(barcode, address);
    await this.#administer('target', 'bind', { '--initiator-address': 'ALL' });
    this.#record();
  }

  /** Shut down in order. */
  async stop(): Promise<void> {
    await this.#daemon?.end();
    this.#daemon = undefined;
  }

  /** The plug is pulled. */
  async kill(): Promise<void> {
    await this.#daemon?.kill();
    this.#daemon = undefined;
  }

  /** Puts a cartridge into a slot or mail slot by hand; it is made, blank, where there is none of this barcode. */
  async put(barcode: string, address: number): Promise<void> {
    if (barcode.length > 10) throw new RangeError(`tgt keeps ten characters of a barcode, not ${barcode}`);
    await this.#createCartridge(barcode, this.#settings.capacityMiB);
    const changes = { element_type: typeAt(address), address, barcode, sides: 1 };
    await this.#update(this.changerLun, changes);
    this.#contents.set(address, barcode);
    this.#record();
  }

  /** Takes out by hand what lies in a slot or mail slot. What is on it stays, for when it is put in again. */
  async take(address: number): Promise<void> {
    await this.#update(this.changerLun, { element_type: typeAt(address), address, clear_slot: 1 });
    this.#contents.delete(address);
    this.#record();
  }

  /**
   * What initiators moved is known to tgt alone, and forgotten when it ends: tell it here (element address and barcode) before it is
   * to start again with it. What lay in a drive comes up in a free slot, as tgt begins with empty drives.
   */
  remember(elements: Iterable<readonly [address: number, barcode: string]>): void {
    const all = [...elements];
    this.#contents = new Map(all.filter(([address]) => typeAt(address) !== elementType.drive));
    for (const [, barcode] of all.filter(([address]) => typeAt(address) === elementType.drive)) {
      let address: number = first.slot;
      while (this.#contents.has(address)) address += 1;
      this.#contents.set(address, barcode);
    }
  }

  /** A key of RFC 7143 for the logins to come. */
  async setParameter(name: string, value: string): Promise<void> {
    await this.#administer('target', 'update', { '--name': name, '--value': value });
  }

  /** Removes the folder where it was a temporary one. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    if (this.#isTemporary) rmSync(this.folder, { recursive: true, force: true });
  }

  get #mediaFolder(): string {
    return join(this.folder, 'media');
  }

  async #createDrive(lun: number): Promise<void> {
    // A drive is made around a cartridge; it is put off line again, which is what empty means here.
    await this.#createCartridge('.blank', 1);
    const backing = join(this.#mediaFolder, '.blank');
    await this.#administer('logicalunit', 'new', { '--lun': lun, '--device-type': 'tape', '--backing-store': backing });
    const names = { vendor_id: 'IBM', product_id: 'ULT3580-TD8', product_rev: 'tgt1' };
    await this.#update(lun, { ...names, scsi_sn: `DRV${String(lun).padStart(7, '0')}`, removable: 1, online: 0 });
  }

  async #createChanger(): Promise<void> {
    const { drives, slots, mailSlots } = this.#settings;
    const [lun, backing] = [this.changerLun, join(this.folder, 'changer')];
    writeFileSync(backing, new Uint8Array(1024));
    await this.#administer('logicalunit', 'new', {
      '--lun': lun,
      '--device-type': 'changer',
      '--backing-store': backing,
    });
    const names = { vendor_id: 'STK', product_id: 'L700', product_rev: '0001', scsi_sn: 'LIB0000001' };
    await this.#update(lun, { ...names, removable: 1 });
    await this.#update(lun, { media_home: this.#mediaFolder });
    const ranges = { robot: 1, drive: drives, slot: slots, mailSlot: mailSlots };
    for (const kind of ['robot', 'drive', 'slot', 'mailSlot'] as const) {
      if (ranges[kind] === 0) continue;
      const range = { start_address: first[kind], quantity: ranges[kind] };
      await this.#update(lun, { element_type: elementType[kind], ...range });
    }
    for (const drive of this.driveLuns) {
      const unit = { address: this.drive(drive), tid: targetId, lun: drive };
      await this.#update(lun, { element_type: elementType.drive, ...unit });
    }
  }

  async #createCartridge(barcode: string, capacityMiB: number): Promise<void> {
    const file = join(this.#mediaFolder, barcode);
    if (existsSync(file)) return;
    if (file.length > 127) throw new RangeError(`tgt takes no path as long as ${file}`);
    const kind = ['--device-type', 'tape', '--type', 'data', '--thin-provisioning'];
    const medium = ['--barcode', barcode, '--size', String(capacityMiB), '--file', file];
    await run(toolPath('tgtimg'), ['--op', 'new', ...kind, ...medium]);
  }

  async #requireChap(): Promise<void> {
    const { chap } = this.#settings;
    const accounts = [
      ...(chap ? [{ ...chap, outgoing: false }] : []),
      ...(chap?.mutual ? [{ ...chap.mutual, outgoing: true }] : []),
    ];
    for (const { user, secret, outgoing } of accounts) {
      const account = ['--mode', 'account', '--user', user];
      await this.#running.administer(...account, '--op', 'new', '--password', secret);
      await this.#running.administer(
        ...account,
        '--op',
        'bind',
        '--tid',
        targetId,
        ...(outgoing ? ['--outgoing'] : []),
      );
    }
  }

  async #update(lun: number, changes: Readonly<Record<string, string | number>>): Promise<void> {
    const parameters = Object.entries(changes).map(([name, value]) => `${name}=${value}`);
    await this.#administer('logicalunit', 'update', { '--lun': lun, '--params': parameters.join(',') });
  }

  async #administer(
    mode: string,
    operation: string,
    options: Readonly<Record<string, string | number>>,
  ): Promise<void> {
    const what = ['--mode', mode, '--op', operation, '--tid', targetId];
    await this.#running.administer(
      ...what,
      ...Object.entries(options).flatMap(([name, value]) => [name, String(value)]),
    );
  }

  get #running(): TgtDaemon {
    if (!this.#daemon) throw new RangeError('the library does not run');
    return this.#daemon;
  }

  #record(): void {
    const record: LibraryRecord = { pid: this.#running.pid, settings: this.#settings, contents: [...this.#contents] };
    writeFileSync(join(this.folder, recordName), JSON.stringify(record));
  }
}

const typeAt = (address: number): number =>
  address >= first.slot ? elementType.slot : address >= first.mailSlot ? elementType.mailSlot : elementType.drive;
