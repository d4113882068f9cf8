import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

/**
 * How fast a backup is staged, against `tar | tee | openssl sha256`: `node dist/test/bench/stage.bench.js [small|large|unchanged|memory]... [--repeat N]`.
 * Whole processes, in turn, medians; source and target in memory (`/dev/shm/grandsire-bench`, or `$BENCH_FOLDER`).
 */
const folder = process.env['BENCH_FOLDER'] ?? '/dev/shm/grandsire-bench';
const words = process.argv.slice(2);
const repeatAt = words.indexOf('--repeat');
const repeats = repeatAt < 0 ? 5 : Number(words[repeatAt + 1]);
const wanted = words.filter((word) => /^[a-z]+$/.test(word));
const isWanted = (name: string): boolean => wanted.length === 0 || wanted.includes(name);
const target = join(folder, 'target');
const stageProcess = fileURLToPath(new URL('./stage-process.js', import.meta.url));

function timed(command: string, ...args: readonly string[]): { readonly seconds: number; readonly output: string } {
  const begun = performance.now();
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status !== 0) throw new TypeError(`${command} ended ${status}: ${stderr}`);
  return { seconds: (performance.now() - begun) / 1000, output: stdout };
}

const stage = (source: string, level: 'full' | 'incremental') =>
  timed(process.execPath, stageProcess, source, target, level);
const clear = (): void => rmSync(target, { recursive: true, force: true });

function peer(source: string): number {
  const file = join(folder, 'peer.tar');
  const script = 'tar -b 2048 -cf - -C / "$1" | tee "$2" | openssl sha256 >/dev/null && sync "$2"';
  const { seconds } = timed('bash', '-c', script, 'bash', source.slice(1), file);
  rmSync(file);
  return seconds;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

function report(name: string, ours: readonly number[], theirs: readonly number[], limit: string): void {
  const ratio = median(ours) / median(theirs);
  const line = `${name.padEnd(28)}${median(ours).toFixed(2)} s, peer ${median(theirs).toFixed(2)} s: × ${ratio.toFixed(2)} (reach ${limit})`;
  process.stdout.write(`${line}\n`);
}

/** Sizes that look random and are the same every time. */
function* pseudoRandom(): Generator<number, never> {
  for (let state = 1; ; ) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    yield state / 2 ** 31;
  }
}

function smallTree(name: string, files: number, mostBytes: number): string {
  const root = join(folder, name);
  if (existsSync(root)) return root;
  const random = pseudoRandom();
  const bytes = Buffer.from(Array.from({ length: mostBytes }, () => Math.floor(random.next().value * 256)));
  for (let index = 0; index < files; index += 1) {
    const directory = join(root, `d${Math.floor(index / 1000) % 100}`, `e${Math.floor(index / 100)}`);
    if (index % 100 === 0) mkdirSync(directory, { recursive: true });
    const length = Math.min(mostBytes, 1 + Math.floor(random.next().value * mostBytes));
    writeFileSync(join(directory, `file-${index}.dat`), bytes.subarray(0, length));
  }
  return root;
}

function largeTree(files: number, bytesEach: number): string {
  const root = join(folder, 'large');
  if (existsSync(root)) return root;
  mkdirSync(root, { recursive: true });
  const random = pseudoRandom();
  const block = Buffer.from(Array.from({ length: 1 << 20 }, () => Math.floor(random.next().value * 256)));
  for (let index = 0; index < files; index += 1) {
    const fd = openSync(join(root, `file-${index}`), 'w');
    for (let done = 0; done < bytesEach; done += block.length)
      writeSync(fd, block, 0, Math.min(block.length, bytesEach - done));
    closeSync(fd);
  }
  return root;
}

function compareFull(name: string, source: string, limit: string): void {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let turn = 0; turn < repeats; turn += 1) {
    clear();
    ours.push(stage(source, 'full').seconds);
    clear();
    theirs.push(peer(source));
  }
  report(name, ours, theirs, limit);
}

function compareUnchanged(source: string): void {
  clear();
  stage(source, 'full');
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let turn = 0; turn < repeats; turn += 1) {
    ours.push(stage(source, 'incremental').seconds);
    theirs.push(timed('find', source, '-printf', '%p %s %T@ %C@ %i\n').seconds);
  }
  const more = median(ours) - median(theirs);
  process.stdout.write(`${'unchanged, 100,000 files'.padEnd(28)}${more.toFixed(2)} s more than find (reach 1.5)\n`);
}

function peakMiB(files: number): number {
  const source = smallTree(`memory-${files}`, files, 100);
  clear();
  const peak = (JSON.parse(stage(source, 'full').output) as { readonly peakKiB: number }).peakKiB / 1024;
  rmSync(source, { recursive: true });
  return peak;
}

mkdirSync(folder, { recursive: true });
if (isWanted('small')) compareFull('100,000 files, 1-16 KiB', smallTree('small', 100_000, 16_384), '1.25');
if (isWanted('large')) compareFull('4 GiB in 40 files', largeTree(40, Math.floor((4 * 2 ** 30) / 40)), '1.0');
if (isWanted('unchanged')) compareUnchanged(smallTree('small', 100_000, 16_384));
if (isWanted('memory')) {
  const few = peakMiB(10_000);
  const many = peakMiB(1_000_000);
  process.stdout.write(
    `peak memory: ${few.toFixed(0)} MiB at 10,000 files, ${many.toFixed(0)} at 1,000,000 (reach: 400, and 60 more)\n`,
  );
}
rmSync(folder, { recursive: true });
