import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createPipelineMemory } from '#src/archive/pipeline-memory';
import { closingBytes, type PackMember, placePack, type SegmentCut } from '#src/archive/segment-placer';

const segmentBytes = 8 * 2 ** 30;
const headerBytes = 1024;
/** What one call can place of a member: packs are far shorter than members here. */
const pieceBytes = 2 ** 30;

/** Places a member piece by piece, as it comes in packs; its place, and the cuts that fell. */
function place(state: Float64Array, path: string, dataBytes: number) {
  const place = { segment: 0, offset: 0, endSegment: 0 };
  const cuts: SegmentCut[] = [];
  for (let before = 0; before < dataBytes; before += pieceBytes) {
    const isFirst = before === 0;
    const data = Math.min(pieceBytes, dataBytes - before);
    const member: PackMember = {
      path,
      start: 0,
      length: (isFirst ? headerBytes : 0) + data,
      headerBytes: isFirst ? headerBytes : 0,
      totalBytes: headerBytes + dataBytes,
      dataBefore: before,
      place,
    };
    cuts.push(...placePack(state, segmentBytes, [member]).cuts);
  }
  return { place, cuts };
}

describe('places beyond 2³²', () => {
  const limit = segmentBytes - closingBytes;

  test('a member behind 5 GiB in its segment is placed there, and the next, which does not fit, begins a segment', () => {
    const { placement } = createPipelineMemory(1, segmentBytes);
    const five = 5 * 2 ** 30;
    assert.deepEqual(place(placement, '/a', five), { place: { segment: 1, offset: 0, endSegment: 1 }, cuts: [] });
    const small = place(placement, '/b', 512);
    assert.deepEqual(small.place, { segment: 1, offset: headerBytes + five, endSegment: 1 });
    const next = place(placement, '/c', five);
    assert.deepEqual(next.place, { segment: 2, offset: 0, endSegment: 2 });
    const payloadBytes = five + 512 + 2 * headerBytes;
    assert.deepEqual(next.cuts, [{ segment: 1, payloadBytes, firstHeader: 0, inside: undefined, nextPath: '/c' }]);
  });

  test('a member of 2⁴⁰ bytes is cut into segments of 8 GiB, and the first header behind it stands where it ends', () => {
    const { placement } = createPipelineMemory(1, segmentBytes);
    const long = place(placement, '/long', 2 ** 40);
    assert.equal(long.cuts.length, Math.floor((headerBytes + 2 ** 40) / limit));
    for (const [index, cut] of long.cuts.entries()) {
      assert.deepEqual(cut, {
        segment: index + 1,
        payloadBytes: limit,
        firstHeader: index === 0 ? 0 : undefined,
        inside: { path: '/long', offset: (index + 1) * limit - headerBytes },
        nextPath: '/long',
      });
    }
    const offset = (headerBytes + 2 ** 40) % limit;
    const endSegment = long.cuts.length + 1;
    assert.deepEqual(long.place, { segment: 1, offset: 0, endSegment });
    assert.deepEqual(place(placement, '/next', 512).place, { segment: endSegment, offset, endSegment });
  });

  test('where a segment begins inside of a member, its first header may lie beyond 2³²', () => {
    const { placement } = createPipelineMemory(1, segmentBytes);
    const rest = 6 * 2 ** 30 + 512;
    place(placement, '/long', limit - headerBytes + rest);
    place(placement, '/next', 512);
    const { cuts } = place(placement, '/last', 4 * 2 ** 30);
    assert.deepEqual(
      cuts.map(({ segment, firstHeader, payloadBytes }) => ({ segment, firstHeader, payloadBytes })),
      [{ segment: 2, firstHeader: rest, payloadBytes: rest + headerBytes + 512 }],
    );
  });
});
