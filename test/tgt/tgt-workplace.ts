import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { instant, ManualClock } from '#src/base/clock';
import { hours } from '#src/base/duration';
import type { TimeZone } from '#src/base/time-zone';
import type { DeviceSurroundings } from '#src/compose';
import { type Invocation, invoke } from '#test/cli/invoke';
import type { TgtLibrary } from '#test/rig/tgt-library';
import { type ProcessRun, startProgram } from '#test/support/installation';

const hour = hours(1);

/** What an operator has in front of a library of tgt: a folder with `grandsire.yaml`, a source folder, and the commands. */
export class TgtWorkplace implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'grandsire-tgt-work-'));
  readonly source = join(this.folder, 'source');
  /** Put between the program and the devices in commands in this process. */
  devices: DeviceSurroundings = {};
  readonly #clock = new ManualClock(instant(Date.parse('2026-11-23T22:00:00Z')));

  constructor({ portal, target }: TgtLibrary) {
    mkdirSync(this.source);
    writeFileSync(
      join(this.folder, 'grandsire.yaml'),
      `state: ./state
staging: { path: ./staging, size: 1GiB, segmentSize: 1MiB }
libraries:
  main: { driver: iscsi, portal: '${portal}', target: '${target}' }
pools:
  scratch: {}
  daily: { draw: scratch, protect: 2 weeks }
sets:
  home: { include: ['${this.source}'], pool: daily }
`,
    );
  }

  /** The next command runs at this time (ISO 8601). */
  nextAt(time: string): void {
    this.#clock.set(instant(Date.parse(time) - hour));
  }

  /** In this process, an hour after the last. */
  async run(...argv: readonly string[]): Promise<Invocation> {
    this.#pass();
    return await invoke(argv, {
      folder: this.folder,
      clock: this.#clock,
      timeZone: 'UTC' as TimeZone,
      devices: this.devices,
    });
  }

  /** With `--json`; throws where the exit code is not the one expected. */
  async json<T = Record<string, unknown>>(argv: readonly string[], exitCode = 0): Promise<T> {
    const ended = await this.run(...argv, '--json');
    if (ended.exitCode !== exitCode)
      throw new RangeError(`${argv.join(' ')} ended ${ended.exitCode}: ${ended.stdout}${ended.stderr}`);
    return JSON.parse(ended.stdout);
  }

  /** As a process of its own. */
  start(argv: readonly string[], variables: Readonly<Record<string, string>>): ProcessRun {
    this.#pass();
    return startProgram(argv, { folder: this.folder, now: this.#clock.now(), variables });
  }

  #pass(): void {
    this.#clock.set(instant(this.#clock.now() + hour));
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
