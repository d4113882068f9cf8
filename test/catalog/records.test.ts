import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GrandsireError } from '#src/base/errors';
import type { Catalog } from '#src/catalog/catalog';
import type { DataSetRecord } from '#src/catalog/data-sets';
import type { VolumeRecord } from '#src/catalog/volumes';
import {
  addCartridge,
  addDataSet,
  addStaged,
  addVolume,
  day,
  engines,
  newVolume,
  segmentOf,
  until,
  withCatalog,
  writeSegment,
} from '#test/catalog/engines';

const isBug = (error: unknown) => error instanceof GrandsireError && error.code === 'internal.bug';

/** A complete data set of one segment, written as the next tape file of a volume. */
async function addWritten(
  catalog: Catalog,
  place: { readonly volume: VolumeRecord; readonly fileNumber: number },
  changes: Partial<DataSetRecord>,
): Promise<DataSetRecord> {
  const set = await addStaged(catalog, [{ path: `/f${place.fileNumber}` }], changes);
  await writeSegment(catalog, place.volume, { dataSet: set.key, segment: 1, fileNumber: place.fileNumber });
  await catalog.dataSets.leftStaging(set.key, 1);
  await catalog.dataSets.update(set.key, { state: 'complete', finishedAt: day('2026-11-22T23:00:00Z') });
  return set;
}

