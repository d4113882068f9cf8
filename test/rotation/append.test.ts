import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instant } from '#src/base/clock';
import type { DataSetKey } from '#src/catalog/data-sets';
import { allocateNext } from '#src/rotation/allocate-next';
import type { PlanningCartridge } from '#src/rotation/planning-state';
import { cartridge, day, grandfatherFatherSon, monday, office, officeSettings, rotation } from '#test/rotation/office';
import { barcodes, dataSet, firstRun, morning, plan, until, withBase, written } from '#test/rotation/office-plan';

test('sons that append share a cartridge for a cycle, and begin another in the next', () => {
  const scheme = grandfatherFatherSon({ son: { ...officeSettings.son, append: 'cycle' } });
  const { runs } = plan(withBase({ rotations: [rotation({ scheme })] }), monday, day('2026-12-01'));
  assert.deepEqual(
    runs.map((run) => `${run.day} ${barcodes(run)} ${run.cartridges[0]?.use}`),
    [
      '2026-11-23 G00002L9 overwrite',
      '2026-11-24 G00002L9 append',
      '2026-11-25 G00002L9 append',
      '2026-11-26 G00002L9 append',
      '2026-11-27 G00003L9 overwrite',
      '2026-11-30 G00004L9 overwrite',
      '2026-12-01 G00004L9 append',
    ],
  );
  assert.deepEqual(runs[0]?.protection, until('2026-12-10'), 'as long as the last data set on it');
});

test('nothing is appended to a cartridge that is full, held, suspect, elsewhere or already free', () => {
  const scheme = grandfatherFatherSon({ son: { ...officeSettings.son, append: 'cycle' } });
  const sets = [
    dataSet(1, '2026-11-20'),
    dataSet(2, '2026-11-23', {
      level: 'incremental',
      base: 1 as DataSetKey,
      tier: 'son',
      pool: 'daily',
      protection: until('2026-12-07'),
    }),
  ];
  const second = (changes: Partial<PlanningCartridge>) =>
    office({
      rotations: [rotation({ scheme })],
      dataSets: sets,
      cartridges: [written(1), written(2, { pool: 'daily', ...changes }), cartridge(3)],
    });
  const tuesday = day('2026-11-24');
  assert.deepEqual(barcodes(firstRun(second({}), tuesday)), ['G00002L9']);
  for (const changes of [
    { fill: 'full' },
    { holds: ['x'] },
    { condition: 'suspect' },
    { location: { kind: 'unknown' } },
    { writeProtected: true },
  ] as const) {
    assert.deepEqual(barcodes(firstRun(second(changes), tuesday)), ['G00003L9'], JSON.stringify(changes));
  }
});

test('a run by hand appends to the newest open cartridge of its pool, and leaves the plan of the day alone', () => {
  const sets = [
    dataSet(1, '2026-11-19', { pool: 'daily', tier: 'son', protection: until('2026-12-03') }),
    dataSet(2, '2026-11-20', { pool: 'daily', tier: 'son', protection: until('2026-12-04') }),
  ];
  const state = office({
    dataSets: sets,
    cartridges: [written(1, { pool: 'daily' }), written(2, { pool: 'daily' }), cartridge(3)],
  });
  const saturday = day('2026-11-21');
  const startedAt = instant(morning(saturday) + 36_000_000);
  const byHand = grandfatherFatherSon().runByHand(saturday);
  const next = allocateNext(state, {
    now: startedAt,
    running: { rotation: 'office', day: saturday, startedAt, byHand, taken: [], passedOver: [] },
  });
  assert.equal(next.cartridge?.barcode, 'G00002L9');
  assert.equal(next.cartridge?.use, 'append');
  assert.deepEqual(next.allocations, []);
});
