import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GrandsireError } from '#src/base/errors';
import type { Catalog } from '#src/catalog/catalog';
import type { DataSetKey } from '#src/catalog/data-sets';
import { type FindQuery, versionFlags } from '#src/catalog/files';
import {
  addDataSet,
  addStaged,
  batchOf,
  collect,
  engines,
  pathsOf,
  referenceOf,
  segmentOf,
  withCatalog,
} from '#test/catalog/engines';

const find = (catalog: Catalog, match: FindQuery['match'], more: Partial<FindQuery> = {}) =>
  catalog.files.find({ match, limit: 100, ...more });
const byPath = (path: string | Uint8Array): FindQuery['match'] => ({ kind: 'path', path: Buffer.from(path) });
const glob = (pattern: string): FindQuery['match'] => ({ kind: 'glob', pattern });
const part = (text: string): FindQuery['match'] => ({ kind: 'part', text: Buffer.from(text) });

for (const engine of engines) {
  describe(`versions of files in ${engine.name}`, () => {
    test('what went in comes out: every column, to the last digit', async () => {
      await withCatalog(engine, async (catalog) => {
        const digest = Buffer.from(Array.from({ length: 32 }, (_, n) => 255 - n));
        const odd = Buffer.from([0x2f, 0xff, 0xfe, 0x2f, 0xc3, 0x28, 0x22]);
        const files = [
          { path: '/', type: 'directory', size: 0, digest: Buffer.alloc(32), inode: '2' },
          {
            path: '/a b/"quoted", [name]\n.txt',
            mtime: [-5, 999_999_999],
            ctime: [1_700_000_000, 1],
            digest,
            inode: '9223372036854775807',
          },
          {
            path: '/a b/größe',
            size: Number.MAX_SAFE_INTEGER,
            offset: 8 * 2 ** 30,
            inode: '18446744073709551615',
            flags: versionFlags.fuzzy,
          },
          {
            path: odd,
            type: 'socket',
            flags: versionFlags.hardLink,
            digest: Buffer.alloc(32),
            inode: '9223372036854775806',
          },
        ] as const;
        const { key } = await addStaged(catalog, files);
        const chain = [key];
        const [root, spaced, strange] = await referenceOf(catalog, chain, ['/', '/a b', odd.subarray(0, 3)]);
        assert.deepEqual(
          root?.map(({ name, type, inode }) => [name.length, type, inode]),
          [[0, 'directory', '2']],
        );
        assert.deepEqual(
          spaced?.map(({ name, ...rest }) => ({ ...rest, name: Buffer.from(name).toString() })),
          [
            {
              directory: Buffer.from('/a b'),
              name: '"quoted", [name]\n.txt',
              dataSet: key,
              type: 'file',
              sizeBytes: 100,
              mtime: { seconds: -5, nanoseconds: 999_999_999 },
              ctime: { seconds: 1_700_000_000, nanoseconds: 1 },
              inode: '9223372036854775807',
              flags: 0,
            },
            {
              directory: Buffer.from('/a b'),
              name: 'größe',
              dataSet: key,
              type: 'file',
              sizeBytes: Number.MAX_SAFE_INTEGER,
              mtime: { seconds: 1_780_000_000, nanoseconds: 123_456_789 },
              ctime: { seconds: 1_780_000_000, nanoseconds: 123_456_789 },
              inode: '18446744073709551615',
              flags: versionFlags.fuzzy,
            },
          ],
        );
        assert.deepEqual(Buffer.from(strange?.[0]?.name ?? []), odd.subarray(4));
        assert.equal(strange?.[0]?.inode, '9223372036854775806');

        const versions = await collect(catalog.files.ofDataSet(key));
        assert.deepEqual(
          versions.map(({ path }) => Buffer.from(path)),
          [files[0], files[1], files[3], files[2]].map(({ path }) => Buffer.from(path)),
        );
        const [, quoted, socket, large] = versions;
        assert.deepEqual(Buffer.from(quoted?.sha256 ?? []), digest);
        assert.equal(socket?.sha256, undefined);
        assert.equal(socket?.type, 'socket');
        assert.equal(socket?.flags, versionFlags.hardLink);
        assert.equal(large?.offset, 8 * 2 ** 30);
        assert.equal(large?.sizeBytes, Number.MAX_SAFE_INTEGER);
        assert.equal((await find(catalog, byPath(odd))).versions.length, 1);
      });
    });

    test('versions are invisible until their segment is staged', async () => {
      await withCatalog(engine, async (catalog) => {
        const { key } = await addDataSet(catalog);
        await catalog.dataSets.beginSegment(key, 1);
        await catalog.files.openWriter(key).add(batchOf([{ path: '/a/one' }]));
        const seen = async () => [
          (await find(catalog, byPath('/a/one'), { all: true })).versions.length,
          (await find(catalog, part('one'), { all: true })).versions.length,
          (await referenceOf(catalog, [key], ['/a']))[0]?.length,
          (await collect(catalog.files.selection([key], [Buffer.from('/')]))).length,
          (await collect(catalog.files.ofDataSet(key))).length,
        ];
        assert.deepEqual(await seen(), [0, 0, 0, 0, 0]);
        await catalog.dataSets.segmentStaged(segmentOf(key));
        assert.deepEqual(await seen(), [1, 1, 1, 1, 1]);
      });
    });

    test('a file that goes on in a segment that is not staged is invisible, and swept with it', async () => {
      await withCatalog(engine, async (catalog) => {
        const { key } = await addDataSet(catalog);
        const writer = catalog.files.openWriter(key);
        await catalog.dataSets.beginSegment(key, 1);
        await writer.add(batchOf([{ path: '/a/one' }, { path: '/a/big', offset: 5000 }]));
        await catalog.dataSets.segmentStaged({
          ...segmentOf(key),
          endsInside: { path: Buffer.from('/a/big'), offset: 900 },
        });
        await catalog.dataSets.beginSegment(key, 2);
        await writer.add(
          batchOf([
            { path: '/a/two', segment: 2 },
            { path: '/a/link', offset: 5000, flags: versionFlags.hardLink },
          ]),
        );
        const seen = async () => [
          pathsOf((await find(catalog, glob('/**'))).versions).toSorted(),
          pathsOf(await collect(catalog.files.selection([key], [Buffer.from('/')]))).toSorted(),
          (await referenceOf(catalog, [key], ['/a']))[0]?.map(({ name }) => `/a/${Buffer.from(name)}`),
        ];
        assert.deepEqual(await seen(), [['/a/one'], ['/a/one'], ['/a/one']]);
        assert.equal((await find(catalog, byPath('/a/big'), { all: true })).versions.length, 0);

        assert.deepEqual(await catalog.dataSets.abandonFilling(key), [2]);
        assert.equal((await catalog.stats()).versions, 1);
        assert.deepEqual(
          (await catalog.dataSets.segments(key)).map(({ number }) => number),
          [1],
        );
        await catalog.dataSets.update(key, { state: 'interrupted' });
      });
    });

    test('a file whose continuation is staged is visible, whole', async () => {
      await withCatalog(engine, async (catalog) => {
        const { key } = await addDataSet(catalog);
        const inside = { path: Buffer.from('/a/big'), offset: 900 };
        for (const number of [1, 2, 3]) await catalog.dataSets.beginSegment(key, number);
        await catalog.files.openWriter(key).add(batchOf([{ path: '/a/big', offset: 5000 }]));
        await catalog.dataSets.segmentStaged({ ...segmentOf(key, 1), endsInside: inside });
        await catalog.dataSets.segmentStaged({ ...segmentOf(key, 2), startsInside: inside, endsInside: inside });
        assert.equal((await find(catalog, byPath('/a/big'))).versions.length, 0);
        await catalog.dataSets.segmentStaged({ ...segmentOf(key, 3), startsInside: inside });
        assert.equal((await find(catalog, byPath('/a/big'))).versions.length, 1);
        await catalog.dataSets.leftStaging(key, 2);
        assert.equal((await find(catalog, byPath('/a/big'))).versions.length, 0, 'its middle has no copy');
        assert.equal((await find(catalog, byPath('/a/big'), { all: true })).versions.length, 1);
      });
    });

    test('a selection takes the paths and what is below them, each once', async () => {
      await withCatalog(engine, async (catalog) => {
        const { key } = await addStaged(
          catalog,
          ['/', '/a', '/a/x', '/a/b', '/a/b/y', '/a-b', '/a-b/z', '/ab'].map((path) => ({ path })),
        );
        const select = async (...paths: string[]) =>
          pathsOf(
            await collect(
              catalog.files.selection(
                [key],
                paths.map((path) => Buffer.from(path)),
              ),
            ),
          ).toSorted();
        assert.deepEqual(await select('/a'), ['/a', '/a/b', '/a/b/y', '/a/x']);
        assert.deepEqual(await select('/a/b', '/a', '/a/b/y'), ['/a', '/a/b', '/a/b/y', '/a/x']);
        assert.deepEqual(await select('/ab', '/a/x'), ['/a/x', '/ab']);
        assert.deepEqual(await select('/nothing'), []);
        assert.equal((await select('/')).length, 8);
        assert.equal((await select('/', '/a', '/')).length, 8);
      });
    });

    test('directories come in the order of a walk, below a path or all', async () => {
      await withCatalog(engine, async (catalog) => {
        const { key } = await addStaged(
          catalog,
          ['/b/f', '/a-b/f', '/a/z/f', '/a/f', '/top', '/a/b/c/f'].map((path) => ({ path })),
        );
        const other = await addStaged(catalog, [{ path: '/other/f' }], { id: 'other', backupSet: 'other' });
        const list = async (chain: DataSetKey[], below: string) =>
          (await collect(catalog.files.directoriesOf(chain, Buffer.from(below)))).map((path) =>
            Buffer.from(path).toString(),
          );
        assert.deepEqual(await list([key], '/'), ['/', '/a', '/a/b/c', '/a/z', '/a-b', '/b']);
        assert.deepEqual(await list([key], '/a'), ['/a', '/a/b/c', '/a/z']);
        assert.deepEqual(await list([other.key, key], '/other'), ['/other']);
      });
    });

    test('more directories than a page holds, and more versions', async () => {
      await withCatalog(engine, async (catalog) => {
        const files = Array.from({ length: 2500 }, (_, n) => ({
          path: `/d${String(n).padStart(4, '0')}/f`,
          offset: n,
        }));
        const crowded = Array.from({ length: 5500 }, (_, n) => ({ path: `/one/f${n}`, offset: 10_000 + n }));
        const { key } = await addStaged(catalog, [...files, ...crowded]);
        assert.equal((await collect(catalog.files.directoriesOf([key], Buffer.from('/')))).length, 2501);
        const all = await collect(catalog.files.ofDataSet(key));
        assert.deepEqual(
          all.map(({ offset }) => offset),
          [...files, ...crowded].map(({ offset }) => offset),
        );
        assert.equal((await find(catalog, part('f'), { limit: 20_000 })).versions.length, 8000);
      });
    });

    test('a batch that does not fit its count changes nothing', async () => {
      await withCatalog(engine, async (catalog) => {
        const { key } = await addDataSet(catalog);
        await catalog.dataSets.beginSegment(key, 1);
        const batch = batchOf([{ path: '/a/one' }, { path: '/b/two' }]);
        const isBug = (error: unknown) => error instanceof GrandsireError && error.code === 'internal.bug';
        const writer = catalog.files.openWriter(key);
        await assert.rejects(writer.add({ ...batch, rowCount: 3, digests: Buffer.alloc(96) }), isBug);
        await assert.rejects(writer.add({ ...batch, directories: batch.directories.slice(1) }), isBug);
        await assert.rejects(writer.add({ ...batch, digests: Buffer.alloc(32) }), isBug);
        await assert.rejects(
          writer.add({ ...batch, directories: [Buffer.from('relative'), Buffer.from('/b')] }),
          isBug,
        );
        assert.equal((await catalog.stats()).versions, 0);
        await writer.add(batch);
        await writer.add(batch);
        assert.equal((await catalog.stats()).versions, 2, 'the same batch again replaces');
      });
    });
  });
}
