import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { PendingDirectories, type PendingLevel, type Subdirectory } from '#src/archive/pending-directories';
import { anyName, scratchBytes } from '#test/archive/names';

const scratchDirectory = mkdtempSync(join(tmpdir(), 'pending-'));
after(() => rmSync(scratchDirectory, { recursive: true }));

/** A directory's subdirectories, and below some of them further ones. */
interface Branch {
  readonly subdirectories: readonly (Subdirectory & { readonly below: Branch })[];
}

const leaf: Branch = { subdirectories: [] };

const { branch } = fc.letrec<{ branch: Branch }>((tie) => ({
  branch: fc.record({
    subdirectories: fc.array(
      fc.record({
        // Some are longer than what is read of the file at a time.
        name: fc.oneof(
          { weight: 9, arbitrary: anyName },
          { weight: 1, arbitrary: anyName.map((name) => name.repeat(900)) },
        ),
        isChanged: fc.boolean(),
        below: fc.oneof({ maxDepth: 3 }, fc.constant(leaf), tie('branch')),
      }),
      { maxLength: 12, size: 'max' },
    ),
  }),
}));

/** Goes through a branch as a walk does; what is to come next must be known at every step. */
function goThrough(pending: PendingDirectories, { subdirectories }: Branch): number {
  using level: PendingLevel = pending.open();
  for (const { name, isChanged } of subdirectories) level.add({ name, isChanged });
  let steps = 0;
  for (const [index, { name, isChanged, below }] of subdirectories.entries()) {
    assert.deepEqual(level.take(), { name, isChanged });
    const next = subdirectories.slice(index + 1, index + 8).map((subdirectory) => subdirectory.name);
    if (index % 3 === 0) assert.deepEqual(level.upcoming(7), next);
    steps += 1 + goThrough(pending, below);
  }
  assert.equal(level.take(), undefined);
  return steps;
}

describe('directories that are still to be walked', () => {
  it('come level by level in their order, however few are held', () => {
    let most = 0;
    fc.assert(
      fc.property(branch, fc.integer({ min: 0, max: 40 }), (tree, mostHeld) => {
        using pending = new PendingDirectories(scratchDirectory, mostHeld);
        most = Math.max(most, goThrough(pending, tree));
        // Everything that was held has been given back: the same again.
        goThrough(pending, tree);
      }),
      { numRuns: 100 },
    );
    assert.ok(most > 100, `the largest tree has ${most} directories`);
  });

  it('come in their order from a directory of thousands', () => {
    using pending = new PendingDirectories(scratchDirectory, 100);
    const subdirectories = Array.from({ length: 10_000 }, (_, index) => ({
      name: `sub-${index}`,
      isChanged: index % 3 === 0,
      below: { subdirectories: [{ name: `below-${index}`, isChanged: false, below: leaf }] },
    }));
    assert.equal(goThrough(pending, { subdirectories }), 20_000);
    assert.equal(scratchBytes(scratchDirectory), 0, 'what ended takes no room');
  });
});
