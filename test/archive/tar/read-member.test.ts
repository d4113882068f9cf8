import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { MemberHeader } from '#src/archive/tar/member-header';
import { readMemberHeader, readRegions } from '#src/archive/tar/read-member';
import { GrandsireError } from '#src/base/errors';
import {
  endOfArchive,
  extendedHeader,
  fileMember,
  headerBlock,
  octal,
  padded,
  paxRecord,
} from '#test/support/tar-bytes';
import { streamOf } from '#test/support/tar-streams';

const read = async (...blocks: readonly Buffer[]): Promise<MemberHeader | undefined> =>
  readMemberHeader(streamOf(Buffer.concat(blocks)));

async function header(...blocks: readonly Buffer[]): Promise<MemberHeader> {
  const found = await read(...blocks);
  assert.ok(found);
  return found;
}

const rejects = (message: RegExp, ...blocks: readonly Buffer[]): Promise<void> =>
  assert.rejects(read(...blocks), (error) => {
    assert.ok(error instanceof GrandsireError);
    assert.match(error.code, /^archive\.(damaged|truncated)$/);
    assert.match(error.message, message);
    return true;
  });

describe('readMemberHeader', () => {
  it('reads all fields of a plain header', async () => {
    const block = headerBlock({
      name: 'name',
      prefix: 'long/prefix',
      mode: '0104755\0',
      uid: '0000144\0',
      gid: '0000145 ',
      mtime: '13637457000\0',
      typeFlag: '3',
      deviceMajor: '0007777\0',
      deviceMinor: ' 001000\0',
    });
    assert.deepEqual(await header(block), {
      path: Buffer.from('long/prefix/name'),
      type: 'character-device',
      linkTarget: undefined,
      mode: 0o4755,
      uid: 100,
      gid: 101,
      mtime: { seconds: 0o13637457000, nanoseconds: 0 },
      atime: undefined,
      device: { major: 4095, minor: 512 },
      sizeBytes: 0,
      dataBytes: 0,
      sparse: false,
      attributes: [],
      accessAcl: undefined,
      defaultAcl: undefined,
    });
  });

  it('lets an extended header outdo the plain one', async () => {
    const path = Buffer.concat([Buffer.from('directory/'), Buffer.from([0xff, 0x0a, 0x3d]), Buffer.alloc(4000, 'x')]);
    const found = await header(
      extendedHeader(
        paxRecord('hdrcharset', 'BINARY'),
        paxRecord('path', path),
        paxRecord('size', '9007199254740991'),
        paxRecord('uid', '4294967294'),
        paxRecord('gid', '3000000'),
        paxRecord('mtime', '-1.5'),
        paxRecord('atime', '1700000000.123456789'),
        paxRecord('comment', 'ignored'),
        paxRecord('SCHILY.xattr.user.a%3Db%2541', Buffer.from([0, 10, 61])),
        paxRecord('SCHILY.xattr.user.empty', ''),
        paxRecord('SCHILY.acl.access', 'user::rw-\n'),
      ),
      headerBlock({ name: 'short' }),
    );
    assert.deepEqual(found.path, path);
    assert.deepEqual([found.dataBytes, found.sizeBytes], [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]);
    assert.deepEqual([found.uid, found.gid], [4_294_967_294, 3_000_000]);
    assert.deepEqual(found.mtime, { seconds: -2, nanoseconds: 500_000_000 });
    assert.deepEqual(found.atime, { seconds: 1_700_000_000, nanoseconds: 123_456_789 });
    assert.deepEqual(found.attributes, [
      { name: Buffer.from('user.a=b%41'), value: Buffer.from([0, 10, 61]) },
      { name: Buffer.from('user.empty'), value: Buffer.alloc(0) },
    ]);
    assert.deepEqual(found.accessAcl, Buffer.from('user::rw-\n'));
  });

  for (const [text, seconds, nanoseconds] of [
    ['0', 0, 0],
    ['-0', 0, 0],
    ['-0.5', -1, 500_000_000],
    ['-1', -1, 0],
    ['-1.000000001', -2, 999_999_999],
    ['1.', 1, 0],
    ['1.1', 1, 100_000_000],
    ['1.0000000019', 1, 1],
    ['999999999999999', 999_999_999_999_999, 0],
  ] as const) {
    it(`reads the time ${text}`, async () => {
      const found = await header(extendedHeader(paxRecord('mtime', text)), headerBlock({ name: 'a' }));
      assert.deepEqual(found.mtime, { seconds, nanoseconds });
    });
  }

  for (const text of ['x', '', '-', '.5', '1.-5', '1e9', '1000000000000000', '1..2', ' 1', '+1']) {
    it(`refuses the time ${JSON.stringify(text)}`, async () => {
      const value = text === '' ? '-' : text;
      await rejects(/"mtime"/, extendedHeader(paxRecord('mtime', value)), headerBlock({ name: 'a' }));
    });
  }

  it('takes the last of two records, and an empty one back', async () => {
    const records = [paxRecord('uid', '5'), paxRecord('uid', '6'), paxRecord('gid', '7'), paxRecord('gid', '')];
    const found = await header(extendedHeader(...records), headerBlock({ name: 'a', gid: '0000011\0' }));
    assert.deepEqual([found.uid, found.gid], [6, 9]);
  });

  it('is at the end at two zero blocks, not at one', async () => {
    assert.equal(await read(endOfArchive), undefined);
    await rejects(/a zero block between/, Buffer.alloc(512), headerBlock({ name: 'a' }));
    await rejects(/data set ends/, Buffer.alloc(512));
  });

  it('takes `./` and the slashes of a directory off, and knows the root', async () => {
    const directory = (name: string): Buffer => headerBlock({ name, typeFlag: '5' });
    assert.equal(String((await header(directory('./a/b//'))).path), 'a/b');
    assert.equal(String((await header(directory('./'))).path), '');
    assert.equal(String((await header(directory('.'))).path), '');
    assert.equal(String((await header(headerBlock({ name: './..a/b..' }))).path), '..a/b..');
  });

  for (const name of ['/a', '//', '/', '..', '../a', 'a/../b', 'a/..', './../a', 'a//b', 'a/./b', 'a/.', './/a', '']) {
    it(`refuses the path ${JSON.stringify(name)}`, async () => {
      await rejects(/path|name/, headerBlock({ name, typeFlag: '5' }));
      await rejects(/path|name/, headerBlock({ name: 'x', linkName: name, typeFlag: '1' }));
      if (name !== '') await rejects(/path|name/, extendedHeader(paxRecord('path', name)), headerBlock({ name: 'x' }));
    });
  }

  it('refuses a NUL in a path, an attribute or the target of a link', async () => {
    await rejects(/path/, extendedHeader(paxRecord('path', 'a\0b')), headerBlock({ name: 'a' }));
    await rejects(/xattr/, extendedHeader(paxRecord('SCHILY.xattr.a\0b', 'c')), headerBlock({ name: 'a' }));
    await rejects(/link/, extendedHeader(paxRecord('linkpath', 'a\0')), headerBlock({ name: 'a', typeFlag: '2' }));
  });

  it('refuses lengths of records that lie', async () => {
    for (const bytes of [
      '9 a=b\n',
      '07 =b\n',
      '6a=b\n',
      ' 6 a=b\n',
      '99999999999 a=b\n',
      '0 a=b\n',
      '3 \n',
      '6 a=bc',
      '-6 a=b\n',
      'x',
      '6',
    ]) {
      await rejects(/extended/, extendedHeader(Buffer.from(bytes)), headerBlock({ name: 'a' }));
    }
  });

  it('refuses an extended header that is too long, unread', async () => {
    await rejects(
      /extended header of 8589934591 bytes/,
      headerBlock({ name: 'x', typeFlag: 'x', size: '77777777777\0' }),
    );
  });

  it('refuses what is not a POSIX header', async () => {
    const wrongSum = headerBlock({ name: 'a' });
    wrongSum[5] = 1;
    await rejects(/checksum/, wrongSum);
    await rejects(/no POSIX tar header/, headerBlock({ name: 'a', magic: 'ustar  \0' }));
    await rejects(/octal/, headerBlock({ name: 'a', size: '\x80\0\0\0\0\0\0\0\0\0\0\x01' }));
    await rejects(/octal/, headerBlock({ name: 'a', uid: '00000x0\0' }));
    for (const typeFlag of ['7', 'L', 'K', 'S', 'g', 'A', '\0', 'x']) {
      await rejects(/unknown type|checksum|data set ends/, headerBlock({ name: 'a', typeFlag }));
    }
    await rejects(/unknown type "x"/, extendedHeader(paxRecord('uid', '1')), extendedHeader(paxRecord('uid', '1')));
  });

  it('refuses data where there can be none, and numbers beyond their bounds', async () => {
    for (const typeFlag of ['1', '2', '3', '4', '5', '6']) {
      await rejects(/bytes of data/, headerBlock({ name: 'a', linkName: 'b', typeFlag, size: octal(1) }));
    }
    await rejects(/"uid"/, extendedHeader(paxRecord('uid', '4294967295')), headerBlock({ name: 'a' }));
    await rejects(/"size"/, extendedHeader(paxRecord('size', '9007199254740992')), headerBlock({ name: 'a' }));
    await rejects(/"size"/, extendedHeader(paxRecord('size', '-1')), headerBlock({ name: 'a' }));
    await rejects(/device/, headerBlock({ name: 'a', typeFlag: '3', deviceMajor: '0010000\0' }));
  });

  it('refuses the older sparse formats', async () => {
    await rejects(/sparse/, extendedHeader(paxRecord('GNU.sparse.map', '0,1')), headerBlock({ name: 'a' }));
    await rejects(
      /sparse/,
      extendedHeader(paxRecord('GNU.sparse.major', '0'), paxRecord('GNU.sparse.minor', '1')),
      headerBlock({ name: 'a' }),
    );
    await rejects(/sparse/, extendedHeader(paxRecord('GNU.sparse.major', '1')), headerBlock({ name: 'a' }));
  });
});

