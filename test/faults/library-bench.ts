import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Instant, instant } from '#src/base/clock';
import { throwIfAborted } from '#src/base/errors';
import type { Pause } from '#src/base/pause';
import type { DeviceSurroundings } from '#src/compose';
import type { SenseFields } from '#src/scsi/sense';
import { status } from '#src/scsi/status';
import {
  createFaultyTransport,
  createTracingTransport,
  type Fault,
  type FaultAction,
  type FaultyTransport,
  type TracedCommand,
} from '#test/support/faulty-transport';
import { Installation, type InstallationOptions } from '#test/support/installation';
import { compareTrees } from '#test/support/trees';

// What a kernel holds in memory serves as well as a disk here.
if (existsSync('/dev/shm')) process.env['TMPDIR'] = '/dev/shm';

/** The robot, or a drive by its number. */
export type Unit = 'changer' | number;

export const operation = { move: 0xa5, elements: 0xb8, rescan: 0x07, modeSense: 0x1a, inquiry: 0x12 } as const;

/** More than any command of these scenarios needs with its repeats: three attempts there, a way home, and a probe of each drive. */
const usualMoves = 12;
const mostCommands = 5000;

type Faults = Map<Unit, Fault[]>;

interface Opened {
  readonly unit: Unit;
  readonly faulty: FaultyTransport;
  readonly trace: readonly TracedCommand[];
}

interface Kept {
  readonly dataSet: string;
  /** A copy of what was backed up. */
  readonly copy: string;
}

// biome-ignore lint/suspicious/noExplicitAny: documents of the program's commands, read by tests
export type Document = any;

/**
 * An installation whose devices go wrong as planted, below the whole program. It remembers what every command said and what was reported written, and
 * `settle` looks whether that is still so.
 */
export class LibraryBench implements AsyncDisposable {
  /** Messages, remedies and warnings of all commands, in order. */
  readonly said: string[] = [];
  readonly here: Installation;
  readonly #faults: Map<Unit, Fault[]>;
  readonly #opened: Opened[];
  readonly #mostMoves: number;
  readonly #kept: Kept[] = [];
  readonly #sums = new Map<string, string>();

  private constructor(here: Installation, faults: Faults, opened: Opened[], mostMoves: number) {
    this.here = here;
    this.#faults = faults;
    this.#opened = opened;
    this.#mostMoves = mostMoves;
  }

  static async create(options: LibraryBenchOptions = {}): Promise<LibraryBench> {
    const faults: Faults = new Map();
    const opened: Opened[] = [];
    let here: Installation | undefined;
    const interpose: NonNullable<DeviceSurroundings['interpose']> = (transport, found) => {
      const unit = found.kind === 'changer' ? 'changer' : Number(/drive (\d+)$/.exec(found.address)?.[1]);
      const inner = options.wire?.(transport, unit) ?? transport;
      const faulty = createFaultyTransport(inner, faults.get(unit) ?? []);
      const traced = createTracingTransport(faulty);
      opened.push({ faulty, trace: traced.trace, unit });
      return traced;
    };
    // Hours pass in no time, on the program's clock.
    const pause: Pause = async (duration, signal) => {
      throwIfAborted(signal);
      here?.clock.set(instant(here.clock.now() + duration));
    };
    here = await Installation.create({
      drives: 2,
      slots: 6,
      mailSlots: 2,
      cartridges: ['G00001L9', 'G00002L9', 'G00003L9'],
      capacity: '16MiB',
      ...options,
      devices: { interpose, pause },
    });
    return new LibraryBench(here, faults, opened, options.mostMoves ?? usualMoves);
  }

  /** From the next opening of the unit on, which is the next command. */
  plant(unit: Unit, ...faults: readonly Fault[]): void {
    this.#faults.set(unit, [...(this.#faults.get(unit) ?? []), ...faults]);
    this.#opened.length = 0;
  }

