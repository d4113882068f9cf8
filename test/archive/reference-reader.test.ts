import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { emptyFileStat } from '#src/archive/file-stat';
import { type AskReference, type KnownEntry, ReferenceReader } from '#src/archive/reference-reader';
import type { WalkerPlace } from '#src/archive/thread-messages';

const entry = (name: string): KnownEntry => ({ ...emptyFileStat(), name, flags: 0 });

interface Question {
  readonly places: readonly WalkerPlace[];
  readonly limit: number;
}

/** Answers as the catalog does, from tables by directory; every third page is empty, as where all versions are hidden. */
function answering(tables: ReadonlyMap<string, readonly string[]>): { ask: AskReference; questions: Question[] } {
  const questions: Question[] = [];
  let pages = 0;
  const ask: AskReference = (places, limit) => {
    questions.push({ places, limit });
    return places.map(({ directory, from }) => {
      pages += 1;
      if (pages % 3 === 0) return { entries: [], next: from };
      const left = (tables.get(directory) ?? []).filter((name) => name >= from);
      return { entries: left.slice(0, limit).map(entry), next: left[limit] };
    });
  };
  return { ask, questions };
}

const namesOf = (entries: Iterable<KnownEntry>): readonly string[] => Array.from(entries, ({ name }) => name);

describe('the reference as the walker reads it', () => {
  it('is whole and in order for directories of any length, and no answer has more rows than it may', () => {
    const table = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(table, fc.integer({ min: 32, max: 100 }), (lengths, mostRows) => {
        const tables = new Map(
          lengths.map((length, index) => [`/d${index}`, Array.from({ length }, (_, n) => `n${n}`).sort()]),
        );
        const { ask, questions } = answering(tables);
        const reader = new ReferenceReader(ask, mostRows);
        const directories = [...tables.keys()];
        for (const [index, directory] of directories.entries()) {
          const names = namesOf(reader.entries(directory, () => directories.slice(index + 1)));
          assert.deepEqual(names, tables.get(directory));
        }
        for (const { places, limit } of questions) assert.ok(places.length * limit <= mostRows);
      }),
    );
  });

  it('asks for short directories many at a time', () => {
    const tables = new Map(Array.from({ length: 320 }, (_, index) => [`/d${index}`, ['a', 'b']]));
    const questions: Question[] = [];
    const reader = new ReferenceReader((places, limit) => {
      questions.push({ places, limit });
      return places.map(() => ({ entries: [entry('a'), entry('b')], next: undefined }));
    });
    const directories = [...tables.keys()];
    for (const [index, directory] of directories.entries()) {
      assert.deepEqual(namesOf(reader.entries(directory, () => directories.slice(index + 1))), ['a', 'b']);
    }
    assert.equal(questions.length, 10);
  });
});
