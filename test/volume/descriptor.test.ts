import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Descriptor, encodeDescriptor, parseDescriptor } from '#src/volume/descriptor';

const volume = '8f14e45f-ceea-467f-a8f9-3b0d2f1c9f10';
const segment: Descriptor = {
  kind: 'segment',
  volume,
  dataSet: 'home-20261122T220000Z',
  number: 3,
  codecs: [],
  payloadBytes: 8_589_934_592,
  payloadXxh64: '44bc2cf5ad770999',
  startsInside: { path: Buffer.from('/home/disk.img'), offset: 4096 },
  endsInside: null,
  firstHeader: 1024,
};

describe('descriptor', () => {
  it('is a tar member that GNU tar extracts, and its content is JSON with the fields of docs/format.md', () => {
    const block = encodeDescriptor(segment, 1_795_000_000);
    const listed = execFileSync('tar', ['-tf', '-'], { input: Buffer.concat([block, Buffer.alloc(1024)]) });
    assert.equal(listed.toString(), '.grandsire/home-20261122T220000Z/00003.json\n');
    const json = JSON.parse(
      execFileSync('tar', ['-xOf', '-'], { input: Buffer.concat([block, Buffer.alloc(1024)]) }).toString(),
    );
    assert.deepEqual(json, {
      format: 'grandsire',
      version: 1,
      kind: 'segment',
      volume,
      dataSet: 'home-20261122T220000Z',
      number: 3,
      codecs: [],
      payloadBytes: 8_589_934_592,
      payloadXxh64: '44bc2cf5ad770999',
      startsInside: { path: '/home/disk.img', offset: 4096 },
      endsInside: null,
      firstHeader: 1024,
    });
  });

  it('comes back as it was, whatever the bytes of a name are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 4096 }), fc.maxSafeNat(), (path, offset) => {
        const parsed = parseDescriptor(encodeDescriptor({ ...segment, endsInside: { path, offset } }, 0));
        assert.equal(parsed.kind, 'ours');
        assert.ok(parsed.kind === 'ours' && parsed.descriptor.kind === 'segment' && parsed.descriptor.endsInside);
        assert.deepEqual(Buffer.from(parsed.descriptor.endsInside.path), Buffer.from(path));
        assert.equal(parsed.descriptor.endsInside.offset, offset);
      }),
      { numRuns: 200 },
    );
  });

  it('of an unknown kind is told apart from damage, and a newer version from both', () => {
    const text = (json: object): Buffer => rewrite(encodeDescriptor(segment, 0), JSON.stringify(json));
    const common = {
      format: 'grandsire',
      version: 1,
      volume,
      codecs: [],
      payloadBytes: 1,
      payloadXxh64: '44bc2cf5ad770999',
    };
    const unknown = parseDescriptor(text({ ...common, kind: 'thumbnails' }));
    assert.ok(
      unknown.kind === 'ours' &&
        unknown.descriptor.kind === 'unknown' &&
        unknown.descriptor.kindOnMedium === 'thumbnails',
    );
    assert.deepEqual(parseDescriptor(text({ ...common, version: 2, kind: 'segment' })), { kind: 'newer', version: 2 });
    assert.equal(parseDescriptor(text({ ...common, kind: 'segment' })).kind, 'damaged');
    assert.equal(parseDescriptor(text({ ...common, kind: 'label', payloadBytes: -1 })).kind, 'damaged');
  });

  it('survives anything: no bytes make it throw', () => {
    const good = encodeDescriptor(segment, 0);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 8 }),
        fc.nat(good.length),
        (flips, length) => {
          const bytes = Buffer.from(good);
          for (const [at, value] of flips) bytes[at] = value;
          parseDescriptor(bytes.subarray(0, length));
        },
      ),
      { numRuns: 2000 },
    );
  });
});

/** The block with other content under a right checksum. */
function rewrite(block: Buffer, content: string): Buffer {
  const header = Buffer.from(block.subarray(0, 512));
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return Buffer.concat([header, Buffer.from(content.padEnd(Math.ceil(content.length / 512) * 512, '\0'))]);
}
