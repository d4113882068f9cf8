import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allocateNext } from '#src/rotation/allocate-next';
import type { PlannedRun, PlanningCartridge } from '#src/rotation/planning-state';
import { cartridges, day, monday, office } from '#test/rotation/office';
import { barcodes, firstRun, id, plan, reason, runOfMonday } from '#test/rotation/office-plan';

test('a plan that was remembered stays, although another choice would be made now', () => {
  const allocation = { rotation: 'office', runDay: monday, tier: 'son', ordinal: 1, cartridge: id(13) };
  const run = firstRun(office({ allocations: [allocation] }));
  assert.deepEqual(barcodes(run), ['G00013L9']);
  assert.deepEqual(reason(run, 'cartridge.remembered'), { code: 'cartridge.remembered', cartridge: 'G00013L9' });
});

test('it departs from the plan only where it must, and names the old cartridge and why', () => {
  const allocations = [{ rotation: 'office', runDay: monday, tier: 'son', ordinal: 1, cartridge: id(13) }];
  const cases: readonly (readonly [Partial<PlanningCartridge>, string])[] = [
    [{ holds: ['court'] }, 'held'],
    [{ condition: 'retired' }, 'condition'],
    [{ location: { kind: 'unknown' } }, 'not-in-library'],
    [{ protection: { kind: 'forever' } }, 'protected'],
    [{ pool: 'weekly' }, 'pool'],
  ];
  for (const [changes, because] of cases) {
    const list = cartridges(20).map((c) => (c.id === 13 ? { ...c, ...changes } : c));
    const run = firstRun(office({ allocations, cartridges: list }));
    assert.deepEqual(reason(run, 'cartridge.departed'), { code: 'cartridge.departed', was: 'G00013L9', because });
    assert.deepEqual(barcodes(run), ['G00001L9']);
  }
  const gone = firstRun(office({ allocations, cartridges: cartridges(5) }));
  assert.equal(reason(gone, 'cartridge.departed')?.because, 'absent');
});

test('a changed tier makes what was remembered for the day obsolete, and says so', () => {
  const old = { rotation: 'office', runDay: monday, tier: 'father', ordinal: 1, cartridge: id(13) };
  const saturday = { ...old, runDay: '2026-11-28', tier: 'son' };
  const gone = { ...old, rotation: 'attic' };
  const { runs, obsolete } = plan(office({ allocations: [old, saturday, gone] }), monday, day('2026-11-30'));
  assert.deepEqual(obsolete, [old, saturday, gone]);
  assert.deepEqual(reason(runs[0] as PlannedRun, 'plan.tier-changed'), {
    code: 'plan.tier-changed',
    was: 'father',
    tier: 'son',
  });
});

test('an extra cartridge is the free one whose next planned use is the furthest away', () => {
  const three = cartridges(3);
  const allocation = (runDay: string, cartridgeNumber: number, tier = 'son') => ({
    rotation: 'office',
    runDay,
    tier,
    ordinal: 1,
    cartridge: id(cartridgeNumber),
  });
  const allocations = [allocation(monday, 1), allocation('2026-12-08', 2), allocation('2026-12-15', 3)];
  const state = office({ cartridges: three, allocations });
  const now = runOfMonday.startedAt;
  const next = allocateNext(state, { now, running: runOfMonday });
  assert.equal(next.cartridge?.barcode, 'G00003L9');
  assert.deepEqual(reason(next.run, 'cartridge.furthest-next-use'), {
    code: 'cartridge.furthest-next-use',
    cartridge: 'G00003L9',
    nextUse: '2026-12-15',
  });
  const spare = allocateNext({ ...state, cartridges: cartridges(4) }, { now, running: runOfMonday });
  assert.equal(spare.cartridge?.barcode, 'G00004L9', 'one that is not planned at all is further away');
  const third = allocateNext(state, { now, running: { ...runOfMonday, passedOver: [id(3)] } });
  assert.equal(third.cartridge?.barcode, 'G00002L9');
  const none = allocateNext({ ...state, cartridges: cartridges(1) }, { now, running: runOfMonday });
  assert.equal(none.cartridge, undefined);
  assert.equal(none.shortage?.missing, 1);
});
