import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { archive } from '#src/archive/archive';
import { ArchiveThreads } from '#src/archive/archive-threads';
import { instant, ManualClock } from '#src/base/clock';
import { milliseconds } from '#src/base/duration';
import type { GrandsireError } from '#src/base/errors';
import type { TimeZone } from '#src/base/time-zone';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Catalog, Repositories } from '#src/catalog/catalog';
import type { DataSetRecord, Level, SegmentRecord } from '#src/catalog/data-sets';
import type { VolumeRecord } from '#src/catalog/volumes';
import { type App, type DeviceSurroundings, openApp } from '#src/compose';
import { loadConfiguration } from '#src/config/load-configuration';
import { despool } from '#src/jobs/despool/despool';
import { type DespoolState, openDespoolState } from '#src/jobs/despool/despool-state';
import { describeDataSet } from '#src/jobs/index-record';
import type { MountCartridge } from '#src/jobs/mounting';
import { type CartridgeUse, prepareVolume } from '#src/jobs/prepare-volume';
import { rebuild } from '#src/jobs/rebuild/rebuild';
import { restore } from '#src/jobs/restore';
import type { RestoreRequest } from '#src/jobs/select-trees';
import type { Library } from '#src/library/library';
import type { LibraryWarning } from '#src/library/library-options';
import type { Protection } from '#src/media/facets';
import { openReadSession } from '#src/session/read-session';
import { memoryPayload } from '#src/session/tape-file-source';
import { openWriteSession } from '#src/session/write-session';
import { stagedPaths } from '#src/staging/staged-paths';
import { StagingArea } from '#src/staging/staging-area';
import { type Invocation, invoke } from '#test/cli/invoke';
import { program } from '#test/support/installation';
import { createTestLibrary, type TestLibrary, type TestLibraryOptions } from '#test/support/virtual-library';

export interface JobBenchOptions extends TestLibraryOptions {
  readonly segmentBytes?: number;
  /** Put between the program and the devices of everything in this process. */
  readonly devices?: DeviceSurroundings;
}

export interface BackupOptions {
  readonly set?: string;
  readonly level?: Level;
  readonly base?: DataSetRecord;
  /** Cartridges in the order in which a planner would name them; a use for each, `overwrite` unless said. */
  readonly cartridges?: readonly (string | readonly [string, CartridgeUse])[];
  /** All that is staged is written to these while the run goes on, without the last index. */
  readonly alongside?: readonly string[];
  /** False: what is staged stays staged. */
  readonly despool?: boolean;
  readonly protection?: Protection;
}

export interface PassedOver {
  readonly barcode: string;
  readonly code: string;
  readonly message: string;
}

/** The program over a virtual library, put together as its commands do, with a folder to back up; backups without a planner. */
export class JobBench implements AsyncDisposable {
  readonly folder: string;
  readonly source: string;
  readonly device: TestLibrary;
  readonly clock = new ManualClock(instant(Date.parse('2026-11-22T22:00:00Z')));
  readonly passedOver: PassedOver[] = [];
  readonly lost: GrandsireError[] = [];
  readonly interruptions: GrandsireError[] = [];
  readonly warnings: LibraryWarning[] = [];
  readonly #segmentBytes: number;
  readonly #devices: DeviceSurroundings;
  #app!: App;
  #library!: Library;

  private constructor(device: TestLibrary, { segmentBytes = 1 << 20, devices = {} }: JobBenchOptions) {
    this.device = device;
    this.#devices = devices;
    this.folder = mkdtempSync(join(tmpdir(), 'grandsire-jobs-'));
    this.source = join(this.folder, 'source');
    this.#segmentBytes = segmentBytes;
    mkdirSync(this.source);
    writeFileSync(join(this.folder, 'grandsire.yaml'), this.#configuration());
  }

  static async create(options: JobBenchOptions = {}): Promise<JobBench> {
    const bench = new JobBench(await createTestLibrary(options), options);
    await bench.open();
    return bench;
  }

  #configuration(): string {
    const { path, cartridgeCapacityBytes, generation, drives, slots, mailSlots } = this.device.settings;
    return `state: ./state
staging: { path: ./staging, size: 1GiB, segmentSize: ${this.#segmentBytes} }
libraries:
  main: { driver: virtual, path: '${path}', drives: ${drives}, slots: ${slots}, mailSlots: ${mailSlots},
          generation: ${generation}, cartridgeCapacity: ${cartridgeCapacityBytes} }
pools:
  scratch: {}
  daily: { draw: scratch, protect: 2 weeks }
sets:
  home: { include: ['${this.source}'], pool: daily }
`;
  }

  get catalog(): Catalog {
    return this.#app.catalog;
  }

  get library(): Library {
    return this.#library;
  }

