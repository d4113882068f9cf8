import assert from 'node:assert/strict';
import { mkdir, open, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ErrorCode } from '#src/base/error-codes';
import { GrandsireError } from '#src/base/errors';
import type { Catalog } from '#src/catalog/catalog';
import { SqliteConnection } from '#src/catalog/sql/sqlite/connection';
import { assertLocalFileSystem } from '#src/catalog/sql/sqlite/local-file-system';
import { openSqliteCatalog } from '#src/catalog/sql/sqlite/open-sqlite-catalog';
import { schema1 } from '#src/catalog/sql/sqlite/schema-1';
import {
  addCartridge,
  addDataSet,
  addStaged,
  addVolume,
  batchOf,
  day,
  segmentOf,
  testClock,
  until,
  withFolder,
  writeSegment,
} from '#test/catalog/engines';

/** What only a SQLite file can suffer. */
const failsWith = (code: ErrorCode) => (error: unknown) =>
  error instanceof GrandsireError && error.code === code && error.remedy.length > 20;

const inFolder = (work: (path: string) => Promise<void>) => () =>
  withFolder((folder) => work(join(folder, 'catalog.sqlite')));
const openAt = (path: string, readOnly = false) => openSqliteCatalog({ path, clock: testClock(), readOnly });
const edit = async (path: string, ...statements: string[]) => {
  const connection = await SqliteConnection.open({ path, mode: 'create', setup: statements });
  await connection.close();
};

test(
  'a file that is no database, or another program’s, is left as it is',
  inFolder(async (path) => {
    await writeFile(path, 'Dear diary, '.repeat(1000));
    await assert.rejects(openAt(path), failsWith('catalog.foreign'));
    assert.equal((await readFile(path, 'utf8')).length, 12_000);
    const other = `${path}.other`;
    await edit(other, 'create table bookmarks(url text)');
    const before = await readFile(other);
    await assert.rejects(openAt(other), failsWith('catalog.foreign'));
    await assert.rejects(openAt(other, true), failsWith('catalog.foreign'));
    assert.deepEqual(await readFile(other), before);
  }),
);

test(
  'a newer schema is refused, an older one only for reading',
  inFolder(async (path) => {
    await (await openAt(path))[Symbol.asyncDispose]();
    await edit(path, 'pragma user_version = 4711');
    await assert.rejects(openAt(path), failsWith('catalog.newer-schema'));
    await edit(path, 'pragma user_version = 0');
    await assert.rejects(openAt(path, true), failsWith('catalog.older-schema'));
  }),
);

test(
  'a catalog of the first schema is brought up to date: what is wholly on cartridges counts as concluded',
  inFolder(async (path) => {
    const at = "'home', 'full', 'complete', 0, '2026-11-22', 'UTC', 'main', 'daily', 'none', 0, 0";
    const columns =
      'backup_set, level, state, started_at, run_day, time_zone, library, pool, protection_kind, files, bytes';
    await edit(
      path,
      schema1,
      `insert into schema_versions values (1, 0); pragma user_version = 1; pragma application_id = ${0x47525343}`,
      `insert into data_sets(key, id, ${columns}) values (1, 'home-20261122T000000Z', ${at}), (2, 'home-20261123T000000Z', ${at})`,
      "insert into segments(data_set, number, state, payload_bytes, xxh64, in_staging) values (1, 1, 'written', 1, '', 0), (2, 1, 'staged', 1, '', 1)",
    );
    await using catalog = await openAt(path);
    const dataSets = await catalog.dataSets.list({ state: 'complete' });
    const concluded = dataSets.map(({ id, concluded, nameOnly }) => [id, concluded, nameOnly]);
    assert.deepEqual(concluded, [
      ['home-20261123T000000Z', false, false],
      ['home-20261122T000000Z', true, false],
    ]);
    assert.equal((await catalog.dataSets.segments(dataSets[0]?.key as never))[0]?.listed, true);
  }),
);

test(
  'a missing catalog is named when only reading; a missing folder always',
  inFolder(async (path) => {
    await assert.rejects(openAt(path, true), failsWith('catalog.missing'));
    await assert.rejects(openAt(join(path, 'below', 'catalog.sqlite')), failsWith('catalog.missing'));
    await mkdir(path);
    await assert.rejects(openAt(path), failsWith('catalog.unreachable'));
  }),
);

