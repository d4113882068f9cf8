import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DeviceUnderTest } from '#test/soak/device';
import type { Mishap, Part } from '#test/soak/mishap';
import { type Loss, losePower, type Shadowed, settle } from '#test/soak/power-loss';
import { type ProgramRun, runProgram } from '#test/soak/program-run';
import type { Random } from '#test/soak/random';
import { makeTree, readTree, type TreeContents } from '#test/soak/source-tree';
import { missingForMounts, mountSmallDisk, type TestMount } from '#test/support/mounts';

const shimSource = fileURLToPath(new URL('../../../test/soak/preload.c', import.meta.url));

/** Days of protection by pool, and the pool of each set. */
export const pools = { daily: 2, weekly: 6 } as const;
export const sets = { home: 'daily', work: 'weekly' } as const;
export type SetName = keyof typeof sets;
export const setNames = Object.keys(sets) as SetName[];

const roomBytes = 512 << 20;

/** What an operator has, each part on a small disk of its own where the machine lets us mount some; and what surrounds the program's processes. */
export class Workplace implements Disposable {
  readonly folder: string;
  readonly #mounts = new Map<Part, TestMount>();
  readonly #shadowed: Shadowed[] = [];
  readonly #shim: string;
  #device: DeviceUnderTest | undefined;

  constructor(seed: string, random: Random) {
    this.folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), `grandsire-soak-${seed}-`));
    const canMount = missingForMounts() === false;
    for (const part of ['staging', 'library', 'state'] as const) {
      mkdirSync(this.path(part));
      if (canMount) this.#mounts.set(part, mountSmallDisk(this.path(part), roomBytes));
    }
    mkdirSync(join(this.folder, 'trees'));
    for (const set of setNames) makeTree(this.source(set), random);
    this.#shim = join(this.folder, 'preload.so');
    execFileSync('cc', ['-O2', '-shared', '-fPIC', '-o', this.#shim, shimSource, '-ldl', '-pthread']);
  }

  /** Configures the program for a device; what is there counts as durable. */
  use(device: DeviceUnderTest): void {
    this.#device = device;
    writeFileSync(join(this.folder, 'grandsire.yaml'), this.#configuration(device));
    const checked = {
      state: this.path('state'),
      staging: this.path('staging'),
      device: device.checked,
      pools,
      sets: Object.fromEntries(setNames.map((set) => [set, { pool: sets[set] }])),
    };
    writeFileSync(join(this.folder, 'soak.json'), JSON.stringify(checked));
    for (const part of ['staging', ...(device.isOurs ? ['library' as const] : [])] as const) {
      this.#shadowed.push({ folder: this.path(part), shadow: join(this.folder, `durable-${part}`) });
    }
    for (const one of this.#shadowed) settle(one);
  }

  path(part: Part): string {
    return join(this.folder, part);
  }

  source(set: SetName): string {
    return join(this.folder, 'source', set);
  }

  /** Those that can be made small, and read-only, under the program; what is another's is left to it. */
  get disks(): readonly Part[] {
    return [...this.#mounts.keys()].filter((part) => part !== 'library' || this.#device?.isOurs);
  }

  /** Leaves a disk this much room; give it back with `makeRoom`. */
  fill(part: Part, leftBytes: number): void {
    const { bsize, blocks, bfree } = statfsSync(this.path(part));
    this.#mounts.get(part)?.resize(Math.max(1, blocks - bfree) * bsize + leftBytes);
  }

  makeReadOnly(part: Part): void {
    this.#mounts.get(part)?.makeReadOnly();
  }

  makeRoom(part: Part): void {
    this.#mounts.get(part)?.makeWritable();
    this.#mounts.get(part)?.resize(roomBytes);
  }

  losePower(random: Random): Loss {
    return losePower(this.#shadowed, random);
  }

  /** Keeps what a set's source holds now for the checker; the name of the record. */
  keepTree(set: SetName, name: string): TreeContents {
    const tree = readTree(this.source(set));
    writeFileSync(join(this.folder, 'trees', `${name}.json`), JSON.stringify(tree));
    return tree;
  }

  tree(name: string): TreeContents {
    return JSON.parse(readFileSync(join(this.folder, 'trees', `${name}.json`), 'utf8'));
  }

  promise(entry: Readonly<Record<string, string | number | boolean>>): void {
    appendFileSync(join(this.folder, 'ledger.jsonl'), `${JSON.stringify(entry)}\n`);
  }

  /** Runs the program; a mishap may end it. */
  run(argv: readonly string[], now: number, mishap: Mishap = { kind: 'none' }): Promise<ProgramRun> {
    const words = [...argv, '--json', '--no-wait', '--now', new Date(now).toISOString()];
    return runProgram(words, {
      folder: this.folder,
      environment: this.#environment(),
      mishap,
      breakTarget: (downMs) => this.#device?.breakTarget?.(downMs),
    });
  }

  #environment(): Record<string, string> {
    const folders = [this.path('state'), ...this.#shadowed.map(({ folder }) => folder)];
    return {
      TZ: 'UTC',
      // Calls that go around the C library would not be seen.
      UV_USE_IO_URING: '0',
      LD_PRELOAD: this.#shim,
      SOAK_FOLDERS: folders.join(':'),
      SOAK_SHADOWS: ['', ...this.#shadowed.map(({ shadow }) => shadow)].join(':'),
    };
  }

  #configuration({ settings }: DeviceUnderTest): string {
    const poolLines = Object.entries(pools).map(
      ([pool, days]) => `  ${pool}: { draw: scratch, protect: ${days} days }`,
    );
    const setLines = setNames.map((set) => `  ${set}: { include: ['${this.source(set)}'], pool: ${sets[set]} }`);
    return [
      'state: ./state',
      'staging: { path: ./staging, size: 64MiB, segmentSize: 1MiB }',
      `libraries:\n  main: ${settings}`,
      `pools:\n  scratch: {}\n${poolLines.join('\n')}`,
      `sets:\n${setLines.join('\n')}\n`,
    ].join('\n');
  }

  /** What lies on the small disks, where it can be looked at afterwards. */
  keep(): void {
    for (const [part, mount] of this.#mounts) {
      const kept = `${this.path(part)}-kept`;
      cpSync(this.path(part), kept, { recursive: true, filter: (path) => !lstatSync(path).isSocket() });
      mount[Symbol.dispose]();
      rmSync(this.path(part), { recursive: true });
      renameSync(kept, this.path(part));
    }
  }

  [Symbol.dispose](): void {
    for (const mount of this.#mounts.values()) mount[Symbol.dispose]();
  }
}
