import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GrandsireError } from '#src/base/errors';
import type { Catalog } from '#src/catalog/catalog';
import type { DataSetKey } from '#src/catalog/data-sets';
import { type FindQuery, type ReferenceEntry, type ReferencePage, versionFlags } from '#src/catalog/files';
import {
  addCartridge,
  addDataSet,
  addStaged,
  addVolume,
  batchOf,
  collect,
  day,
  engines,
  newVolume,
  pathsOf,
  segmentOf,
  withCatalog,
  writeSegment,
} from '#test/catalog/engines';

const find = (catalog: Catalog, match: FindQuery['match'], more: Partial<FindQuery> = {}) =>
  catalog.files.find({ match, limit: 100, ...more });
/** What the chain holds in the directories, all in one page each. */
const referenceOf = async (
  catalog: Catalog,
  chain: readonly DataSetKey[],
  directories: readonly (string | Uint8Array)[],
) => {
  const places = directories.map((directory) => ({ directory: Buffer.from(directory), from: Buffer.alloc(0) }));
  return (await catalog.files.reference(chain, places, 1_000_000)).map(({ entries }) => entries);
};

/** What it holds in one directory, put together from pages. */
async function pagesOf(
  catalog: Catalog,
  chain: readonly DataSetKey[],
  { directory, limit }: { readonly directory: Uint8Array; readonly limit: number },
): Promise<readonly ReferenceEntry[]> {
  const all: ReferenceEntry[] = [];
  for (let from: Uint8Array | undefined = Buffer.alloc(0); from; ) {
    const [page] = await catalog.files.reference(chain, [{ directory, from }], limit);
    assert.ok(page && page.entries.length <= Math.max(limit, chain.length));
    assert.ok(page.next === undefined || Buffer.compare(page.next, from) > 0, 'every page gets on');
    all.push(...page.entries);
    from = page.next;
  }
  return all;
}

/**
 * Six data sets in a chain over the names n00 … n39 and some bytes: each has some of them and has deleted others, all have deleted m00 … m19 of the
 * first, and the last has a version in a segment that is not staged. Newest first.
 */