test(
  'opened for reading it shows everything and writes nothing',
  inFolder(async (path) => {
    await using writer = await openAt(path);
    await addStaged(writer, [{ path: '/a/one' }]);
    await using reader = await openAt(path, true);
    assert.equal((await reader.stats()).versions, 1);
    await assert.rejects(addCartridge(reader), failsWith('catalog.read-only'));
    await assert.rejects(
      reader.transaction(async () => {}),
      failsWith('catalog.read-only'),
    );
  }),
);

test(
  'a damaged file says so',
  inFolder(async (path) => {
    {
      await using catalog = await openAt(path);
      await addStaged(
        catalog,
        Array.from({ length: 3000 }, (_, n) => ({ path: `/a/${n}` })),
      );
    }
    const { size } = await stat(path);
    const file = await open(path, 'r+');
    await file.write(Buffer.alloc(20 * 4096, 0xa5), 0, undefined, size - 20 * 4096);
    await file.close();
    await using catalog = await openAt(path, true);
    const findings = await catalog.check();
    assert.deepEqual([...new Set(findings.map(({ code }) => code))], ['catalog.damaged']);
    await assert.rejects(catalog.stats(), failsWith('catalog.damaged'));
  }),
);

test(
  'a full disk is named, and what it stopped is rolled back',
  inFolder(async (path) => {
    const connection = await SqliteConnection.open({
      path,
      mode: 'create',
      setup: ['create table t(x blob)', 'pragma max_page_count = 10', 'begin'],
    });
    await assert.rejects(connection.run('insert into t values (zeroblob(100000))'), failsWith('catalog.disk-full'));
    await connection.close();
  }),
);

test(
  'values that the binding would store as NULL are refused',
  inFolder(async (path) => {
    const connection = await SqliteConnection.open({ path, mode: 'create', setup: [] });
    for (const value of [1n, undefined, 2 ** 53, new Date(0)]) {
      await assert.rejects(connection.rows('select ? as x', [value]), failsWith('internal.bug'));
    }
    assert.deepEqual(await connection.rows('select ? as x', [Buffer.alloc(0)]), [{ x: Buffer.alloc(0) }]);
    await connection.close();
  }),
);

test('network file systems are refused by name, local ones are not', async () => {
  const probe = (type: number, name?: string) => ({ type: async () => type, mountedAs: async () => name });
  const refused: [number, string | undefined, string][] = [
    [0x6969, undefined, 'NFS'],
    [0xff534d42, undefined, 'CIFS'],
    [0xfe534d42 | 0, undefined, 'SMB2'],
    [0x01021997, undefined, '9p'],
    [0x65735546, 'fuse.sshfs', 'sshfs'],
  ];
  for (const [type, name, shown] of refused) {
    await assert.rejects(
      assertLocalFileSystem('/somewhere', probe(type, name)),
      (error) => failsWith('catalog.network-file-system')(error) && String(error).includes(`(${shown})`),
    );
  }
  await assertLocalFileSystem('/somewhere', probe(0xef53));
  await assertLocalFileSystem('/somewhere', probe(0x65735546, 'fuse.ntfs-3g'));
  await assertLocalFileSystem('/');
});

test(
  'a backup is a whole catalog, made while others work, and leaves nothing else behind',
  inFolder(async (path) => {
    await using catalog = await openAt(path);
    await addStaged(catalog, [{ path: '/a/one' }]);
    const target = `${path}.backup`;
    await writeFile(target, 'the one before');
    const [, cartridge] = await Promise.all([catalog.backupTo(target), addCartridge(catalog)]);
    assert.ok(cartridge);
    await using copy = await openAt(target, true);
    assert.equal((await copy.stats()).versions, 1);
    assert.deepEqual(
      (await readdir(join(path, '..'))).filter((name) => name.includes('.tmp')),
      [],
    );
  }),
);