  /** The device is in order again. Every fault that was planted must have hit by now. */
  heal(): void {
    for (const [unit, faults] of this.#faults) {
      faults.forEach((_fault, index) => {
        const hits = this.#opened.filter((one) => one.unit === unit).map(({ faulty }) => faulty.hits[index] ?? 0);
        assert.ok(Math.max(0, ...hits) > 0, `fault ${index + 1} of ${unit} never hit`);
      });
    }
    this.#faults.clear();
  }

  /** What was sent so far does not count any more. */
  mark(): void {
    this.#opened.length = 0;
  }

  /** Moves that the robot made since the last mark or fault. */
  get moves(): number {
    return this.sent(operation.move, 'changer').filter(({ result }) => result?.status === status.good).length;
  }

  /** Commands of one operation that were sent since the last mark, or since the last fault was planted. */
  sent(operationCode: number, unit?: Unit): readonly TracedCommand[] {
    const traces = this.#opened.filter((one) => unit === undefined || one.unit === unit);
    return traces.flatMap(({ trace }) => trace.filter(({ cdb }) => cdb[0] === operationCode));
  }

  /** Runs a command line, which must end so, and returns its document. */
  async ends(exitCode: number, ...argv: readonly string[]): Promise<Document> {
    const before = this.#opened.length;
    const ended = await this.here.command(...argv, '--json');
    const traces = this.#opened.slice(before);
    assert.equal(ended.exitCode, exitCode, `${argv.join(' ')}: ${ended.stdout}${ended.stderr}`);
    const sent = traces.flatMap(({ trace }) => trace);
    const moves = sent.filter(({ cdb, result }) => cdb[0] === operation.move && result?.status === status.good).length;
    assert.ok(moves <= this.#mostMoves && sent.length <= mostCommands, `${moves} moves made, ${sent.length} commands`);
    const document = JSON.parse(ended.stdout);
    this.#hear(document, ended.stderr);
    return document;
  }

  #hear(document: Document, stderr: string): void {
    this.said.push(...stderr.split('\n').filter(Boolean));
    if (document.error) this.said.push(`${document.error.message}\n${document.error.remedy}`);
    for (const { message, remedy, path } of [
      ...(document.warnings ?? []),
      ...(document.refused ?? []),
      ...(document.failed ?? []),
    ]) {
      this.said.push([path === undefined ? message : `${path}: ${message}`, remedy].filter(Boolean).join('\n'));
    }
  }

  /** Fails with this exit code and this code. */
  async fails(exitCode: number, code: string, ...argv: readonly string[]): Promise<void> {
    const { error } = await this.ends(exitCode, ...argv);
    assert.equal(error?.code, code);
  }

  /** Backs up a new file beside what there is, on a cartridge by the plan, and remembers what was promised. */
  async backup({ ends = 0 }: { readonly ends?: number | undefined } = {}): Promise<Document> {
    this.change();
    const document = await this.ends(ends, 'backup', 'run', 'home');
    this.keep(document);
    return document;
  }

  /** A run reported this as staged, or as written on these cartridges. */
  keep({ dataSet, cartridges }: { readonly dataSet: string; readonly cartridges: readonly string[] }): void {
    const copy = join(this.here.folder, `kept-${dataSet}`);
    const isKnown = this.#kept.some((kept) => kept.dataSet === dataSet);
    if (!isKnown) execFileSync('cp', ['-a', this.here.source, copy]);
    if (!isKnown) this.#kept.push({ dataSet, copy });
    for (const barcode of cartridges) this.#sums.set(barcode, this.sum(barcode));
  }

  /** The protection of all that was promised so far is over. */
  release(): void {
    this.#kept.length = 0;
    this.#sums.clear();
  }

  /** A minute later there is one file more. */
  change(bytes = 200_000): void {
    const { clock, source } = this.here;
    clock.set((clock.now() + 60_000) as Instant);
    writeFileSync(join(source, `file-${clock.now()}`), randomBytes(bytes));
  }

