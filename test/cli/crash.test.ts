import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { xxh64 } from '#src/base/xxh64';
import { stagedPaths } from '#src/staging/staged-paths';
import { Installation } from '#test/support/installation';
import { readTapeFiles } from '#test/support/tap-image';

type Snapshot = ReadonlyMap<string, string>;
interface Listed {
  readonly dataSet: string;
  readonly state: string;
}
interface Kill {
  readonly what: string;
  readonly level: 'full' | 'incremental';
  /** Instant and occurrence, or milliseconds after the start. */
  readonly at: readonly [string, number] | number;
}

/** What the last complete run was of. */
interface Kept {
  readonly dataSet: string;
  readonly source: Snapshot;
}

const staging = /^(staging\.begun|segment\.(filling|synced|renamed|staged)|data-set\.(recorded|complete))$/;
const writing =
  /^(mount|labelling|tape-file\.(begun|descriptor|payload|committed)|segment\.evict|data-set\.(concluded|leaving))/;
const beforeCommit = /^tape-file\.(synchronised|position)$/;

// A kill leaves what the kernel holds, so that memory serves as well as a disk here, and does not make everybody wait for its synchronising.
if (existsSync('/dev/shm')) process.env['TMPDIR'] = '/dev/shm';

test('killed at 20 instants, a run loses nothing that it called staged or written, and the next one runs', async () => {
  const seed = process.env['GRANDSIRE_CRASH_SEED'] ?? '1';
  await using here = await Installation.create({
    capacity: '48MiB',
    segmentSize: '1MiB',
    slots: 12,
    cartridges: Array.from({ length: 10 }, (_, n) => `G000${10 + n}L9`),
  });
  makeSource(here.source);
  let kept = await completeRun(here, 'full');
  const { kills, lengthMs } = await drawKills(here, seed);
  assert.ok(kills.length >= 20);
  for (const [round, kill] of kills.entries()) {
    changeSource(here.source, round);
    const name = `seed ${seed}, kill ${round + 1}: ${kill.what} of a run of ${Math.round(lengthMs)} ms`;
    try {
      await killRun(here, kill);
      await assertClean(here);
      // Every other time the next run is the first to meet what the killed one left: a cartridge in a drive, an open data set.
      if (round % 2 === 0) await assertReportedRestores(here);
      if (round % 2 === 0) await assertRestores(here, kept);
      const before = kept;
      kept = await completeRun(here, kill.level);
      if (round % 2 === 1) await assertRestores(here, before);
      await assertClean(here);
      await assertAtRest(here);
    } catch (error) {
      throw new Error(`${name}: ${error instanceof Error ? error.stack : error}`, { cause: error });
    }
  }
  await assertRestores(here, kept);
});

function makeSource(source: string): void {
  for (const folder of ['a', 'b', 'c']) {
    mkdirSync(join(source, folder));
    for (let n = 0; n < 12; n += 1) writeFileSync(join(source, folder, `file-${n}`), randomBytes(20_000));
  }
  writeFileSync(join(source, 'b', 'long'), randomBytes(1_800_000));
  changeSource(source, 0);
}

/** The same shape every time, so that every run comes to the same instants. */
function changeSource(source: string, round: number): void {
  for (const folder of ['a', 'c']) writeFileSync(join(source, folder, 'changing'), randomBytes(1_100_000));
  writeFileSync(join(source, 'round'), `${round}\n`);
}

function snapshot(folder: string): Snapshot {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name));
  return new Map(paths.map((path) => [path.slice(folder.length), sha256(readFileSync(path))]));
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function completeRun(here: Installation, level: string): Promise<Kept> {
  later(here);
  const run = await here.command('backup', 'run', 'home', '--level', level, '--json');
  assert.equal(run.exitCode, 0, run.stdout);
  return { dataSet: JSON.parse(run.stdout).dataSet, source: snapshot(here.source) };
}

