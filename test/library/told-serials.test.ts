import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toldSerials } from '#src/library/drives/told-serials';

const told = (elements: readonly (string | undefined)[], serials: readonly string[]) =>
  toldSerials(
    elements.map((driveSerial) => ({ driveSerial })),
    serials,
  ).map(({ driveSerial }) => driveSerial);

describe('serial numbers that a library gives for its drives', () => {
  it('are taken as they are, also behind vendor and product, and where they are of no drive of ours', () => {
    assert.deepEqual(told(['DRV1', 'IBM ULT DRV2', 'OTHER', undefined], ['DRV1', 'DRV2']), [
      'DRV1',
      'DRV2',
      'OTHER',
      undefined,
    ]);
  });

  it('are completed where they are cut, unless they fit several drives or are too short to tell', () => {
    assert.deepEqual(told(['10WT0351', '10WT0352'], ['10WT035101', '10WT035202']), ['10WT035101', '10WT035202']);
    assert.deepEqual(told(['10WT', '10WT'], ['10WT035101', '10WT035202']), [undefined, undefined]);
    assert.deepEqual(told(['10W'], ['10WT035101']), ['10W']);
  });

  it('tell nothing where they stand twice, or name several drives', () => {
    assert.deepEqual(told(['DRV1', 'DRV1', 'DRV2'], ['DRV1', 'DRV2']), [undefined, undefined, 'DRV2']);
    assert.deepEqual(told(['DRV1', 'DRV2'], ['DRV1', 'DRV1', 'DRV2']), [undefined, 'DRV2']);
  });
});
