import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Catalog } from '#src/catalog/catalog';
import type { FindQuery } from '#src/catalog/files';
import {
  addCartridge,
  addStaged,
  addVolume,
  day,
  engines,
  newVolume,
  withCatalog,
  writeSegment,
} from '#test/catalog/engines';

const find = (catalog: Catalog, match: FindQuery['match'], more: Partial<FindQuery> = {}) =>
  catalog.files.find({ match, limit: 100, ...more });
const byPath = (path: string | Uint8Array): FindQuery['match'] => ({ kind: 'path', path: Buffer.from(path) });
const glob = (pattern: string): FindQuery['match'] => ({ kind: 'glob', pattern });
const part = (text: string): FindQuery['match'] => ({ kind: 'part', text: Buffer.from(text) });

for (const engine of engines) {
  describe(`find in ${engine.name}`, () => {
    const threeRuns = async (catalog: Catalog) => {
      for (const [at, n] of [
        ['2026-11-20T22:00:00Z', 1],
        ['2026-11-21T22:00:00Z', 2],
        ['2026-11-22T22:00:00Z', 3],
      ] as const) {
        await addStaged(
          catalog,
          [
            { path: '/home/ann/report.txt', size: n },
            { path: '/home/ann/Report.TXT', size: n },
          ],
          {
            id: `home-${n}`,
            startedAt: day(at),
          },
        );
      }
      await addStaged(catalog, [{ path: '/home/ann/report.txt', size: 9 }], {
        id: 'other',
        backupSet: 'other',
        startedAt: day('2026-11-19T22:00:00Z'),
      });
    };
    const sizes = (result: Awaited<ReturnType<typeof find>>) => result.versions.map(({ sizeBytes }) => sizeBytes);

    test('newest first, by set, by time with both ends, latest, with a limit', async () => {
      await withCatalog(engine, async (catalog) => {
        await threeRuns(catalog);
        const report = byPath('/home/ann/report.txt');
        assert.deepEqual(sizes(await find(catalog, report)), [3, 2, 1, 9]);
        assert.deepEqual(sizes(await find(catalog, report, { backupSet: 'other' })), [9]);
        assert.deepEqual(sizes(await find(catalog, report, { before: day('2026-11-21T22:00:00Z') })), [2, 1, 9]);
        assert.deepEqual(sizes(await find(catalog, report, { after: day('2026-11-21T22:00:00Z') })), [3, 2]);
        assert.deepEqual(sizes(await find(catalog, report, { latest: true })), [3]);
        assert.deepEqual(sizes(await find(catalog, part('eport'), { latest: true })), [3, 3]);
        const limited = await find(catalog, part('report'), { limit: 2 });
        assert.deepEqual([sizes(limited), limited.truncated], [[3, 2], true]);
        assert.equal((await find(catalog, part('report'), { limit: 4 })).truncated, false);
        assert.deepEqual(sizes(await find(catalog, byPath('/home/ann'))), []);
      });
    });

    test('a copy lives in staging, or on a volume until its cartridge is labelled again', async () => {
      await withCatalog(engine, async (catalog) => {
        const { key } = await addStaged(catalog, [{ path: '/a/one' }]);
        const count = async (all = false) => (await find(catalog, byPath('/a/one'), { all })).versions.length;
        const cartridge = await addCartridge(catalog);
        const volume = await addVolume(catalog, cartridge);
        await writeSegment(catalog, volume, { dataSet: key, segment: 1, fileNumber: 1 });
        await catalog.dataSets.leftStaging(key, 1);
        assert.equal(await count(), 1);
        const intent = await catalog.volumes.beginLabelling(newVolume(cartridge));
        assert.deepEqual([await count(), await count(true)], [0, 1]);
        await catalog.volumes.withdraw(intent.key);
        assert.equal(await count(), 1);
        await catalog.volumes.confirm((await catalog.volumes.beginLabelling(newVolume(cartridge))).key);
        assert.deepEqual([await count(), await count(true)], [0, 1]);
      });
    });

    test('globs over whole paths', async () => {
      await withCatalog(engine, async (catalog) => {
        const latin1 = Buffer.concat([Buffer.from('/home/caf'), Buffer.from([0xe9])]);
        const paths = [
          '/home',
          '/home/a.txt',
          '/home/b.TXT',
          '/home/x/a.txt',
          '/home/x/y/a.txt',
          '/home/[x]',
          '/a.txt',
          '/home/größe',
          '/home/a*b',
        ];
        await addStaged(
          catalog,
          [...paths, latin1].map((path) => ({ path })),
        );
        const matches = async (pattern: string) =>
          (await find(catalog, glob(pattern))).versions
            .map(({ path }) => Buffer.from(path).toString('latin1'))
            .toSorted();
        assert.deepEqual(await matches('/home/*.txt'), ['/home/a.txt']);
        assert.deepEqual(await matches('/home/**/a.txt'), ['/home/a.txt', '/home/x/a.txt', '/home/x/y/a.txt']);
        assert.deepEqual(await matches('**/a.txt'), ['/a.txt', '/home/a.txt', '/home/x/a.txt', '/home/x/y/a.txt']);
        assert.deepEqual(await matches('/home/*/a.txt'), ['/home/x/a.txt']);
        assert.deepEqual(await matches('/home/x/**'), ['/home/x/a.txt', '/home/x/y/a.txt']);
        assert.deepEqual(await matches('/home/?.[tT][!a]*'), ['/home/a.txt', '/home/b.TXT']);
        assert.deepEqual(await matches('/home/[[]x]'), ['/home/[x]']);
        assert.deepEqual(await matches('/home/a\\*b'), ['/home/a*b']);
        assert.deepEqual(await matches('/home/gr??e'), [Buffer.from('/home/größe').toString('latin1')]);
        assert.deepEqual(await matches('/home/caf?'), [latin1.toString('latin1')]);
        assert.deepEqual(await matches('/home/caf\\xE9'), [latin1.toString('latin1')]);
        assert.deepEqual(await matches('/home/[z-a]*'), []);
        assert.deepEqual(await matches('/home'), ['/home']);
        assert.deepEqual(await matches('*.txt'), []);
      });
    });
  });
}