const later = ({ clock }: Installation): void => clock.set((clock.now() + 60_000) as ReturnType<typeof clock.now>);

/** Measures a run of each level, and draws: 5 in staging, 6 in writing, 5 between synchronise and commit, 4 by the clock. */
async function drawKills(here: Installation, seed: string): Promise<{ kills: readonly Kill[]; lengthMs: number }> {
  const random = randomNumbers(seed);
  const levels = ['full', 'incremental'] as const;
  const traces = new Map<string, readonly string[]>();
  let lengthMs = 0;
  for (const level of levels) {
    changeSource(here.source, 0);
    later(here);
    rmSync(here.traceFile, { force: true });
    const began = performance.now();
    const end = await here.start(runOf(level), { GRANDSIRE_TRACE: here.traceFile }).ended;
    lengthMs = Math.max(lengthMs, performance.now() - began);
    assert.equal(end.exitCode, 0, end.output);
    traces.set(level, here.trace());
  }
  const drawn = (phase: RegExp, count: number): Kill[] =>
    Array.from({ length: count }, (_, n) => {
      const level = levels[n % 2] ?? 'full';
      const trace = traces.get(level) ?? [];
      const lines = trace.flatMap((name, line) => (phase.test(name) ? [line] : []));
      const line = lines[Math.floor(random() * lines.length)];
      const name = trace[line ?? -1];
      if (line === undefined || name === undefined)
        throw new RangeError(`no instant of ${phase} in ${trace.join(' ')}`);
      const occurrence = trace.slice(0, line + 1).filter((other) => other === name).length;
      return { what: `${name}:${occurrence} (${level})`, level, at: [name, occurrence] };
    });
  const timed = Array.from({ length: 4 }, (_, n): Kill => {
    const at = Math.floor(random() * lengthMs);
    return { what: `${at} ms (${levels[n % 2]})`, level: levels[n % 2] ?? 'full', at };
  });
  const leaving: Kill = { what: 'when everything is on cartridges', level: 'full', at: ['data-set.leaving', 1] };
  const kills = [...drawn(staging, 5), leaving, ...drawn(writing, 6), ...drawn(beforeCommit, 5), ...timed];
  return { kills, lengthMs };
}

const runOf = (level: string): readonly string[] => ['backup', 'run', 'home', '--level', level];

function* numbers(seed: string): Generator<number> {
  for (let n = 0; ; n += 1) yield createHash('sha256').update(`${seed} ${n}`).digest().readUInt32LE(0) / 2 ** 32;
}
function randomNumbers(seed: string): () => number {
  const source = numbers(seed);
  return () => source.next().value as number;
}

async function killRun(here: Installation, { what, level, at }: Kill): Promise<void> {
  later(here);
  rmSync(here.traceFile, { force: true });
  const stop: Record<string, string> = typeof at === 'number' ? {} : { GRANDSIRE_TRACE_STOP: at.join(':') };
  const run = here.start(runOf(level), { GRANDSIRE_TRACE: here.traceFile, ...stop });
  // Where it comes after the end by a hair, the run was complete, which is a lawful outcome of a kill by the clock.
  const timer = typeof at === 'number' ? setTimeout(() => run.process.kill('SIGKILL'), at) : undefined;
  const { signal, output } = await run.ended;
  clearTimeout(timer);
  if (typeof at === 'number' || signal === 'SIGKILL') return;
  // Where segments end depends on the threads: a run can have one fewer than the one that was measured.
  assert.ok(at[1] > 1, `it ended by itself: ${output}`);
  await killRun(here, { what, level, at: [at[0], at[1] - 1] });
}

async function assertClean(here: Installation): Promise<void> {
  const check = await here.command('catalog', 'check', '--json');
  assert.deepEqual(JSON.parse(check.stdout), { ok: true, findings: [] });
  assert.equal(check.exitCode, 0);
  await assertOnMedium(here);
}

const seen = new Map<string, number>();

