import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Instant, instant, ManualClock } from '#src/base/clock';
import { milliseconds } from '#src/base/duration';
import type { TimeZone } from '#src/base/time-zone';
import { type App, type DeviceSurroundings, openApp } from '#src/compose';
import { loadConfiguration } from '#src/config/load-configuration';
import { type RestoreResult, restore } from '#src/jobs/restore';
import { stagedPaths } from '#src/staging/staged-paths';
import { type Invocation, invoke } from '#test/cli/invoke';
import { createTestLibrary, type TestLibrary, type TestLibraryOptions } from '#test/support/virtual-library';

export const program = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
/** A Monday; the program's clock starts there. */
const start = Date.parse('2026-11-23T22:00:00Z');

export interface InstallationOptions extends TestLibraryOptions {
  /** As `staging:` of grandsire.yaml has it. */
  readonly stagingSize?: string;
  readonly segmentSize?: string;
  /** The set is planned by this rotation (lines of YAML under `office:`), else by hand into the pool `daily`. */
  readonly rotation?: string;
  readonly pools?: string;
  /** Put between the program and the devices of commands in this process, from the first inventory on. */
  readonly devices?: DeviceSurroundings;
}

export interface ProcessRun {
  readonly process: ChildProcess;
  readonly ended: Promise<{
    readonly exitCode: number | null;
    readonly signal: NodeJS.Signals | null;
    readonly output: string;
  }>;
}

/** What an operator has: a folder with `grandsire.yaml`, a virtual library that was inventoried, a source folder; and the commands over it. */
export class Installation implements AsyncDisposable {
  readonly folder: string;
  readonly source: string;
  readonly device: TestLibrary;
  readonly clock = new ManualClock(instant(start));
  readonly #devices: DeviceSurroundings;

  private constructor(device: TestLibrary, options: InstallationOptions) {
    this.device = device;
    this.#devices = options.devices ?? {};
    this.folder = mkdtempSync(join(options.within ?? tmpdir(), 'grandsire-installation-'));
    this.source = join(this.folder, 'source');
    mkdirSync(this.source);
    writeFileSync(join(this.folder, 'grandsire.yaml'), configuration(this, options));
  }

  static async create(options: InstallationOptions = {}): Promise<Installation> {
    const installation = new Installation(await createTestLibrary(options), options);
    await installation.inventory();
    return installation;
  }

  /** In this process; `now` as the program's clock says it. */
  command(...argv: string[]): Promise<Invocation> {
    return invoke(argv, {
      folder: this.folder,
      clock: this.clock,
      timeZone: 'UTC' as TimeZone,
      devices: this.#devices,
    });
  }

  /** As a process of its own, on the same clock. */
  start(argv: readonly string[], variables: Readonly<Record<string, string>> = {}): ProcessRun {
    return startProgram(argv, { folder: this.folder, now: this.clock.now(), variables });
  }

  get traceFile(): string {
    return join(this.folder, 'trace');
  }

  /** Names of the instants that the last traced process came to. */
  trace(): readonly string[] {
    return existsSync(this.traceFile) ? readFileSync(this.traceFile, 'utf8').split('\n').filter(Boolean) : [];
  }

  async withApp<T>(work: (app: App) => Promise<T>): Promise<T> {
    const configuration = loadConfiguration({
      option: 'grandsire.yaml',
      environment: undefined,
      folder: this.folder,
      machineTimeZone: 'UTC' as TimeZone,
    });
    await using app = await openApp({ configuration, clock: this.clock, ...this.#devices });
    return await work(app);
  }

  /** Looks into the library; what nobody has looked at counts as blank where the test library made it so. */
  async inventory(): Promise<void> {
    await this.withApp(async (app) => {
      await using library = await app.openLibrary('main', {
        job: 'test',
        wait: milliseconds(0),
        warn: () => undefined,
      });
      await library.inventory();
      for (const { id, kind, fill } of await app.catalog.cartridges.list()) {
        if (kind === 'data' && fill === 'unknown') await app.catalog.cartridges.update(id, { fill: 'blank' });
      }
    });
  }

  /** Restores the source as a data set left it. */
  async restore(dataSet: string, to: string): Promise<RestoreResult> {
    const staged = stagedPaths(join(this.folder, 'staging'));
    return this.withApp(async (app) => {
      await using library = await app.openLibrary('main', {
        job: 'test',
        wait: milliseconds(0),
        warn: () => undefined,
      });
      return await restore(
        { paths: [Buffer.from(this.source)], asOf: undefined, dataSet, overwrite: false, directory: to },
        {
          repositories: app.catalog,
          mount: (cartridge, request) => library.mount(cartridge, request),
          stagedSegment: (id, number) => staged.segment(id, number),
        },
      );
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.device[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

interface ProcessOptions {
  readonly folder: string;
  /** What its clock begins with. */
  readonly now: Instant;
  readonly variables: Readonly<Record<string, string>>;
}

/** The built program over a folder with `grandsire.yaml`. */
export function startProgram(argv: readonly string[], { folder, now, variables }: ProcessOptions): ProcessRun {
  const process_ = spawn(process.execPath, [program, ...argv, '--now', new Date(now).toISOString()], {
    cwd: folder,
    env: { ...process.env, GRANDSIRE_TEST_CLOCK: '1', ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [process_.stdout, process_.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk));
  const ended = new Promise<Awaited<ProcessRun['ended']>>((resolve, reject) => {
    process_.on('error', reject);
    process_.on('close', (exitCode, signal) => resolve({ exitCode, signal, output }));
  });
  return { process: process_, ended };
}

function configuration(
  { source, device }: Pick<Installation, 'source' | 'device'>,
  options: InstallationOptions,
): string {
  const { path, cartridgeCapacityBytes, generation, drives, slots, mailSlots } = device.settings;
  const { stagingSize = '1GiB', segmentSize = '1MiB', rotation, pools } = options;
  const set = rotation === undefined ? 'pool: daily' : 'rotation: office';
  return `state: ./state
staging: { path: ./staging, size: ${stagingSize}, segmentSize: ${segmentSize} }
libraries:
  main: { driver: virtual, path: '${path}', drives: ${drives}, slots: ${slots}, mailSlots: ${mailSlots},
          generation: ${generation}, cartridgeCapacity: ${cartridgeCapacityBytes} }
pools:
  scratch: {}
${pools ?? '  daily: { draw: scratch, protect: 2 weeks }\n'}
${rotation === undefined ? '' : `rotations:\n  office:\n${rotation}`}
sets:
  home: { include: ['${source}'], ${set} }
`;
}
