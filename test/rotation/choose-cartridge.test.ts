import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlannedRun, PlanningCartridge } from '#src/rotation/planning-state';
import { cartridge, day, monday, office, officePools, pool } from '#test/rotation/office';
import { barcodes, dataSet, firstRun, plan, reason, until, withBase, written } from '#test/rotation/office-plan';

test('of what is free the one that expired first, then by barcode; what was never written comes before', () => {
  const sets = [
    dataSet(1, '2026-10-01', { protection: until('2026-11-20') }),
    dataSet(2, '2026-10-02', { protection: until('2026-11-10') }),
    dataSet(3, '2026-10-03', { protection: until('2026-11-10') }),
    dataSet(9, '2026-11-20', { on: [9] }),
  ];
  const list = [written(9), written(1), written(3), written(2)];
  assert.deepEqual(barcodes(firstRun(office({ dataSets: sets, cartridges: list }))), ['G00002L9']);
  const run = firstRun(office({ dataSets: sets, cartridges: list }));
  assert.deepEqual(reason(run, 'cartridge.oldest-expiry'), {
    code: 'cartridge.oldest-expiry',
    cartridge: 'G00002L9',
    expired: '2026-11-10',
  });
  assert.deepEqual(barcodes(firstRun(office({ dataSets: sets, cartridges: [...list, cartridge(20)] }))), ['G00020L9']);
});

test('neither fill grade nor position decides between equals', () => {
  const list = [
    cartridge(4, { usedBytes: 1, fill: 'appendable' }),
    cartridge(3, { location: { kind: 'drive', library: 'main', number: 1 } }),
    cartridge(5),
  ];
  assert.deepEqual(barcodes(firstRun(office({ cartridges: list }))), ['G00003L9']);
});

test('a cartridge drawn from scratch goes back to it when nothing on it is protected; one of the pool stays its own', () => {
  const expired = [dataSet(1, '2026-10-01', { backupSet: 'mail', protection: until('2026-11-10') })];
  assert.deepEqual(barcodes(firstRun(office({ dataSets: expired, cartridges: [written(1)] }))), ['G00001L9']);
  const own = written(1, { drawnFrom: undefined });
  assert.deepEqual(
    barcodes(firstRun(office({ dataSets: expired, cartridges: [own] }))),
    [],
    'weekly’s own is not for daily',
  );
  assert.deepEqual(barcodes(firstRun(office({ dataSets: expired, cartridges: [own] }), day('2026-12-04'))), [
    'G00001L9',
  ]);
});

test('a cartridge is protected as long as the last data set on it', () => {
  const sets = [
    dataSet(1, '2026-10-01', { protection: until('2026-11-10') }),
    dataSet(2, '2026-10-02', { protection: until('2026-12-10'), on: [1] }),
  ];
  assert.deepEqual(barcodes(firstRun(office({ dataSets: sets, cartridges: [written(1)] }))), []);
});

test('a pool draws on what its own pool draws on', () => {
  const pools = [pool('spare'), pool('scratch', undefined, { draw: 'spare' }), ...officePools.slice(1)];
  assert.deepEqual(barcodes(firstRun(office({ pools, cartridges: [cartridge(1, { pool: 'spare' })] }))), ['G00001L9']);
  assert.deepEqual(barcodes(firstRun(office({ cartridges: [cartridge(1, { pool: 'spare' })] }))), []);
});

test('what is unfit is never taken', () => {
  const unfit: readonly Partial<PlanningCartridge>[] = [
    { kind: 'cleaning' },
    { kind: 'worm' },
    { condition: 'suspect' },
    { condition: 'damaged' },
    { condition: 'retired' },
    { writeProtected: true },
    { holds: ['court'] },
    { fill: 'foreign' },
    { fill: 'unknown' },
    { location: { kind: 'slot', library: 'other', number: 1 } },
    { location: { kind: 'mailSlot', library: 'main', number: 1 } },
    { location: { kind: 'vault', vault: 'bank' } },
    { location: { kind: 'unknown' } },
    { generation: 'LTO-7' },
    { protection: { kind: 'forever' }, fill: 'appendable' },
    { pool: 'weekly' },
  ];
  for (const changes of unfit) {
    const { runs, shortages } = plan(office({ cartridges: [cartridge(1, changes)] }));
    assert.deepEqual(barcodes(runs[0] as PlannedRun), [], JSON.stringify(changes));
    assert.equal(shortages.length, 1);
  }
});