async function addGenerations(catalog: Catalog, directory: Buffer): Promise<readonly DataSetKey[]> {
  const names = [
    ...Array.from({ length: 40 }, (_, n) => Buffer.from(`n${String(n).padStart(2, '0')}`)),
    Buffer.from([0xff]),
    Buffer.from([0xff, 0x01]),
    Buffer.from([0x01]),
  ];
  const longGone = Array.from({ length: 20 }, (_, n) => Buffer.from(`m${String(n).padStart(2, '0')}`));
  const chain: DataSetKey[] = [];
  for (let generation = 0; generation < 6; generation += 1) {
    const some = names.filter((_, n) => generation === 0 || (n * 7 + generation * 3) % 5 < 2 || n === 5);
    const has = generation === 0 ? [...names, ...longGone] : some;
    const deleted = names.filter((_, n) => (n * 11 + generation * 5) % 7 === 0);
    const gone = generation === 0 ? [] : [...deleted, ...longGone];
    const files = has.map((name) => ({ path: Buffer.concat([directory, Buffer.from('/'), name]), size: generation }));
    const { key } = await addStaged(catalog, files, { id: `generation-${generation}`, base: chain[0] });
    await catalog.files.openWriter(key).addDeletions(gone.map((name) => ({ directory, name })));
    chain.unshift(key);
  }
  const [last] = chain as [DataSetKey];
  await catalog.dataSets.beginSegment(last, 2);
  const torn = Buffer.concat([directory, Buffer.from('/n20')]);
  await catalog.files.openWriter(last).add(batchOf([{ path: torn, segment: 2 }]));
  return chain;
}

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

    test('the newest of the chain wins, and deletions hide', async () => {
      await withCatalog(engine, async (catalog) => {
        const full = await addStaged(
          catalog,
          ['b', 'a', 'c', 'gone', 'B', 'back'].map((name) => ({ path: `/t/${name}` })),
        );
        const next = await addStaged(catalog, [{ path: '/t/a', size: 2 }, { path: '/t/new' }], {
          id: 'next',
          base: full.key,
        });
        await catalog.files
          .openWriter(next.key)
          .addDeletions(['gone', 'back'].map((name) => ({ directory: Buffer.from('/t'), name: Buffer.from(name) })));
        const last = await addStaged(
          catalog,
          [
            { path: '/t/c', size: 3 },
            { path: '/t/back', size: 4 },
          ],
          { id: 'last', base: next.key },
        );
        const chain = (await catalog.dataSets.chain(last.key)).map(({ key }) => key);
        assert.deepEqual(chain, [last.key, next.key, full.key]);
        const expected = [
          ['B', full.key],
          ['a', next.key],
          ['b', full.key],
          ['back', last.key],
          ['c', last.key],
          ['new', next.key],
        ];
        const [entries, none] = await referenceOf(catalog, chain, ['/t', '/nowhere']);
        assert.deepEqual(
          entries?.map(({ name, dataSet }) => [Buffer.from(name).toString(), dataSet]),
          expected,
        );
        assert.deepEqual(none, []);
        const selected = await collect(catalog.files.selection(chain, [Buffer.from('/')]));
        assert.deepEqual(
          selected.map(({ path, dataSet }) => [Buffer.from(path).toString().slice(3), dataSet]).toSorted(),
          expected.toSorted(),
        );
        const order = selected.map(({ dataSet, offset }) => dataSet * 1e6 + offset);
        assert.deepEqual(
          order,
          order.toSorted((a, b) => a - b),
        );
      });
    });

    test('page by page the reference is what it is in one, for any limit', async () => {
      await withCatalog(engine, async (catalog) => {
        const [directory, other] = [Buffer.from('/t'), Buffer.from('/other')];
        const chain = await addGenerations(catalog, directory);
        await addStaged(catalog, [{ path: '/t/n05' }, { path: '/t/strange' }], { id: 'not-of-the-chain' });
        const [whole = [], none] = await referenceOf(catalog, chain, [directory, other]);
        assert.ok(whole.length > 20, `${whole.length} entries`);
        assert.deepEqual(none, []);
        const hasEarlier = whole.filter(({ dataSet }) => dataSet !== chain[0]);
        assert.ok(hasEarlier.length > 5, 'some are from earlier data sets');
        for (const limit of [1, 2, 5, 6, 7, 8, 11, 12, 13, 30, 100]) {
          assert.deepEqual(await pagesOf(catalog, chain, { directory, limit }), whole, `limit ${limit}`);
        }
      });
    });

    test('a page begins with the name asked for, and ends between names', async () => {
      await withCatalog(engine, async (catalog) => {
        const chain = await addGenerations(catalog, Buffer.from('/t'));
        const places = ['n', 'n10', 'n10\x00', '\xff\x02'].map((from) => ({
          directory: Buffer.from('/t'),
          from: Buffer.from(from, 'latin1'),
        }));
        const pages = await catalog.files.reference(chain, places, 12);
        const firstOf = ({ entries }: ReferencePage): string => Buffer.from(entries[0]?.name ?? []).toString('latin1');
        assert.deepEqual(pages.map(firstOf), ['n00', 'n10', 'n11', '']);
        for (const { entries, next } of pages.slice(0, 3)) {
          assert.ok(entries.length <= 12);
          assert.ok(entries.every(({ name }) => Buffer.compare(name, next ?? Buffer.alloc(0)) < 0));
        }
        assert.equal(pages[3]?.next, undefined);
      });
    });

    test('a deleted directory takes what was below it with it, until something comes again', async () => {
      await withCatalog(engine, async (catalog) => {
        const paths = ['/t', '/t/d', '/t/d/f', '/t/d/e/g', '/t/d-x/f', '/t/dx', '/u', '/u/f'];
        const full = await addStaged(
          catalog,
          paths.map((path) => ({ path })),
        );
        const next = await addStaged(catalog, [{ path: '/t/d', type: 'file' }], { id: 'next', base: full.key });
        await catalog.files.openWriter(next.key).addDeletions([
          { directory: Buffer.from('/t'), name: Buffer.from('d') },
          { directory: Buffer.from('/'), name: Buffer.from('u') },
        ]);
        const last = await addStaged(catalog, [{ path: '/u/again' }], { id: 'last', base: next.key });
        const chain = [last.key, next.key, full.key];
        const directories = ['/', '/t', '/t/d', '/t/d/e', '/t/d-x', '/u'];
        const reference = await referenceOf(catalog, chain, directories);
        const names = reference.map((entries) => entries.map(({ name }) => Buffer.from(name).toString()));
        assert.deepEqual(names, [['t'], ['d', 'dx'], [], [], ['f'], ['again']]);
        const selected = pathsOf(await collect(catalog.files.selection(chain, [Buffer.from('/')])));
        assert.deepEqual(selected.toSorted(), ['/t', '/t/d', '/t/d-x/f', '/t/dx', '/u/again']);
        const before = pathsOf(await collect(catalog.files.selection([full.key], [Buffer.from('/')])));
        assert.deepEqual(before.toSorted(), paths.toSorted());
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
