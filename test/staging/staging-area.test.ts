import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { archive } from '#src/archive/archive';
import { instant, ManualClock } from '#src/base/clock';
import type { Catalog } from '#src/catalog/catalog';
import type { DataSetRecord } from '#src/catalog/data-sets';
import { openSqliteCatalog } from '#src/catalog/sql/sqlite/open-sqlite-catalog';
import { StagingArea, type StagingAreaOptions } from '#src/staging/staging-area';

let folder = '';
let catalog: Catalog;
const clock = new ManualClock(instant(Date.UTC(2026, 10, 22)));

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'staging-'));
  catalog = await openSqliteCatalog({ path: join(folder, 'catalog.sqlite'), clock });
  mkdirSync(join(folder, 'source'));
  for (let index = 0; index < 20; index += 1) {
    writeFileSync(join(folder, 'source', `file-${index}`), Buffer.alloc(20_000, index));
  }
});
afterEach(async () => {
  await catalog[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const createDataSet = (time = '220000'): Promise<DataSetRecord> =>
  catalog.dataSets.create({
    id: `home-20261122T${time}Z`,
    backupSet: 'home',
    level: 'full',
    base: undefined,
    startedAt: clock.now(),
    runDay: '2026-11-22',
    timeZone: 'UTC',
    library: 'main',
    pool: 'daily',
    rotation: undefined,
    tier: undefined,
    protection: { kind: 'forever' },
    writer: undefined,
  });

async function openArea(options: Partial<StagingAreaOptions> = {}): Promise<StagingArea> {
  const area = new StagingArea({
    path: join(folder, 'staging'),
    sizeBytes: 1 << 30,
    dataSets: catalog.dataSets,
    tapeFiles: catalog.tapeFiles,
    ...options,
  });
  assert.deepEqual(await area.recover(), []);
  return area;
}

const stage = (area: StagingArea, dataSet: DataSetRecord, segmentBytes: number) =>
  archive({
    selection: { roots: [Buffer.from(join(folder, 'source'))], excludes: [], never: [], oneFileSystem: false },
    segmentBytes,
    sink: area.sink(dataSet, { segmentBytes }),
    versions: catalog.files.openWriter(dataSet.key),
    scratchDirectory: folder,
    onWarning: ({ message }) => assert.fail(message),
  });

describe('staging', () => {
  it('makes segments that the catalog and the disk agree about', async () => {
    const area = await openArea();
    const dataSet = await createDataSet();
    const result = await stage(area, dataSet, 100_000);
    const segments = await catalog.dataSets.segments(dataSet.key);
    assert.equal(segments.length, result.segments);
    assert.ok(segments.length > 4);
    for (const { number, payloadBytes, state, inStaging } of segments) {
      assert.equal(readFileSync(area.segment(dataSet.id, number)).length, payloadBytes);
      assert.deepEqual([state, inStaging], ['staged', true]);
      assert.ok(existsSync(area.indexPart(dataSet.id, number)));
    }
    const { segments: shown } = await area.status();
    assert.deepEqual(
      shown.map(({ dataSet: id, number, state }) => [id, number, state]),
      segments.map(({ number }) => [dataSet.id, number, 'staged']),
    );
  });

  it('lets a data set through that is larger than the area, as others take segments away', async () => {
    let evicted = 0;
    const dataSet = await createDataSet();
    // One after the other: two that look at once would take the same segment away.
    let working: Promise<void> = Promise.resolve();
    const makeRoom = async (): Promise<void> => {
      const [oldest] = await catalog.dataSets.inStaging();
      // The first segment may still be on its way to the disk: then shortage is told again.
      if (!oldest) return;
      evicted += 1;
      await area.evict(oldest, dataSet);
    };
    const area = await openArea({
      sizeBytes: 250_000,
      onShortage: () => {
        working = working.then(makeRoom);
        working.catch((error: unknown) => assert.fail(String(error)));
      },
    });
    const result = await stage(area, dataSet, 100_000);
    await working;
    assert.ok(evicted > 1);
    assert.equal((await catalog.dataSets.segments(dataSet.key)).length, result.segments);
    const left = readdirSync(join(folder, 'staging', dataSet.id)).filter((name) => name.endsWith('.segment'));
    assert.equal(left.length, result.segments - evicted);
  });

  it('fails by name where no room will come, and keeps what was staged', async () => {
    // The first shortage may be told while the first segment is still on its way to the disk; it is told again.
    const refuse = async (): Promise<void> => {
      if ((await catalog.dataSets.inStaging()).length > 0) area.refuse();
    };
    const area = await openArea({ sizeBytes: 250_000, onShortage: () => void refuse() });

    const dataSet = await createDataSet();
    await assert.rejects(stage(area, dataSet, 100_000), { code: 'staging.full' });
    const segments = await catalog.dataSets.segments(dataSet.key);
    assert.ok(segments.length >= 1);
    assert.ok(segments.every(({ state }) => state === 'staged'));
  });

  it('says that it is too small for one segment', async () => {
    const area = await openArea({ sizeBytes: 50_000 });
    await assert.rejects(stage(area, await createDataSet(), 100_000), { code: 'staging.too-small' });
  });
});

describe('after a crash', () => {
  it('takes away what was being filled; keeps what was staged', async () => {
    const dataSet = await createDataSet();
    const before = await openArea();
    await stage(before, dataSet, 100_000);
    const staged = await catalog.dataSets.segments(dataSet.key);
    const next = staged.length + 1;
    await catalog.dataSets.beginSegment(dataSet.key, next);
    writeFileSync(before.paths.partial(dataSet.id, next), 'torn');
    await catalog.dataSets.beginSegment(dataSet.key, next + 1);
    writeFileSync(before.segment(dataSet.id, next + 1), 'renamed, not committed');
    writeFileSync(before.scratch(dataSet.id, 'index.tar.zst'), 'scratch');
    // As `openScratchFile` leaves it where the process dies before the name is gone.
    mkdirSync(join(folder, 'staging', '.scratch-Ab12Cd'));
    writeFileSync(join(folder, 'staging', '.scratch-Ab12Cd', 'file'), '');
    const area = await openArea();
    assert.deepEqual(readdirSync(join(folder, 'staging')), [dataSet.id]);
    assert.deepEqual(await catalog.dataSets.segments(dataSet.key), staged);
    const left = readdirSync(join(folder, 'staging', dataSet.id)).filter((name) => !/\.(index|json)$/.test(name));
    assert.equal(left.length, staged.length);
    assert.equal((await area.status()).segments.length, staged.length);
  });

  it('keeps and names what the catalog does not know: it may be the only copy', async () => {
    const known = await createDataSet();
    const before = await openArea();
    await stage(before, known, 100_000);
    writeFileSync(before.segment(known.id, 77), 'staged under a catalog that was lost');
    const lost = before.segment('home-20200101T000000Z', 1);
    mkdirSync(dirname(lost));
    writeFileSync(lost, 'and a whole data set');
    const area = new StagingArea({
      path: join(folder, 'staging'),
      sizeBytes: 1 << 30,
      dataSets: catalog.dataSets,
      tapeFiles: catalog.tapeFiles,
    });
    const findings = await area.recover();
    assert.deepEqual(
      findings.map(({ code, subject }) => [code, subject]).sort(),
      [known.id, 'home-20200101T000000Z'].map((id) => ['staging.unknown-segment', id]).sort(),
    );
    assert.ok(existsSync(area.segment(known.id, 77)) && existsSync(lost));
  });

  it('names a segment whose file is missing', async () => {
    const dataSet = await createDataSet();
    await stage(await openArea(), dataSet, 100_000);
    const area = new StagingArea({
      path: join(folder, 'staging'),
      sizeBytes: 1 << 30,
      dataSets: catalog.dataSets,
      tapeFiles: catalog.tapeFiles,
    });
    rmSync(area.segment(dataSet.id, 2));
    const findings = await area.recover();
    assert.deepEqual(
      findings.map(({ code }) => code),
      ['staging.segment-missing'],
    );
  });
});