  readonly mount: MountCartridge = (cartridge, request) => this.#library.mount(cartridge, request);

  async open(): Promise<void> {
    const configuration = loadConfiguration({
      option: 'grandsire.yaml',
      environment: undefined,
      folder: this.folder,
      machineTimeZone: 'Europe/Zurich' as TimeZone,
    });
    this.#app = await openApp({ configuration, clock: this.clock, ...this.#devices });
    this.#library = await this.#app.openLibrary('main', {
      job: 'test',
      wait: milliseconds(0),
      warn: (warning) => this.warnings.push(warning),
    });
    await this.#library.inventory();
  }

  async close(): Promise<void> {
    await this.#library[Symbol.asyncDispose]();
    await this.#app[Symbol.asyncDispose]();
  }

  /** As if the disk of the catalog were lost: an empty catalog, and an inventory. */
  async loseCatalog(): Promise<void> {
    await this.close();
    rmSync(join(this.folder, 'state'), { recursive: true });
    await this.open();
  }

  /** Runs a command line as another process would, while nothing here is open. */
  async command(...argv: string[]): Promise<Invocation> {
    await this.close();
    try {
      return await invoke(argv, { folder: this.folder, clock: this.clock, devices: this.#devices });
    } finally {
      await this.open();
    }
  }

  /** Runs a command line as a process of its own that kills itself at this instant (`NAME:K`). */
  async killedAt(stop: string, ...argv: string[]): Promise<void> {
    await this.close();
    try {
      const now = new Date(this.clock.now()).toISOString();
      const { signal, output } = spawnSync(process.execPath, [program, ...argv, '--now', now], {
        cwd: this.folder,
        env: { ...process.env, GRANDSIRE_TEST_CLOCK: '1', GRANDSIRE_TRACE_STOP: stop },
      });
      if (signal !== 'SIGKILL') throw new TypeError(`it did not come to ${stop}: ${output}`);
    } finally {
      await this.open();
    }
  }

  async cartridge(barcode: string): Promise<CartridgeRecord> {
    const [record] = await this.catalog.cartridges.byBarcode(barcode);
    if (!record) throw new RangeError(`no cartridge ${barcode}`);
    return record;
  }

  async staging(): Promise<StagingArea> {
    const area = new StagingArea({
      path: join(this.folder, 'staging'),
      sizeBytes: 1 << 30,
      dataSets: this.catalog.dataSets,
      tapeFiles: this.catalog.tapeFiles,
    });
    await area.recover();
    return area;
  }

  async backup(options: BackupOptions = {}): Promise<DataSetRecord> {
    const { dataSets } = this.catalog;
    const staging = await this.staging();
    const dataSet = await this.#createDataSet(options);
    const chain = options.base && (await dataSets.chain(options.base.key)).map(({ key }) => key);
    await staging.keepRecord(await describeDataSet(this.catalog, dataSet));
    const result = await archive({
      selection: { roots: [Buffer.from(this.source)], excludes: [], never: [], oneFileSystem: true },
      segmentBytes: this.#segmentBytes,
      sink: staging.sink(dataSet, { segmentBytes: this.#segmentBytes }),
      versions: this.catalog.files.openWriter(dataSet.key),
      reference: chain && ((places, limit) => this.catalog.files.reference(chain, places, limit)),
      previousFileSystems: options.base ? await dataSets.fileSystems(options.base.key) : [],
      threads: new ArchiveThreads(2),
      scratchDirectory: this.folder,
      onWarning: ({ code, message }) => {
        throw new TypeError(`${code}: ${message}`);
      },
    });
    await dataSets.addFileSystems(dataSet.key, result.fileSystems);
    if (options.alongside) await this.despool(dataSet, options.alongside, { area: staging, last: false });
    const { files, bytes } = result;
    const outcome = { state: 'complete', finishedAt: this.clock.now(), files, bytes } as const;
    await staging.keepRecord(await describeDataSet(this.catalog, { ...dataSet, ...outcome }));
    await dataSets.update(dataSet.key, outcome);
    const complete = (await dataSets.get(dataSet.key)) as DataSetRecord;
    if (options.despool !== false) await this.despool(complete, options.cartridges, { area: staging });
    return complete;
  }

  #createDataSet({ set = 'home', level = 'full', base, protection }: BackupOptions): Promise<DataSetRecord> {
    const startedAt = this.clock.now();
    const stamp = new Date(startedAt).toISOString().replace(/[-:]|\.\d+/g, '');
    return this.catalog.dataSets.create({
      id: `${set}-${stamp}`,
      backupSet: set,
      level,
      base: base?.key,
      startedAt,
      runDay: new Date(startedAt).toISOString().slice(0, 10),
      timeZone: 'Europe/London',
      library: 'main',
      pool: 'daily',
      rotation: undefined,
      tier: undefined,
      protection: protection ?? { kind: 'until', freeOn: '2026-12-06', timeZone: 'Europe/London' },
      writer: undefined,
    });
  }

  /** Writes what is staged to the cartridges named, one after the other as they fill; all data cartridges unless named. */
  async despool(
    dataSet: DataSetRecord,
    names: BackupOptions['cartridges'] = ['G00001L9', 'G00002L9', 'G00003L9', 'G00004L9', 'G00005L9'],
    {
      area,
      last = true,
      repositories = this.catalog,
      mount = this.mount,
    }: {
      readonly area?: StagingArea;
      readonly last?: boolean;
      readonly repositories?: Repositories;
      readonly mount?: MountCartridge;
    } = {},
  ): Promise<DespoolState> {
    const staged = area ?? (await this.staging());
    const state = await openDespoolState(dataSet, this.catalog);
    const planned = names.map((name) => (typeof name === 'string' ? ([name, 'overwrite'] as const) : name));
    let next = 0;
    await despool(
      dataSet,
      state,
      {
        repositories,
        clock: this.clock,
        staged,
        mount,
        choose: async () => {
          const chosen = planned[next];
          next += 1;
          return chosen && { cartridge: await this.cartridge(chosen[0]), use: chosen[1] };
        },
        onPassedOver: ({ barcode }, { code, message }: GrandsireError) =>
          this.passedOver.push({ barcode, code, message }),
        onInterrupted: (error) => this.interruptions.push(error),
        onSegmentLost: (error) => this.lost.push(error),
        onCatalogLeftOut: (error) => {
          throw error;
        },
        backupCatalog: (path) => this.catalog.backupTo(path),
      },
      { last },
    );
    return state;
  }

  /** A second copy of every segment of a data set on one more cartridge, as a copy job would write it. */
  async copy(dataSet: DataSetRecord, barcode: string): Promise<void> {
    const ports = { repositories: this.catalog, clock: this.clock };
    const segments = await this.catalog.dataSets.segments(dataSet.key);
    const payloads: Buffer[] = [];
    for (const copy of await this.catalog.tapeFiles.copiesOf(dataSet.key)) {
      const volume = (await this.catalog.volumes.get(copy.volume)) as VolumeRecord;
      const cartridge = (await this.catalog.cartridges.get(volume.cartridge)) as CartridgeRecord;
      await using mounted = await this.mount(cartridge, { purpose: 'test', writing: false });
      const session = await openReadSession({ drive: mounted.drive, cartridge, volume });
      const chunks: Buffer[] = [];
      for await (const chunk of session.payload(copy)) chunks.push(Buffer.from(chunk));
      payloads.push(Buffer.concat(chunks));
    }
    const cartridge = await this.cartridge(barcode);
    await using mounted = await this.mount(cartridge, { purpose: 'test', writing: true });
    const volume = await prepareVolume(mounted, 'overwrite', ports);
    const session = await openWriteSession({ ...ports, drive: mounted.drive, cartridge, volume });
    for (const [index, payload] of payloads.entries()) {
      const { number, xxh64, payloadBytes, startsInside, endsInside, firstHeader } = segments[index] as SegmentRecord;
      const outcome = await session.append({
        descriptor: {
          kind: 'segment',
          volume: volume.id,
          dataSet: dataSet.id,
          number,
          codecs: [],
          payloadBytes,
          payloadXxh64: xxh64,
          startsInside: startsInside ?? null,
          endsInside: endsInside ?? null,
          firstHeader: firstHeader ?? null,
        },
        dataSet: dataSet.key,
        payload: memoryPayload('copy', payload, xxh64),
      });
      if (outcome.kind !== 'written') throw new TypeError(`copying: ${outcome.kind}`);
    }
  }

  async restore(to: string, request: Partial<RestoreRequest> & { readonly overwrite?: boolean } = {}) {
    const staging = await this.staging();
    return restore(
      {
        paths: [Buffer.from(this.source)],
        asOf: undefined,
        dataSet: undefined,
        overwrite: false,
        ...request,
        directory: to,
      },
      { repositories: this.catalog, mount: this.mount, stagedSegment: (id, number) => staging.segment(id, number) },
    );
  }

  async rebuild(barcodes?: readonly string[]) {
    const all = await this.catalog.cartridges.list();
    return rebuild(
      all.filter(({ barcode, kind }) => (barcodes ? barcodes.includes(barcode) : kind !== 'cleaning')),
      {
        catalog: this.catalog,
        clock: this.clock,
        mount: this.mount,
        scratch: this.folder,
        staging: { path: join(this.folder, 'staging'), paths: stagedPaths(join(this.folder, 'staging')) },
        drawOf: (pool) => (pool === 'daily' ? 'scratch' : undefined),
        onNote: () => undefined,
      },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    await this.device[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
