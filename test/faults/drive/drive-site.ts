import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Alarm } from '#src/base/alarm';
import { type Instant, ManualClock } from '#src/base/clock';
import type { TimeZone } from '#src/base/time-zone';
import type { FoundUnit } from '#src/device/driver';
import type { ScsiTransport } from '#src/device/scsi-transport';
import { invoke } from '#test/cli/invoke';
import type { Scenario } from '#test/faults/scenario';
import { createFaultyTransport, createTracingTransport, type Fault } from '#test/support/faulty-transport';
import { Installation } from '#test/support/installation';
import { lessenDrive } from '#test/support/lesser-drive';
import { memoryFolder } from '#test/support/memory-folder';
import { compareTrees } from '#test/support/trees';

/** The cartridge that holds the data set of the day before, which is protected. */
export const protectedCartridge = 'G00001L9';

export interface CommandSurroundings {
  /** What goes wrong at the first drive. */
  readonly faults?: readonly Fault[];
  /** Of the watchdogs; none rings unless told. */
  readonly alarm?: Alarm;
  /** Between the faults and the drive. */
  readonly interpose?: (transport: ScsiTransport) => ScsiTransport;
  /** A drive that does not know where the medium stands. */
  readonly lesser?: boolean;
}

export interface Ran {
  readonly exitCode: number;
  readonly json: Readonly<Record<string, unknown>>;
  /** Every message and remedy. */
  readonly said: readonly string[];
  /** Every code, of failures and of warnings, in order. */
  readonly codes: readonly string[];
  /** Operation codes that the drives were sent. */
  readonly sent: readonly number[];
  readonly moves: number;
  readonly waitedMs: number;
  /** How often each fault hit. */
  readonly hits: readonly number[];
}

/** Blocks of this size: several of them in a segment of a megabyte. */
const transferBytes = 128 * 1024;
/** More commands to a drive, or moves, than any command here needs when it begins again as often as it may. */
const mostCommands = 2000;
const mostMoves = 40;
/** Loading is waited for two and a half hours, at most three times over. */
const mostWaitedMs = 8 * 3_600_000;

/**
 * One drive, or more; a cartridge that holds a protected data set; blank ones; and a second data set that is complete and staged. Made once, and copied for each thing that goes wrong.
 */
export class DriveTemplate implements AsyncDisposable {
  readonly source: string;
  /** Of both data sets: protected on a cartridge, and staged. */
  readonly written: string;
  readonly staged: string;
  readonly #installation: Installation;
  readonly #usual = new Map<string, number>();

  private constructor(installation: Installation, [written, staged]: readonly [string, string]) {
    this.#installation = installation;
    this.source = installation.source;
    this.written = written;
    this.staged = staged;
  }

  static async create(drives = 1): Promise<DriveTemplate> {
    const installation = await Installation.create({
      drives,
      slots: 6,
      cartridges: [protectedCartridge, 'G00002L9', 'G00003L9', 'G00004L9'],
      devices: { interpose: (transport) => withSmallBlocks(transport) },
    });
    for (const [name, bytes] of Object.entries({ a: 600_000, b: 500_000, c: 300_000 }))
      writeFileSync(join(installation.source, name), randomBytes(bytes));
    const run = async (...options: string[]): Promise<string> => {
      const { exitCode, stdout } = await installation.command('backup', 'run', 'home', '--json', ...options);
      assert.equal(exitCode, 0, stdout);
      return JSON.parse(stdout).dataSet;
    };
    const written = await run();
    installation.clock.set((installation.clock.now() + 86_400_000) as Instant);
    return new DriveTemplate(installation, [written, await run('--stage-only', '--level', 'full')]);
  }

  /** How many commands the drive is sent where nothing goes wrong. */
  async usual(command: (site: DriveSite) => readonly string[], surroundings: CommandSurroundings): Promise<number> {
    const key = `${command.name} ${surroundings.lesser}`;
    const known = this.#usual.get(key);
    if (known !== undefined) return known;
    using site = this.copy();
    const { sent, exitCode, said } = await site.command(command(site), surroundings);
    assert.equal(exitCode, 0, said.join('\n'));
    this.#usual.set(key, sent.length);
    return sent.length;
  }

