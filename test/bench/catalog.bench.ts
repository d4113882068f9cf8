import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { systemClock } from '#src/base/clock';
import type { Catalog } from '#src/catalog/catalog';
import type { DataSetRecord } from '#src/catalog/data-sets';
import type { VersionBatch } from '#src/catalog/files';
import { openSqliteCatalog } from '#src/catalog/sql/sqlite/open-sqlite-catalog';
import { encodeVersionRow } from '#src/catalog/version-row';
import { addDataSet, segmentOf } from '#test/catalog/engines';

/** Figures of the catalog: `node dist/test/bench/catalog.bench.js [versions] [folder]`; 10^6 versions, 100 a directory, by default. */
const versions = Number(process.argv[2] ?? 1_000_000);
const parent = process.argv[3] ?? tmpdir();
const perDirectory = 100;
const perBatch = 8000;

const directoryOf = (n: number): string => {
  const number = Math.floor(n / perDirectory);
  const outer = String(Math.floor(number / 100)).padStart(5, '0');
  return `/home/user/projects/dir${outer}/sub${String(number % 100).padStart(3, '0')}`;
};
const nameOf = (n: number): string => `file-${String(n % perDirectory).padStart(4, '0')}.txt`;
const out = (label: string, value: string): boolean =>
  process.stdout.write(`${label.padEnd(52)}${value.padStart(16)}\n`);

/** Both, because a busy machine stretches the one and not the other. */
const cpuMs = (before: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
};

function batch(first: number, count: number): VersionBatch {
  const directories: string[] = [];
  const rows: string[] = [];
  const digests = randomBytes(count * 32);
  for (let n = first; n < first + count; n += 1) {
    const directory = directoryOf(n);
    if (directories.at(-1) !== directory) directories.push(directory);
    const [seconds, nanoseconds] = [1_780_000_000 + (n % 100_000), (n * 7_919_117) % 1_000_000_000];
    const values = {
      type: 'file',
      sizeBytes: (n * 7919) % 16_384,
      mtimeSeconds: seconds,
      mtimeNanoseconds: nanoseconds,
      ctimeSeconds: seconds,
      ctimeNanoseconds: nanoseconds,
      inode: String(1e6 + n),
      flags: 0,
    } as const;
    const place = { segment: 1, offset: (n * 8192) % 8e9 };
    rows.push(encodeVersionRow(directories.length - 1, JSON.stringify(nameOf(n)), values, place));
  }
  return {
    directories: directories.map((path) => Buffer.from(path)),
    rows: Buffer.from(`[${rows.join(',')}]`),
    hasByteNames: false,
    rowCount: count,
    digests,
  };
}

async function ingest(catalog: Catalog): Promise<DataSetRecord> {
  const dataSet = await addDataSet(catalog);
  await catalog.dataSets.beginSegment(dataSet.key, 1);
  const writer = catalog.files.openWriter(dataSet.key);
  let spent = 0;
  let busy = 0;
  let longest = 0;
  for (let first = 0; first < versions; first += perBatch) {
    const next = batch(first, Math.min(perBatch, versions - first));
    const began = performance.now();
    const cpu = process.cpuUsage();
    await writer.add(next);
    busy += cpuMs(cpu);
    const took = performance.now() - began;
    spent += took;
    longest = Math.max(longest, took);
  }
  await catalog.dataSets.segmentStaged(segmentOf(dataSet.key));
  out('versions a second, with digests', Math.round((versions / spent) * 1000).toLocaleString('en'));
  out('versions a second of processor time', Math.round((versions / busy) * 1000).toLocaleString('en'));
  out(`longest transaction of ${perBatch} rows, ms`, longest.toFixed(0));
  return dataSet;
}

async function lookups(catalog: Catalog): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < 3000; i += 1) {
    const n = (i * 7_919_117) % versions;
    const path = Buffer.from(`${directoryOf(n)}/${nameOf(n)}`);
    const began = performance.now();
    const found = await catalog.files.find({ match: { kind: 'path', path }, limit: 100 });
    times.push(performance.now() - began);
    if (found.versions.length !== 1) throw new RangeError(`lost ${path}`);
  }
  times.sort((a, b) => a - b);
  out('exact lookup, p50 ms', (times[1500] ?? 0).toFixed(2));
  out('exact lookup, p99 ms', (times[2970] ?? 0).toFixed(2));
}

async function timed(label: string, work: () => Promise<string>): Promise<void> {
  const began = performance.now();
  const cpu = process.cpuUsage();
  const what = await work();
  out(`${label} (${what}), ms`, `${(performance.now() - began).toFixed(0)} (cpu ${cpuMs(cpu).toFixed(0)})`);
}

async function walks(catalog: Catalog, { key }: DataSetRecord): Promise<void> {
  const directories = Array.from({ length: 1000 }, (_, n) => Buffer.from(directoryOf(n * perDirectory)));
  for (const round of ['first', 'again']) {
    await timed(`reference of 1,000 directories, ${round}`, async () => {
      let entries = 0;
      for (let at = 0; at < directories.length; at += 250) {
        const places = directories.slice(at, at + 250).map((directory) => ({ directory, from: Buffer.alloc(0) }));
        for (const page of await catalog.files.reference([key], places, 1000)) entries += page.entries.length;
      }
      return `${entries} entries`;
    });
  }
  await timed('find a part of a name', async () => {
    const match = { kind: 'part', text: Buffer.from('-0042') } as const;
    return `${(await catalog.files.find({ match, limit: 1000 })).versions.length} shown`;
  });
  await timed('find a glob', async () => {
    const match = { kind: 'glob', pattern: '/home/**/sub042/*7.txt' } as const;
    return `${(await catalog.files.find({ match, limit: 1000 })).versions.length} shown`;
  });
  await timed('the data set in order', async () => {
    let entries = 0;
    for await (const page of catalog.files.ofDataSet(key)) entries += page.length;
    return `${entries} versions`;
  });
  await timed('all directories', async () => {
    let entries = 0;
    for await (const page of catalog.files.directoriesOf([key], Buffer.from('/'))) entries += page.length;
    return `${entries} directories`;
  });
  await timed('check', async () => `${(await catalog.check()).length} findings`);
}

const folder = await mkdtemp(join(parent, 'catalog-bench-'));
try {
  const path = join(folder, 'catalog.sqlite');
  out(`${versions.toLocaleString('en')} versions below ${parent}`, '');
  let dataSet: DataSetRecord;
  {
    await using catalog = await openSqliteCatalog({ path, clock: systemClock });
    dataSet = await ingest(catalog);
  }
  out('bytes a version', ((await stat(path)).size / versions).toFixed(1));
  await using catalog = await openSqliteCatalog({ path, clock: systemClock });
  await lookups(catalog);
  await walks(catalog, dataSet);
  out('resident memory at its highest, MiB', (process.resourceUsage().maxRSS / 1024).toFixed(0));
} finally {
  await rm(folder, { recursive: true, force: true });
}