/** What the catalog calls written stands on the image, whole: looked at without the program's reader, where the image was changed since the last time. */
async function assertOnMedium(here: Installation): Promise<void> {
  await here.withApp(async ({ catalog }) => {
    for (const volume of await catalog.volumes.current()) {
      const cartridge = await catalog.cartridges.get(volume.cartridge);
      const image = here.device.imagePath(cartridge?.barcode ?? '');
      const { mtimeMs } = statSync(image);
      if (seen.get(image) === mtimeMs) continue;
      seen.set(image, mtimeMs);
      const onImage = readTapeFiles(image);
      for (const file of await catalog.tapeFiles.ofVolume(volume.key)) {
        if (file.state !== 'written') continue;
        const [first, ...payload] = onImage[file.fileNumber] ?? [];
        const where = `${cartridge?.barcode}, tape file ${file.fileNumber} (${file.kind} ${file.number})`;
        assert.ok(first, `${where} is not on the image`);
        const descriptor = JSON.parse(first.subarray(512).toString().replace(/\0.*$/s, ''));
        const bytes = Buffer.concat(payload);
        assert.equal(descriptor.volume, volume.id, where);
        assert.equal(bytes.length, file.payloadBytes, where);
        assert.equal(xxh64(bytes), descriptor.payloadXxh64, where);
        if (file.kind !== 'segment' || file.dataSet === undefined) continue;
        const segments = await catalog.dataSets.segments(file.dataSet);
        assert.equal(segments.find(({ number }) => number === file.number)?.xxh64, xxh64(bytes), where);
      }
    }
  });
}

async function newest(here: Installation): Promise<Listed> {
  const { dataSets } = JSON.parse((await here.command('backup', 'list', '--json')).stdout);
  return dataSets[0];
}

/** Every file whose last segment the killed run had reported staged. */
async function assertReportedRestores(here: Installation): Promise<void> {
  const staged = here.trace().filter((name) => name === 'segment.staged').length;
  const { dataSet, state } = await newest(here);
  if (staged === 0) return;
  const to = join(here.folder, 'restored');
  const { failed } = await here.restore(dataSet, to);
  assert.deepEqual(failed, []);
  const [restored, source] = [snapshot(join(to, here.source)), snapshot(here.source)];
  rmSync(to, { recursive: true });
  if (state === 'complete') assert.deepEqual(restored, source);
  const paths = stagedPaths(join(here.folder, 'staging'));
  if (!existsSync(paths.folder(dataSet))) return assert.equal(state, 'complete');
  let files = 0;
  for (let number = 1; number <= staged; number += 1) {
    for (const line of readFileSync(paths.indexPart(dataSet, number), 'utf8').split('\n').filter(Boolean)) {
      const { path, type } = JSON.parse(line);
      if (type !== 'file') continue;
      const name = path.slice(here.source.length);
      assert.equal(restored.get(name), source.get(name), `${path} in segment ${number} of ${dataSet}`);
      files += 1;
    }
  }
  assert.ok(files > 0 || staged < 4, `nothing to compare in ${staged} segments`);
}

async function assertRestores(here: Installation, { dataSet, source }: Kept): Promise<void> {
  const to = join(here.folder, 'restored');
  const { failed } = await here.restore(dataSet, to);
  assert.deepEqual(failed, []);
  assert.deepEqual(snapshot(join(to, here.source)), source, dataSet);
  rmSync(to, { recursive: true });
}

/** Nothing lies about: drives are empty, leases gone, staging has only what is wanted (nothing). */
async function assertAtRest(here: Installation): Promise<void> {
  await here.withApp(async ({ catalog }) => {
    for (const { barcode, location } of await catalog.cartridges.list()) assert.equal(location.kind, 'slot', barcode);
    for (const resource of ['staging', 'library:main']) assert.equal(await catalog.leases.get(resource), undefined);
    assert.deepEqual(await catalog.dataSets.inStaging(), []);
  });
  assert.deepEqual(readdirSync(join(here.folder, 'staging')), []);
}