  /** In memory: nothing here is about what a disk keeps, and hundreds of copies are made. */
  copy(): DriveSite {
    const folder = mkdtempSync(join(memoryFolder(), 'grandsire-faults-'));
    for (const name of ['state', 'staging'])
      cpSync(join(this.#installation.folder, name), join(folder, name), { recursive: true });
    cpSync(this.#installation.device.path, join(folder, 'library'), { recursive: true });
    const settings = readFileSync(join(this.#installation.folder, 'grandsire.yaml'), 'utf8');
    const path = join(folder, 'library');
    writeFileSync(join(folder, 'grandsire.yaml'), settings.replace(this.#installation.device.path, path));
    return new DriveSite(this, folder, this.#installation.clock.now());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#installation[Symbol.asyncDispose]();
  }
}

/** A copy of the template, on which something goes wrong. */
export class DriveSite implements Disposable {
  readonly folder: string;
  readonly template: DriveTemplate;
  readonly clock: ManualClock;
  readonly #protected: Buffer;
  #restores = 0;

  constructor(template: DriveTemplate, folder: string, now: Instant) {
    this.template = template;
    this.folder = folder;
    this.clock = new ManualClock(now);
    this.#protected = readFileSync(this.image(protectedCartridge));
  }

  passDays(days: number): void {
    this.clock.set((this.clock.now() + days * 86_400_000) as Instant);
  }

  image(barcode: string): string {
    return join(this.folder, 'library', 'cartridges', `${barcode}.tap`);
  }

  /** Runs a command and asserts that it came to an end by itself. */
  async command(argv: readonly string[], surroundings: CommandSurroundings = {}): Promise<Ran> {
    const { faults = [], interpose = (transport) => transport, lesser = false, alarm } = surroundings;
    const traces: { readonly unit: FoundUnit; readonly trace: readonly { readonly cdb: Uint8Array }[] }[] = [];
    const faulty: { readonly hits: readonly number[] }[] = [];
    let waitedMs = 0;
    const { exitCode, stdout, stderr } = await invoke([...argv, '--json'], {
      folder: this.folder,
      clock: this.clock,
      timeZone: 'UTC' as TimeZone,
      devices: {
        ...(alarm === undefined ? {} : { alarm }),
        pause: async (duration) => {
          waitedMs += duration;
        },
        interpose: (transport, unit) => {
          const isDrive = unit.kind === 'tape';
          const isFirst = isDrive && unit.address.endsWith('drive 1');
          const small = isDrive ? withSmallBlocks(lesser ? lessenDrive(transport) : transport) : transport;
          const broken = createFaultyTransport(isFirst ? interpose(small) : small, isFirst ? faults : []);
          const traced = createTracingTransport(broken);
          if (isFirst) faulty.push(broken);
          traces.push({ unit, trace: traced.trace });
          return traced;
        },
      },
    });
    const sent = traces
      .filter(({ unit }) => unit.kind === 'tape')
      .flatMap(({ trace }) => trace.map(({ cdb }) => cdb[0] ?? -1));
    const moves = traces
      .filter(({ unit }) => unit.kind === 'changer')
      .flatMap(({ trace }) => trace.filter(({ cdb }) => cdb[0] === 0xa5)).length;
    assert.ok(sent.length <= mostCommands, `${sent.length} commands to the drive`);
    assert.ok(moves <= mostMoves, `${moves} moves`);
    assert.ok(waitedMs <= mostWaitedMs, `waited ${waitedMs / 60_000} minutes`);
    const json = JSON.parse(stdout);
    const hits = faulty.reduce<number[]>((sum, each) => each.hits.map((count, index) => count + (sum[index] ?? 0)), []);
    assert.notEqual(json.error?.code, 'internal.bug', stderr);
    return {
      exitCode,
      json,
      said: textsIn(json, ['message', 'remedy']),
      codes: textsIn(json, ['code']),
      sent,
      moves,
      waitedMs,
      hits,
    };
  }

  /** All that was reported staged or written can be restored, byte for byte, and what is protected stands on its cartridge as it did. */
  async assertNothingLost(...dataSets: readonly string[]): Promise<void> {
    await this.assertRestores(...dataSets);
    this.assertProtectedKept();
  }

  async assertRestores(...dataSets: readonly string[]): Promise<void> {
    for (const dataSet of dataSets) {
      this.#restores += 1;
      const to = join(this.folder, `restored-${this.#restores}`);
      mkdirSync(to);
      const { json } = await this.command(['restore', 'run', this.template.source, '--dataset', dataSet, '--to', to]);
      assert.deepEqual({ failed: json['failed'], error: json['error'] }, { failed: [], error: undefined }, dataSet);
      assert.deepEqual(compareTrees(this.template.source, join(to, this.template.source)), []);
      rmSync(to, { recursive: true });
    }
  }

  /** What an operator does about a drive that was put out of use, when it is repaired. */
  async takeDriveBack(): Promise<void> {
    if (!(await this.drives()).includes('down')) return;
    const { exitCode, said } = await this.command(['library', 'inventory']);
    assert.equal(exitCode, 0, said.join('\n'));
  }

  /** States, in order. */
  async drives(): Promise<readonly string[]> {
    const { json } = await this.command(['drive', 'list']);
    return (json['drives'] as readonly { readonly state: string }[]).map(({ state }) => state);
  }

  assertProtectedKept(): void {
    assert.ok(this.isProtectedKept, `what is protected on ${protectedCartridge} was changed`);
  }

  get isProtectedKept(): boolean {
    const now = readFileSync(this.image(protectedCartridge)).subarray(0, this.#protected.length);
    return now.equals(this.#protected);
  }

  /** Images that are there, each with its SHA-256. */
  digests(): Readonly<Record<string, string>> {
    const folder = join(this.folder, 'library', 'cartridges');
    const digest = (name: string) =>
      createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex');
    return Object.fromEntries(existsSync(folder) ? readdirSync(folder).map((name) => [name, digest(name)]) : []);
  }

  async cartridge(barcode: string): Promise<Readonly<Record<string, unknown>>> {
    return (await this.command(['cartridge', 'show', barcode])).json;
  }

  /** Id of the volume that a cartridge carries by the catalog. */
  async volumeOf(barcode: string): Promise<string | undefined> {
    return ((await this.cartridge(barcode))['volume'] as { readonly id: string } | null)?.id;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function withSmallBlocks(transport: ScsiTransport): ScsiTransport {
  return {
    get address() {
      return transport.address;
    },
    maxTransferBytes: transferBytes,
    execute: (cdb, data, options) => transport.execute(cdb, data, options),
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}

/** The texts under these keys, anywhere in a document. */
function textsIn(value: unknown, keys: readonly string[]): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    typeof inner === 'string' && keys.includes(key) ? [inner] : textsIn(inner, keys),
  );
}

const shared = new Map<number, Promise<DriveTemplate>>();

/** One for all scenarios of a process with so many drives, made when the first of them runs. */
export function sharedTemplate(drives = 1): Promise<DriveTemplate> {
  const template = shared.get(drives) ?? DriveTemplate.create(drives);
  shared.set(drives, template);
  return template;
}

export async function disposeSharedTemplate(): Promise<void> {
  for (const template of shared.values()) await (await template)[Symbol.asyncDispose]();
}

/** A scenario's `run` on a fresh copy, which is gone afterwards; with one drive unless told. */
export const onSite =
  (work: (site: DriveSite) => Promise<readonly string[]>, drives = 1): Scenario['run'] =>
  async () => {
    using site = (await sharedTemplate(drives)).copy();
    return await work(site);
  };
