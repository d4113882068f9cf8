import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { groupMembers } from '#src/archive/extract/group-members';
import type { DataSetKey } from '#src/catalog/data-sets';
import { type FileVersion, versionFlags } from '#src/catalog/files';

const version = (
  path: string,
  place: readonly [dataSet: number, segment: number, offset: number],
  flags = 0,
): FileVersion => ({
  path: Buffer.from(path),
  dataSet: place[0] as DataSetKey,
  segment: place[1],
  offset: place[2],
  type: 'file',
  sizeBytes: 1,
  mtime: { seconds: 0, nanoseconds: 0 },
  sha256: undefined,
  flags,
});

async function* pages(...all: readonly (readonly FileVersion[])[]): AsyncGenerator<readonly FileVersion[]> {
  yield* all;
}

describe('groupMembers', () => {
  it('takes the names of one place together, across pages, the first name of the content first', async () => {
    const { hardLink } = versionFlags;
    const given = pages(
      [version('/a', [1, 1, 0]), version('/b', [1, 1, 512], hardLink)],
      [],
      [
        version('/c', [1, 1, 512]),
        version('/d', [1, 1, 512], hardLink),
        version('/e', [1, 2, 512]),
        version('/f', [2, 2, 512], hardLink),
      ],
    );
    const groups: string[] = [];
    for await (const { path, names = [], flags } of groupMembers(given))
      groups.push([path, ...names, flags].map(String).join(' '));
    assert.deepEqual(groups, ['/a 0', '/c /b /d 0', '/e 0', `/f ${hardLink}`]);
  });

  it('gives nothing for nothing', async () => {
    assert.equal((await groupMembers(pages([])).next()).done, true);
  });
});