test('a shortage names what an operator could bring or look at', () => {
  const list = [
    cartridge(1, { location: { kind: 'shelf', shelf: 'A' } }),
    cartridge(2, { fill: 'unknown' }),
    cartridge(3, { holds: ['x'] }),
  ];
  const [shortage] = plan(office({ cartridges: list })).shortages;
  assert.deepEqual(shortage, {
    day: monday,
    rotation: 'office',
    pool: 'daily',
    missing: 1,
    elsewhere: ['G00001L9'],
    unread: ['G00002L9'],
  });
});

test('a WORM pool takes blank WORM cartridges only, and never one twice', () => {
  const pools = officePools.map((p) => (p.name === 'daily' ? { ...p, worm: true } : p));
  const worm = (number: number, changes: Partial<PlanningCartridge> = {}) =>
    cartridge(number, { kind: 'worm', ...changes });
  assert.deepEqual(
    barcodes(firstRun(office({ pools, cartridges: [cartridge(1), worm(2, { fill: 'appendable' }), worm(3)] }))),
    ['G00003L9'],
  );
});

test('cartridges of a run have one generation, of which there is enough, written here and read by two drives', () => {
  const history = [
    {
      rotation: 'office',
      day: day('2026-11-20'),
      tier: 'father',
      level: 'full',
      state: 'complete',
      cartridges: 2,
      bytes: 9,
    } as const,
  ];
  const list = [cartridge(1, { generation: 'LTO-8' }), cartridge(2), cartridge(3)];
  const libraries = [{ name: 'main', drives: [{ generation: 'LTO-9' }, { generation: 'LTO-9' }] }];
  assert.deepEqual(barcodes(firstRun(office({ runs: history, cartridges: list, libraries }))), [
    'G00002L9',
    'G00003L9',
  ]);
  const readOnce = [{ name: 'main', drives: [{ generation: 'LTO-9' }, { generation: 'LTO-10' }] }];
  assert.deepEqual(
    barcodes(firstRun(office({ cartridges: list, libraries: readOnce }))),
    [],
    'an LTO-10 drive reads none of these',
  );
  const only = [{ name: 'main', drives: [{ generation: 'LTO-9' }] }];
  assert.deepEqual(
    barcodes(firstRun(office({ cartridges: list, libraries: only }))),
    ['G00001L9'],
    'the only drive there is',
  );
  const elsewhere = [...only, { name: 'annex', drives: [{ generation: 'LTO-9' }] }];
  assert.deepEqual(
    barcodes(firstRun(office({ cartridges: list, libraries: elsewhere }))),
    ['G00001L9'],
    'the second reader may be in another library',
  );
});

test('the number of cartridges is the median of past runs: one overflow changes nothing', () => {
  const runOf = (date: string, count: number) =>
    ({
      rotation: 'office',
      day: day(date),
      tier: 'son',
      level: 'incremental',
      state: 'complete',
      cartridges: count,
      bytes: 1,
    }) as const;
  const runs = [runOf('2026-11-16', 1), runOf('2026-11-17', 1), runOf('2026-11-18', 1), runOf('2026-11-19', 9)];
  assert.equal(barcodes(firstRun(withBase({ runs }))).length, 1);
  const two = [runOf('2026-11-16', 2), runOf('2026-11-17', 2), runOf('2026-11-18', 1)];
  assert.equal(barcodes(firstRun(withBase({ runs: two }))).length, 2);
});
