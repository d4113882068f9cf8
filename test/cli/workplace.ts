import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, instant, ManualClock } from '#src/base/clock';
import type { TimeZone } from '#src/base/time-zone';
import type { CliEnvironment } from '#src/cli/cli-environment';
import { type App, openApp } from '#src/compose';
import { loadConfiguration } from '#src/config/load-configuration';
import { type Invocation, invoke } from '#test/cli/invoke';

/** A folder in which `init` was run, and what an operator can do there. */
export interface Workplace extends Disposable {
  readonly folder: string;
  readonly clock: Clock;
  run(argv: readonly string[], environment?: Partial<CliEnvironment>): Promise<Invocation>;
  /** Runs with `--json`; throws where the exit code is not the one expected. */
  json(argv: readonly string[], exitCode?: number): Promise<Record<string, unknown>>;
  /** The program over this folder, as a command opens it. */
  open(): Promise<App>;
  image(barcode: string): string;
  /** Edits `library.json` as an operator with an editor would. */
  editCartridge(barcode: string, change: Readonly<Record<string, unknown>>): void;
  placeOf(barcode: string): string;
}

export async function createWorkplace(): Promise<Workplace> {
  const folder = mkdtempSync(join(tmpdir(), 'grandsire-cli-'));
  const clock = new ManualClock(instant(Date.UTC(2026, 10, 27, 12)));
  const run: Workplace['run'] = (argv, environment = {}) => invoke(argv, { folder, clock, ...environment });
  const stateFile = join(folder, 'virtual-library/library.json');
  const readState = () => JSON.parse(readFileSync(stateFile, 'utf8'));
  const made = await run(['init']);
  if (made.exitCode !== 0) throw new RangeError(`init: ${made.stderr}`);
  return {
    folder,
    clock,
    run,
    async json(argv, exitCode = 0) {
      const ended = await run([...argv, '--json']);
      if (ended.exitCode !== exitCode) {
        throw new RangeError(`${argv.join(' ')} ended ${ended.exitCode}: ${ended.stdout}${ended.stderr}`);
      }
      return JSON.parse(ended.stdout);
    },
    open: () => {
      const machineTimeZone = 'Europe/Zurich' as TimeZone;
      const option = join(folder, 'grandsire.yaml');
      return openApp({
        configuration: loadConfiguration({ option, environment: undefined, folder, machineTimeZone }),
        clock,
      });
    },
    image: (barcode) => join(folder, 'virtual-library/cartridges', `${barcode}.tap`),
    editCartridge(barcode, change) {
      const state = readState();
      Object.assign(state.cartridges[barcode], change);
      writeFileSync(stateFile, JSON.stringify(state));
    },
    placeOf: (barcode) => readState().cartridges[barcode].place,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A SIMH image: the blocks of each tape file, each ended by a filemark. */
export function simhImage(tapeFiles: readonly (readonly Uint8Array[])[]): Buffer {
  const word = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes;
  };
  const record = (block: Uint8Array): Buffer =>
    Buffer.concat([word(block.length), block, Buffer.alloc(block.length % 2), word(block.length)]);
  return Buffer.concat(tapeFiles.flatMap((blocks) => [...blocks.map(record), word(0)]));
}