describe('readRegions', () => {
  const sparse = (map: string, { size = 1000, data = 0 } = {}): Buffer => {
    const bytes = Buffer.concat([padded(Buffer.from(map)), Buffer.alloc(data, 'd')]);
    const records = [
      paxRecord('GNU.sparse.major', '1'),
      paxRecord('GNU.sparse.minor', '0'),
      paxRecord('GNU.sparse.name', 'file'),
      paxRecord('GNU.sparse.realsize', String(size)),
    ];
    return Buffer.concat([extendedHeader(...records), fileMember('GNUSparseFile.1/file', bytes)]);
  };
  const regions = async (bytes: Buffer) => {
    const stream = streamOf(bytes);
    return readRegions(stream, (await readMemberHeader(stream)) as MemberHeader);
  };

  it('reads a map, across blocks too, and a hole at the end', async () => {
    assert.deepEqual(await regions(sparse('2\n0\n10\n1000\n0\n', { data: 10 })), [
      { offset: 0, lengthBytes: 10 },
      { offset: 1000, lengthBytes: 0 },
    ]);
    const map = `100\n${Array.from({ length: 100 }, (_, index) => `${index * 1000}\n1\n`).join('')}`;
    assert.equal((await regions(sparse(map, { size: 100_000, data: 100 }))).length, 100);
    assert.deepEqual(await regions(sparse('0\n', { size: 5 })), []);
  });

  for (const [map, data] of [
    ['1\n0\n1001\n', 1001],
    ['1\n1001\n0\n', 0],
    ['2\n10\n10\n5\n1\n', 11],
    ['2\n10\n10\n19\n1\n', 11],
    ['1\n0\n9\n', 10],
    ['1\n0\n11\n', 10],
    ['1\n0\n', 0],
    ['\n', 0],
    ['x\n', 0],
    ['-1\n', 0],
    ['9999999\n', 0],
    ['99999999999999999\n', 0],
  ] as const) {
    it(`refuses the map ${JSON.stringify(map)} with ${data} bytes`, async () => {
      await assert.rejects(regions(sparse(map, { data })), { code: 'archive.damaged' });
    });
  }
});

