import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { JobBench } from '#test/jobs/job-bench';
import { compareTrees, makeEveryKindTree, missingForTrees } from '#test/support/trees';

describe('restore', { skip: missingForTrees() }, () => {
  it('a tree with every kind of entry, over small cartridges, comes back the same', async () => {
    await using bench = await JobBench.create({
      capacity: '5MiB',
      cartridges: ['G00001L9', 'G00002L9', 'G00003L9', 'G00004L9', 'G00005L9'],
    });
    makeEveryKindTree(bench.source);
    writeFileSync(join(bench.source, 'long'), randomBytes(9_000_000));
    const dataSet = await bench.backup();
    const to = join(bench.folder, 'restored');
    const result = await bench.restore(to);
    assert.deepEqual(result.failed, []);
    assert.deepEqual(result.cartridges, ['G00001L9', 'G00002L9', 'G00003L9']);
    const cuts = (await bench.catalog.dataSets.segments(dataSet.key)).map(({ endsInside }) => endsInside?.path);
    assert.ok(cuts.some((path) => path?.toString().endsWith('/long')));
    assert.deepEqual(compareTrees(bench.source, join(to, bench.source)), []);
  });
});
