import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Catalog } from '#src/catalog/catalog';
import type { DataSetKey } from '#src/catalog/data-sets';
import type { ReferenceEntry, ReferencePage } from '#src/catalog/files';
import { addStaged, batchOf, collect, engines, pathsOf, referenceOf, withCatalog } from '#test/catalog/engines';

/** What the chain holds in one directory, put together from pages. */
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

for (const engine of engines) {
  describe(`what a chain of data sets holds in ${engine.name}`, () => {
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
  });
}