describe('readMemberHeader of anything', () => {
  it('returns or complains, whatever a bit turned', async () => {
    const whole = Buffer.concat([
      extendedHeader(paxRecord('path', 'a/b'), paxRecord('mtime', '-1.5'), paxRecord('SCHILY.xattr.user.x', 'y')),
      fileMember('b', 'content'),
      endOfArchive,
    ]);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.nat(whole.length),
        async (changes, length) => {
          const bytes = Buffer.from(whole);
          for (const [at, value] of changes) bytes[at] = value;
          try {
            await readMemberHeader(streamOf(bytes.subarray(0, length)));
          } catch (error) {
            assert.ok(error instanceof GrandsireError, String(error));
            assert.match(error.code, /^archive\./);
          }
        },
      ),
      { numRuns: 5000 },
    );
  });

  it('returns or complains at records of any text', async () => {
    const keyword = fc.constantFrom(
      'path',
      'linkpath',
      'size',
      'uid',
      'mtime',
      'SCHILY.xattr.',
      'SCHILY.acl.access',
      'GNU.sparse.major',
      '__proto__',
      'constructor',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(keyword, fc.string({ unit: 'binary', maxLength: 20 }))), async (records) => {
        try {
          await read(
            extendedHeader(...records.map(([key, value]) => paxRecord(key, Buffer.from(value)))),
            headerBlock({ name: 'a' }),
          );
        } catch (error) {
          assert.ok(error instanceof GrandsireError, String(error));
          assert.equal(error.code, 'archive.damaged');
        }
      }),
      { numRuns: 3000 },
    );
  });
});