/** Each breaks a sound catalog in one way. `repaired`: `check` is content after `repair`. */
const contradictions: readonly { code: ErrorCode; sql: string; repaired?: true }[] = [
  { code: 'catalog.dangling-reference', sql: 'delete from cartridges' },
  { code: 'catalog.missing-base', sql: "update data_sets set base = null where level <> 'full'" },
  { code: 'catalog.missing-base', sql: "update data_sets set state = 'interrupted' where level = 'full'" },
  {
    code: 'catalog.segment-missing',
    sql: 'update segments set number = 3 where number = 2; update tape_files set number = 3 where number = 2; update versions set segment = 3 where segment = 2',
  },
  { code: 'catalog.segment-without-copy', sql: "update volumes set state = 'superseded'" },
  {
    code: 'catalog.segment-without-copy',
    sql: "update volumes set state = 'superseded'; update data_sets set state = 'interrupted'",
  },
  { code: 'catalog.segment-state', sql: "update segments set state = 'staged'", repaired: true },
  { code: 'catalog.open-tape-file', sql: "update tape_files set state = 'open' where number is null", repaired: true },
  { code: 'catalog.overlapping-tape-files', sql: 'update tape_files set block = 11 where file_number = 2' },
  { code: 'catalog.contents-missing', sql: 'delete from contents', repaired: true },
  { code: 'catalog.version-without-segment', sql: 'update versions set segment = 9', repaired: true },
];

async function fillSoundly(catalog: Catalog): Promise<void> {
  const volume = await addVolume(catalog, await addCartridge(catalog));
  const full = await addDataSet(catalog, { id: 'full', protection: until('2026-12-24') });
  for (const number of [1, 2]) {
    await catalog.dataSets.beginSegment(full.key, number);
    await catalog.files.openWriter(full.key).add(batchOf([{ path: `/a/${number}`, segment: number }]));
    await catalog.dataSets.segmentStaged(segmentOf(full.key, number));
    await writeSegment(catalog, volume, { dataSet: full.key, segment: number, fileNumber: number });
    await catalog.dataSets.leftStaging(full.key, number);
  }
  const index = {
    volume: volume.key,
    kind: 'index',
    block: 30,
    payloadBytes: 1,
    dataSet: full.key,
    number: undefined,
  } as const;
  await catalog.tapeFiles.begin({ ...index, fileNumber: 3 });
  await catalog.tapeFiles.written(volume.key, 3, { blocks: 1, payloadBytes: 1 });
  await catalog.tapeFiles.begin({ ...index, kind: 'catalog', fileNumber: 4, block: 40, dataSet: undefined, number: 1 });
  await catalog.tapeFiles.written(volume.key, 4, { blocks: 1, payloadBytes: 1 });
  await catalog.dataSets.update(full.key, { state: 'complete' });
  const next = await addDataSet(catalog, {
    id: 'next',
    level: 'incremental',
    base: full.key,
    startedAt: day('2026-11-23T22:00:00Z'),
    protection: until('2026-12-24'),
  });
  await catalog.dataSets.beginSegment(next.key, 1);
  await catalog.leases.put({
    resource: 'library:main',
    host: 'here',
    pid: 1,
    job: 'killed',
    since: day('2026-11-23T22:00:00Z'),
  });
}

test(
  'a sound catalog has no findings, also with what a killed process leaves',
  inFolder(async (path) => {
    await using catalog = await openAt(path);
    await fillSoundly(catalog);
    assert.deepEqual(await catalog.check(), []);
  }),
);

for (const { code, sql, repaired } of contradictions) {
  test(
    `check finds ${code} after: ${sql}`,
    inFolder(async (path) => {
      {
        await using catalog = await openAt(path);
        await fillSoundly(catalog);
      }
      await edit(path, 'pragma foreign_keys = off', sql);
      await using catalog = await openAt(path);
      const findings = await catalog.check();
      const found = findings.filter((finding) => finding.code === code);
      assert.ok(found.length > 0, JSON.stringify(findings));
      assert.equal(found[0]?.repairable, repaired ?? false);
      const left = await catalog.repair(found);
      assert.equal(
        left.some((finding) => finding.code === code),
        repaired !== true,
      );
    }),
  );
}

test(
  'check says nothing of a missing base where nothing that relies on it is protected any more',
  inFolder(async (path) => {
    {
      await using catalog = await openAt(path);
      await fillSoundly(catalog);
    }
    const interrupted = "update data_sets set state = 'interrupted' where level = 'full'";
    await edit(path, interrupted, "update data_sets set protection_free_on = '2020-01-01'");
    await using catalog = await openAt(path);
    assert.deepEqual(await catalog.check(), []);
  }),
);
