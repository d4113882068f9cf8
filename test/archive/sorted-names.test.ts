import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import type { TaggedName } from '#src/archive/name-file';
import { sortNames } from '#src/archive/sorted-names';
import { anyName, openFiles } from '#test/archive/names';

const scratchDirectory = mkdtempSync(join(tmpdir(), 'sorted-names-'));
after(() => rmSync(scratchDirectory, { recursive: true }));

const namesOf = (names: readonly string[]): readonly TaggedName[] =>
  names.map((name, index) => ({ name, tag: index % 256 }));

const inBytes = (a: TaggedName, b: TaggedName): number =>
  Buffer.compare(Buffer.from(a.name, 'latin1'), Buffer.from(b.name, 'latin1'));

function sorted(names: Iterable<TaggedName>, mostHeld: number): readonly TaggedName[] {
  using all = sortNames(names, { mostHeld, scratchDirectory });
  return [...all];
}

describe('names in order', () => {
  it('come sorted by their bytes with their tags, however few are held', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyName, { maxLength: 200 }), fc.integer({ min: 1, max: 250 }), (names, mostHeld) => {
        const tagged = namesOf(names);
        assert.deepEqual(sorted(tagged, mostHeld), tagged.toSorted(inBytes));
      }),
      { numRuns: 200 },
    );
  });

  it('come sorted from more runs than have large buffers, of names longer than the small ones', () => {
    const names = namesOf(Array.from({ length: 3000 }, (_, index) => `${(index * 7919) % 3000}`.padStart(1500, 'x')));
    assert.deepEqual(sorted(names, 1), names.toSorted(inBytes));
  });

  it('leave no name in the directory, and no open file once they are disposed', () => {
    const before = openFiles();
    {
      using all = sortNames(namesOf(['c', 'b', 'a']), { mostHeld: 1, scratchDirectory });
      assert.equal(all[Symbol.iterator]().next().value?.name, 'a');
      assert.equal(openFiles(), before + 1);
      assert.deepEqual(readdirSync(scratchDirectory), []);
    }
    assert.equal(openFiles(), before);
  });

  it('are not to be had where they cannot all be read', () => {
    function* broken(): Generator<TaggedName> {
      yield* namesOf(Array.from({ length: 20_000 }, (_, index) => `name-${index}`));
      throw new RangeError('no further');
    }
    const before = openFiles();
    assert.throws(() => sortNames(broken(), { mostHeld: 100, scratchDirectory }), /no further/);
    assert.equal(openFiles(), before);
  });
});