for (const engine of engines) {
  describe(`cartridges, libraries and plans in ${engine.name}`, () => {
    test('a cartridge keeps what it is given and changes what it is told', async () => {
      await withCatalog(engine, async (catalog) => {
        const added = await addCartridge(catalog);
        assert.deepEqual(await catalog.cartridges.get(added.id), added);
        assert.deepEqual([added.fill, added.condition, added.usedBytes, added.holds], ['unknown', 'good', 0, []]);
        const changes = {
          location: { kind: 'vault', vault: 'bank', shelf: '3' },
          lastSeen: { kind: 'drive', library: 'main', number: 2 },
          lastSeenAt: day('2026-11-22T01:02:03.004Z'),
          homeSlot: 7,
          drawnFrom: 'scratch',
          pool: 'daily',
          conditionReason: 'why',
          capacityBytes: 18e12,
          usedBytes: Number.MAX_SAFE_INTEGER,
          writeProtected: true,
          holds: ['audit', 'court'],
        } as const;
        await catalog.cartridges.update(added.id, changes);
        assert.deepEqual(await catalog.cartridges.get(added.id), { ...added, ...changes });
        await catalog.cartridges.update(added.id, { homeSlot: undefined, conditionReason: undefined });
        assert.equal((await catalog.cartridges.get(added.id))?.homeSlot, undefined);
        assert.equal((await catalog.cartridges.get(added.id))?.drawnFrom, 'scratch');
        const twin = await addCartridge(catalog);
        assert.deepEqual(
          (await catalog.cartridges.byBarcode('G00001L9')).map(({ id }) => id),
          [added.id, twin.id],
        );
        assert.deepEqual(await catalog.cartridges.byBarcode('G00001L9', 'other'), []);
        assert.deepEqual(
          (await catalog.cartridges.list({ pool: 'scratch' })).map(({ id }) => id),
          [twin.id],
        );
        await assert.rejects(catalog.cartridges.update(999 as typeof added.id, { pool: 'x' }), isBug);
      });
    });

    test('the last inventory of a library replaces the one before', async () => {
      await withCatalog(engine, async (catalog) => {
        const drive = (number: number) => ({
          library: 'main',
          number,
          serial: `S${number}`,
          vendor: 'V',
          product: 'P',
          generation: 'LTO-9',
          state: 'empty' as const,
          reason: undefined,
          cartridge: undefined,
        });
        const record = {
          name: 'main',
          inventoriedAt: day('2026-11-22T00:00:00Z'),
          slots: 24,
          mailSlots: 2,
          drives: [drive(1), drive(2)],
        };
        await catalog.libraries.put(record);
        assert.deepEqual(await catalog.libraries.get('main'), record);
        await catalog.libraries.updateDrive('main', 2, { state: 'loaded', cartridge: 'G00001L9' });
        assert.equal((await catalog.libraries.get('main'))?.drives[1]?.cartridge, 'G00001L9');
        await catalog.libraries.updateDrive('main', 2, { state: 'empty', cartridge: undefined });
        assert.deepEqual(await catalog.libraries.get('main'), record);
        await catalog.libraries.put({ ...record, drives: [drive(1)] });
        assert.equal((await catalog.libraries.get('main'))?.drives.length, 1);
        await assert.rejects(catalog.libraries.updateDrive('main', 2, { state: 'down' }), isBug);
        assert.equal(await catalog.libraries.get('none'), undefined);
      });
    });

    test('allocations are replaced by place and listed by day', async () => {
      await withCatalog(engine, async (catalog) => {
        const [a, b] = [await addCartridge(catalog, 'A'), await addCartridge(catalog, 'B')];
        const place = (runDay: string, ordinal = 1) => ({ rotation: 'office', runDay, tier: 'son', ordinal });
        await catalog.allocations.put([
          { ...place('2026-11-24'), cartridge: a.id },
          { ...place('2026-11-23', 2), cartridge: a.id },
        ]);
        await catalog.allocations.put([{ ...place('2026-11-24'), cartridge: b.id }]);
        assert.deepEqual(
          (await catalog.allocations.list()).map(({ runDay, ordinal, cartridge }) => [runDay, ordinal, cartridge]),
          [
            ['2026-11-23', 2, a.id],
            ['2026-11-24', 1, b.id],
          ],
        );
        assert.equal(
          (await catalog.allocations.list({ rotation: 'office', from: '2026-11-24', to: '2026-11-24' })).length,
          1,
        );
        await catalog.allocations.remove([place('2026-11-24')]);
        assert.equal((await catalog.allocations.list()).length, 1);
      });
    });
  });

  describe(`volumes in ${engine.name}`, () => {
    test('an intent hides the old volume; withdrawn it is back, confirmed it is gone', async () => {
      await withCatalog(engine, async (catalog) => {
        const cartridge = await addCartridge(catalog);
        const old = await addVolume(catalog, cartridge);
        await catalog.cartridges.update(cartridge.id, { usedBytes: 5 });
        const first = await catalog.volumes.beginLabelling(newVolume(cartridge));
        assert.equal((await catalog.volumes.ofCartridge(cartridge.id))?.key, first.key);
        assert.equal((await catalog.volumes.get(old.key))?.state, 'superseded');
        assert.deepEqual(
          (await catalog.volumes.labelling()).map(({ key }) => key),
          [first.key],
        );
        const second = await catalog.volumes.beginLabelling(newVolume(cartridge));
        await catalog.volumes.withdraw(second.key);
        assert.equal((await catalog.volumes.ofCartridge(cartridge.id))?.key, old.key);
        assert.equal((await catalog.cartridges.get(cartridge.id))?.usedBytes, 5);
        const third = await catalog.volumes.beginLabelling(newVolume(cartridge));
        await catalog.volumes.confirm(third.key);
        assert.equal((await catalog.cartridges.get(cartridge.id))?.usedBytes, 0);
        assert.deepEqual(
          (await catalog.volumes.current()).map(({ key, state }) => [key, state]),
          [[third.key, 'live']],
        );
        for (const step of [catalog.volumes.confirm, catalog.volumes.withdraw])
          await assert.rejects(step(third.key), isBug);
        assert.equal((await catalog.volumes.ofCartridge(cartridge.id))?.state, 'live');
      });
    });

    test('a label that was begun and is not what the medium holds leaves nothing open', async () => {
      await withCatalog(engine, async (catalog) => {
        const cartridge = await addCartridge(catalog);
        const { key, id, ...old } = await addVolume(catalog, cartridge);
        const intent = await catalog.volumes.beginLabelling(newVolume(cartridge));
        await catalog.tapeFiles.begin({
          volume: intent.key,
          fileNumber: 0,
          kind: 'label',
          block: 0,
          payloadBytes: 100,
          dataSet: undefined,
          number: undefined,
        });
        await catalog.volumes.adopt({ ...old, id, rebuilt: true });
        assert.equal((await catalog.volumes.ofCartridge(cartridge.id))?.key, key);
        assert.deepEqual(await catalog.check(), []);
      });
    });

    test('two cartridges with one volume are both named', async () => {
      await withCatalog(engine, async (catalog) => {
        const [a, b] = [await addCartridge(catalog, 'A'), await addCartridge(catalog, 'B')];
        const volume = newVolume(a);
        await catalog.volumes.adopt({ ...volume, rebuilt: true });
        await catalog.volumes.adopt({ ...volume, cartridge: b.id, rebuilt: true });
        const known = await catalog.volumes.byId(volume.id.toUpperCase());
        assert.deepEqual(
          known.map(({ cartridge }) => cartridge),
          [a.id, b.id],
        );
        await catalog.volumes.adopt({ ...volume, rebuilt: true });
        assert.equal((await catalog.volumes.current()).length, 2, 'adopting again changes nothing');
      });
    });

    test('protection: the latest of all that need it, with who and why', async () => {
      await withCatalog(engine, async (catalog) => {
        const volumes: VolumeRecord[] = [];
        for (const barcode of ['A', 'B', 'C', 'D'])
          volumes.push(await addVolume(catalog, await addCartridge(catalog, barcode)));
        const [a, b, c, d] = volumes as [VolumeRecord, VolumeRecord, VolumeRecord, VolumeRecord];
        const full = await addWritten(
          catalog,
          { volume: a, fileNumber: 1 },
          { id: 'full', protection: until('2026-12-01') },
        );
        const one = await addWritten(
          catalog,
          { volume: b, fileNumber: 1 },
          { id: 'one', level: 'incremental', base: full.key, protection: until('2026-11-25') },
        );
        await addWritten(
          catalog,
          { volume: c, fileNumber: 1 },
          { id: 'two', level: 'incremental', base: one.key, protection: until('2026-12-06') },
        );
        const of = async (volume: VolumeRecord) => await catalog.volumes.protection(volume.key);
        const needed = { protection: until('2026-12-06'), dataSet: 'two', because: 'needed' } as const;
        assert.deepEqual([await of(a), await of(b)], [needed, needed]);
        assert.deepEqual(await of(c), { ...needed, because: 'own' });
        assert.deepEqual(await of(d), { protection: { kind: 'none' }, dataSet: undefined, because: 'none' });
        assert.deepEqual(
          await catalog.volumes.protections(),
          new Map(await Promise.all(volumes.map(async (v) => [v.key, await of(v)] as const))),
        );

        const cut = await addDataSet(catalog, {
          id: 'cut',
          level: 'incremental',
          base: full.key,
          protection: { kind: 'forever' },
        });
        assert.equal((await of(a)).dataSet, 'cut', 'while it is open it may become complete');
        await catalog.dataSets.update(cut.key, { state: 'interrupted' });
        assert.equal((await of(a)).dataSet, 'two', 'interrupted it relies on nothing');

        const wide = await addWritten(
          catalog,
          { volume: d, fileNumber: 1 },
          { id: 'wide', protection: until('2026-12-06', 'Pacific/Auckland') },
        );
        await addWritten(
          catalog,
          { volume: d, fileNumber: 2 },
          { id: 'wider', level: 'incremental', base: wide.key, protection: until('2026-12-06', 'America/New_York') },
        );
        assert.equal((await of(d)).dataSet, 'wider', 'a day ends later in New York');

        const found = await catalog.volumes.adopt({ ...newVolume(await addCartridge(catalog, 'E')), rebuilt: true });
        assert.deepEqual(await of(found), { protection: { kind: 'forever' }, dataSet: undefined, because: 'rebuilt' });
        await catalog.volumes.accept(found.key);
        assert.equal((await of(found)).because, 'none');
      });
    });
  });

  describe(`tape files and segments in ${engine.name}`, () => {
    test('lengths and places of more than 32 bits are kept to the last digit', async () => {
      await withCatalog(engine, async (catalog) => {
        const volume = await addVolume(catalog, await addCartridge(catalog));
        const { key } = await addDataSet(catalog);
        const path = Buffer.from('/long');
        const segment = {
          ...segmentOf(key),
          payloadBytes: 2 ** 33 - 1024,
          startsInside: { path, offset: 2 ** 40 },
          endsInside: { path, offset: 2 ** 41 },
          firstHeader: 2 ** 32 + 512,
        };
        await catalog.dataSets.beginSegment(key, 1);
        await catalog.dataSets.segmentStaged(segment);
        const [staged] = await catalog.dataSets.segments(key);
        assert.deepEqual({ ...staged, ...segment }, staged);
        const place = { volume: volume.key, fileNumber: 2 ** 31 + 1, block: 2 ** 45 + 1 };
        const written = { blocks: 2 ** 33 + 1, payloadBytes: segment.payloadBytes };
        await catalog.tapeFiles.begin({ ...place, ...written, kind: 'segment', dataSet: key, number: 1 });
        await catalog.tapeFiles.written(volume.key, place.fileNumber, written);
        const [copy] = await catalog.tapeFiles.copiesOf(key);
        assert.deepEqual({ ...copy, ...place, ...written }, copy);
        assert.equal((await catalog.cartridges.list())[0]?.usedBytes, segment.payloadBytes);
        const totals = { files: 2 ** 33, bytes: 2 ** 50 + 1 };
        await catalog.dataSets.update(key, totals);
        const set = await catalog.dataSets.get(key);
        assert.deepEqual({ ...set, ...totals }, set);
      });
    });

    test('the journal: begun, written, given up, begun again', async () => {
      await withCatalog(engine, async (catalog) => {
        const cartridge = await addCartridge(catalog);
        const { key: dataSet } = await addStaged(catalog, [{ path: '/f' }]);
        const volume = await catalog.volumes.beginLabelling(newVolume(cartridge));
        const file = (fileNumber: number) => ({
          volume: volume.key,
          fileNumber,
          kind: 'segment' as const,
          block: fileNumber * 5,
          payloadBytes: 10,
          dataSet,
          number: 1,
        });
        await assert.rejects(catalog.tapeFiles.begin(file(1)), isBug, 'not before the label is confirmed');
        await catalog.tapeFiles.begin({ ...file(0), kind: 'label', dataSet: undefined, number: undefined });
        await catalog.tapeFiles.written(volume.key, 0, { blocks: 2, payloadBytes: 100 });
        await catalog.volumes.confirm(volume.key);
        await catalog.tapeFiles.begin(file(1));
        assert.deepEqual(await catalog.tapeFiles.copies(dataSet, 1), [], 'open is no copy');
        await catalog.tapeFiles.giveUp(volume.key, 1, 'keep');
        await assert.rejects(catalog.tapeFiles.written(volume.key, 1, { blocks: 1, payloadBytes: 1 }), isBug);
        await catalog.tapeFiles.begin(file(2));
        await catalog.tapeFiles.giveUp(volume.key, 2, 'forget');
        assert.deepEqual(
          (await catalog.tapeFiles.ofVolume(volume.key)).map(({ state }) => state),
          ['written', 'void'],
        );
        await catalog.tapeFiles.begin(file(1));
        await catalog.tapeFiles.written(volume.key, 1, { blocks: 3, payloadBytes: 10 });
        await assert.rejects(catalog.tapeFiles.begin(file(1)), isBug, 'what is written is not begun again');
        await assert.rejects(catalog.tapeFiles.giveUp(volume.key, 1, 'keep'), isBug);
        const expected = { ...file(1), state: 'written', blocks: 3 };
        assert.deepEqual(await catalog.tapeFiles.copies(dataSet, 1), [expected]);
        assert.deepEqual(await catalog.tapeFiles.copiesOf(dataSet), [expected]);
        assert.deepEqual(await catalog.tapeFiles.ofDataSet(dataSet), [expected]);
        assert.equal((await catalog.dataSets.segments(dataSet))[0]?.state, 'written');
        assert.equal((await catalog.cartridges.get(cartridge.id))?.usedBytes, 10);
        await catalog.volumes.beginLabelling(newVolume(cartridge));
        assert.deepEqual(await catalog.tapeFiles.copiesOf(dataSet), []);
      });
    });

    test('where the volume goes, what is still in staging is to be written again, and so is the index; a withdrawn intent undoes the first', async () => {
      await withCatalog(engine, async (catalog) => {
        const [cartridge, other] = [await addCartridge(catalog), await addCartridge(catalog, 'B')];
        const { key } = await addStaged(catalog, [{ path: '/f' }]);
        await writeSegment(catalog, await addVolume(catalog, cartridge), { dataSet: key, segment: 1, fileNumber: 1 });
        await catalog.dataSets.update(key, {
          state: 'complete',
          finishedAt: day('2026-11-22T23:00:00Z'),
          concluded: true,
        });
        const state = async () => [
          (await catalog.dataSets.segments(key))[0]?.state,
          (await catalog.dataSets.get(key))?.concluded,
          await catalog.check(),
        ];
        const intent = await catalog.volumes.beginLabelling(newVolume(cartridge));
        assert.deepEqual(await state(), ['staged', false, []]);
        await catalog.volumes.withdraw(intent.key);
        assert.deepEqual(await state(), ['written', false, []]);
        await writeSegment(catalog, await addVolume(catalog, other), { dataSet: key, segment: 1, fileNumber: 1 });
        await catalog.dataSets.update(key, { concluded: true });
        await catalog.volumes.adopt({ ...newVolume(cartridge), rebuilt: false });
        assert.deepEqual(await state(), ['written', true, []], 'there is another copy');
        await catalog.volumes.adopt({ ...newVolume(other), rebuilt: false });
        assert.deepEqual(await state(), ['staged', false, []]);
      });
    });

    test('what is not staged cannot be written, and nothing of the attempt stays', async () => {
      await withCatalog(engine, async (catalog) => {
        const cartridge = await addCartridge(catalog);
        const volume = await addVolume(catalog, cartridge);
        const { key } = await addDataSet(catalog);
        await catalog.dataSets.beginSegment(key, 1);
        await assert.rejects(writeSegment(catalog, volume, { dataSet: key, segment: 1, fileNumber: 1 }), isBug);
        assert.equal((await catalog.tapeFiles.ofVolume(volume.key))[0]?.state, 'open');
        assert.equal((await catalog.cartridges.get(cartridge.id))?.usedBytes, 0);
      });
    });

    test('segments go from filling to staged to out of staging, and no other way', async () => {
      await withCatalog(engine, async (catalog) => {
        const { key } = await addDataSet(catalog);
        await assert.rejects(catalog.dataSets.segmentStaged(segmentOf(key)), isBug);
        await catalog.dataSets.beginSegment(key, 1);
        await assert.rejects(catalog.dataSets.beginSegment(key, 1), isBug);
        await assert.rejects(catalog.dataSets.leftStaging(key, 1), isBug);
        await assert.rejects(catalog.dataSets.update(key, { state: 'complete' }), isBug, 'a segment is filling');
        const whole = {
          ...segmentOf(key),
          startsInside: { path: Buffer.from([0x2f, 0xff]), offset: 5e9 },
          firstHeader: undefined,
        };
        await catalog.dataSets.segmentStaged(whole);
        const [segment] = await catalog.dataSets.inStaging();
        assert.deepEqual(segment, { ...whole, state: 'staged', inStaging: true, listed: true });
        await assert.rejects(catalog.dataSets.segmentStaged(whole), isBug);
        await catalog.dataSets.leftStaging(key, 1);
        assert.deepEqual(await catalog.dataSets.inStaging(), []);
        await catalog.dataSets.update(key, {
          state: 'complete',
          files: 3,
          bytes: 7,
          finishedAt: day('2026-11-23T00:00:00Z'),
        });
        await assert.rejects(catalog.dataSets.update(key, { state: 'interrupted' }), isBug);
        await assert.rejects(catalog.dataSets.beginSegment(key, 2), isBug);
        assert.equal((await catalog.dataSets.get(key))?.files, 3);
      });
    });

    test('the latest usable data set: complete, live, and so is all that it relies on', async () => {
      await withCatalog(engine, async (catalog) => {
        const usable = async (level?: 'full') => (await catalog.dataSets.latestUsable('home', { level }))?.id;
        assert.equal(await usable(), undefined);
        const cartridges = [await addCartridge(catalog, 'A'), await addCartridge(catalog, 'B')] as const;
        const [a, b] = [await addVolume(catalog, cartridges[0]), await addVolume(catalog, cartridges[1])];
        const full = await addWritten(
          catalog,
          { volume: a, fileNumber: 1 },
          { id: 'full', startedAt: day('2026-11-01T00:00:00Z') },
        );
        const one = await addWritten(
          catalog,
          { volume: b, fileNumber: 1 },
          { id: 'one', level: 'incremental', base: full.key, startedAt: day('2026-11-02T00:00:00Z') },
        );
        assert.deepEqual([await usable(), await usable('full')], ['one', 'full']);
        const open = await addDataSet(catalog, {
          id: 'open',
          level: 'incremental',
          base: one.key,
          startedAt: day('2026-11-03T00:00:00Z'),
        });
        assert.equal(await usable(), 'one', 'an open one is not');
        await catalog.dataSets.update(open.key, { state: 'complete' });
        assert.equal(await usable(), 'open', 'a run that found nothing to do has no segments and is complete');
        const intent = await catalog.volumes.beginLabelling(newVolume(cartridges[1]));
        assert.equal(await usable(), 'full', 'the middle of the chain is gone');
        await catalog.volumes.withdraw(intent.key);
        await catalog.volumes.beginLabelling(newVolume(cartridges[0]));
        assert.equal(await usable(), undefined, 'the full is gone');
      });
    });

    test('warnings and walked file systems are kept with the data set', async () => {
      await withCatalog(engine, async (catalog) => {
        const { key } = await addDataSet(catalog);
        const warning = { path: Buffer.from([0x2f, 0xe9]), code: 'file.fuzzy', message: 'changed' };
        for (let n = 0; n < 2; n += 1) await catalog.dataSets.addWarning(key, warning);
        assert.deepEqual(await catalog.dataSets.warnings(key), [warning, warning]);
        const systems = [{ path: Buffer.from('/home'), device: '254:1' }];
        await catalog.dataSets.addFileSystems(key, [{ path: Buffer.from('/home'), device: '8:1' }]);
        await catalog.dataSets.addFileSystems(key, systems);
        assert.deepEqual(await catalog.dataSets.fileSystems(key), systems);
      });
    });
  });
}
