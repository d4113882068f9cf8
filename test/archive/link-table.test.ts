import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { describe, it } from 'node:test';
import { closeLinkTableFiles, createLinkTableFiles, type LinkedContent, LinkTable } from '#src/archive/link-table';
import { entryTypes } from '#src/catalog/files';

/** As different from one number to the next as the fields allow. */
const contentOf = (number: number): LinkedContent => ({
  path: `/some/${'long/'.repeat(number % 50)}${number}`,
  type: entryTypes[number % entryTypes.length] ?? 'file',
  sizeBytes: 2 ** 52 - number,
  mtimeSeconds: -number,
  mtimeNanoseconds: 999_999_999 - number,
  ctimeSeconds: 2 ** 34 + number,
  ctimeNanoseconds: number,
  sha256: number % 2 === 0 ? undefined : String(number).padStart(64, 'a'),
  flags: number % 8,
  place: { segment: number, offset: 2 ** 45 + number, endSegment: number + 1 },
});

describe('the table of inodes with several names', () => {
  it('gives back all that was put in, also after it grew, and nothing else', () => {
    const files = createLinkTableFiles(tmpdir());
    try {
      const table = new LinkTable(files);
      const count = 3000;
      for (let number = 0; number < count; number += 1) {
        table.add(`8:${number % 3}`, String(number), contentOf(number));
        table.add(`8:${number % 3}`, String(number), contentOf(number + 1));
      }
      for (let number = 0; number < count; number += 1) {
        assert.deepEqual(table.find(`8:${number % 3}`, String(number)), contentOf(number));
        assert.equal(table.find('9:0', String(number)), undefined);
      }
    } finally {
      closeLinkTableFiles(files);
    }
  });
});