  sum(barcode: string): string {
    return createHash('sha256')
      .update(readFileSync(this.here.device.imagePath(barcode)))
      .digest('hex');
  }

  /** Where the catalog says that a cartridge is: `slot:1`. */
  async place(barcode: string): Promise<string> {
    const { location } = await this.ends(0, 'cartridge', 'show', barcode);
    return location.number === undefined ? location.kind : `${location.kind}:${location.number}`;
  }

  /** Where it really lies. */
  lies(barcode: string): string | undefined {
    return this.here.device.readState().cartridges[barcode]?.place;
  }

  /** States of the drives as the catalog has them. */
  async drives(): Promise<readonly string[]> {
    return (await this.ends(0, 'drive', 'list')).drives.map(({ state }: { state: string }) => state);
  }

  /** Nothing that was reported is lost, and nothing protected was changed: everything comes back byte for byte, the images are what they were. */
  async settle({ ends = 0 }: { readonly ends?: number } = {}): Promise<void> {
    this.heal();
    await this.ends(ends, 'library', 'inventory');
    await this.ends(0, 'catalog', 'check');
    for (const [barcode, sum] of this.#sums) assert.equal(this.sum(barcode), sum, `${barcode} was changed`);
    for (const { dataSet, copy } of this.#kept) {
      const to = join(this.here.folder, `to-${dataSet}`);
      const { source } = this.here;
      const { failed } = await this.ends(ends, 'restore', 'run', source, '--dataset', dataSet, '--to', to);
      assert.deepEqual(failed, []);
      assert.deepEqual(compareTrees(copy, join(to, source)), []);
      rmSync(to, { recursive: true });
    }
  }

  /** At the end of the process, where nothing can be waited for. */
  remove(): void {
    for (const folder of [this.here.folder, this.here.device.path]) rmSync(folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.here[Symbol.asyncDispose]();
  }
}

export interface LibraryBenchOptions extends InstallationOptions {
  /** How the first backup ends; 0 unless told. */
  readonly backupEnds?: number;
  /** How many moves a command may make; 12 unless told. */
  readonly mostMoves?: number;
  /** Which transport the program finds where it looks for a unit; the one that is there unless told. */
  readonly wire?: (
    transport: Parameters<NonNullable<DeviceSurroundings['interpose']>>[0],
    unit: Unit,
  ) => typeof transport | undefined;
}

/** A scenario's `run`: on a bench with one backup on G00001L9, which is settled at the end unless the scenario did. */
export const onBench =
  (work: (bench: LibraryBench) => Promise<void>, options: LibraryBenchOptions = {}) =>
  async (): Promise<readonly string[]> => {
    await using bench = await LibraryBench.create(options);
    await bench.backup({ ends: options.backupEnds });
    bench.said.length = 0;
    await work(bench);
    return bench.said;
  };

let shared: LibraryBench | undefined;

/**
 * As `onBench`, for scenarios that leave everything as it was, which `settle` looks at: one bench serves them all. A scenario that fails leaves its bench
 * to nobody.
 */
export const onSharedBench = (work: (bench: LibraryBench) => Promise<void>) => async (): Promise<readonly string[]> => {
  const bench = shared ?? (await LibraryBench.create());
  if (!shared) {
    process.once('exit', () => bench.remove());
    await bench.backup();
  }
  shared = undefined;
  bench.said.length = 0;
  await work(bench);
  shared = bench;
  return [...bench.said];
};

/** Sense data as a fault: `check(0x4, 0x15, 0x01)`. */
export const check = (
  key: SenseFields['key'],
  asc: number,
  ascq: number,
  at: 'before' | 'after' = 'before',
): FaultAction => ({ kind: 'check', sense: { key, asc, ascq }, at });

export const always = { times: Number.POSITIVE_INFINITY } as const;
