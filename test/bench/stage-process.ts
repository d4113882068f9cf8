import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { archive } from '#src/archive/archive';
import { systemClock } from '#src/base/clock';
import type { DataSetRecord } from '#src/catalog/data-sets';
import { openSqliteCatalog } from '#src/catalog/sql/sqlite/open-sqlite-catalog';
import { StagingArea } from '#src/staging/staging-area';

/**
 * Stages a tree as a backup run does, in a process of its own: `stage-process.js SOURCE TARGET full|incremental`. The target holds catalog and
 * staging area; a full begins with empty ones. Prints one line of JSON.
 */
async function stage([source = '', target = '', level = 'full']: readonly string[]): Promise<void> {
  if (level === 'full') rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  await using catalog = await openSqliteCatalog({ path: join(target, 'catalog.sqlite'), clock: systemClock });
  const { dataSets, files } = catalog;
  const base = level === 'full' ? undefined : await dataSets.latestUsable('bench');
  const record = await dataSets.create(newDataSet(base));
  const staging = new StagingArea({ path: join(target, 'staging'), sizeBytes: 2 ** 50, dataSets });
  await staging.recover();
  const segmentBytes = 8 * 2 ** 30;
  const chain = base ? (await dataSets.chain(base.key)).map(({ key }) => key) : [];
  const result = await archive({
    selection: { roots: [Buffer.from(source)], excludes: [], never: [], oneFileSystem: false },
    segmentBytes,
    sink: staging.sink(record, { segmentBytes }),
    versions: files.openWriter(record.key),
    reference: base && ((directories) => files.reference(chain, directories)),
    previousFileSystems: base ? await dataSets.fileSystems(base.key) : [],
    scratchDirectory: target,
    onWarning: ({ message }) => process.stderr.write(`${message}\n`),
  });
  await dataSets.addFileSystems(record.key, result.fileSystems);
  await dataSets.update(record.key, { state: 'complete', finishedAt: systemClock.now(), files: result.files });
  const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  const { files: entries, bytes, warnings } = result;
  process.stdout.write(`${JSON.stringify({ entries, bytes, warnings, peakKiB: Number(peak) })}\n`);
}

function newDataSet(
  base: DataSetRecord | undefined,
): Omit<DataSetRecord, 'key' | 'state' | 'finishedAt' | 'files' | 'bytes'> {
  const startedAt = systemClock.now();
  const id = `bench-${new Date(startedAt).toISOString().replace(/[-:]|\.\d+/g, '')}`;
  return {
    id,
    backupSet: 'bench',
    level: base ? 'incremental' : 'full',
    base: base?.key,
    startedAt,
    runDay: '2026-11-22',
    timeZone: 'UTC',
    library: 'main',
    pool: 'daily',
    rotation: undefined,
    tier: undefined,
    protection: { kind: 'forever' },
    writer: undefined,
  };
}

await stage(process.argv.slice(2));
