import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { archive } from '#src/archive/archive';
import { makeEveryKind } from '#test/archive/every-kind';
import { FolderSink, RowCollector } from '#test/archive/folder-sink';

/** POSIX.1-2017, pax, "ustar Header Block": field name, octet offset, length in octets. Nothing here comes from our own code. */
const table = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  chksum: [148, 8],
  typeflag: [156, 1],
  linkname: [157, 100],
  magic: [257, 6],
  version: [263, 2],
  uname: [265, 32],
  gname: [297, 32],
  devmajor: [329, 8],
  devminor: [337, 8],
  prefix: [345, 155],
} as const;
type Field = keyof typeof table;
const numeric: readonly Field[] = ['mode', 'uid', 'gid', 'size', 'mtime', 'chksum', 'devmajor', 'devminor'];
const texts: readonly Field[] = ['name', 'linkname', 'uname', 'gname', 'prefix'];

type Header = Readonly<Record<Field, string>>;
interface Member {
  readonly header: Header;
  /** In the order in which they stand. */
  readonly records: ReadonlyMap<string, string>;
  readonly data: Buffer;
  /** Absolute, bytes as latin1. */
  readonly path: string;
}

/** One header block by the table; every rule of the text around it is checked. */
function parseBlock(block: Buffer): Header {
  const raw = (field: Field): Buffer => block.subarray(table[field][0], table[field][0] + table[field][1]);
  const header = {} as Record<Field, string>;
  for (const field of texts) {
    // "character strings … null-terminated, except when all characters in the array contain non-null characters"
    const text = raw(field).toString('latin1');
    header[field] = text.replace(/\0+$/, '');
    assert.ok(!header[field].includes('\0'), `${field}: something stands behind the NUL`);
  }
  for (const field of numeric) {
    // "leading zero-filled octal numbers … terminated with one or more <space> or NUL"
    const [, digits] = /^([0-7]+)[ \0]+$/.exec(raw(field).toString('latin1')) ?? [];
    assert.ok(digits, `${field} is ${JSON.stringify(raw(field).toString('latin1'))}`);
    header[field] = digits;
  }
  for (const field of ['typeflag', 'magic', 'version'] as const) header[field] = raw(field).toString('latin1');
  assert.equal(header.magic, 'ustar\0');
  assert.equal(header.version, '00');
  const [start, length] = table.chksum;
  const sum = block.reduce((total, byte, at) => total + (at >= start && at < start + length ? 0x20 : byte), 0);
  assert.equal(Number.parseInt(header.chksum, 8), sum, 'chksum: the simple sum of all bytes, its own as spaces');
  assert.ok(
    block.subarray(500).every((byte) => byte === 0),
    'nothing stands behind prefix',
  );
  return header;
}

/** `"%d %s=%s\n", <length>, <keyword>, <value>`; the length counts everything, itself and the newline. */
function parseRecords(data: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < data.length; ) {
    const [, digits = ''] = /^([1-9][0-9]*) /.exec(data.toString('latin1', at, at + 12)) ?? [];
    const record = data.toString('latin1', at, at + Number(digits));
    assert.equal(record.length, Number(digits), 'a record ends within the extended header');
    assert.ok(record.endsWith('\n'), JSON.stringify(record));
    const body = record.slice(digits.length + 1, -1);
    const equals = body.indexOf('=');
    assert.ok(equals > 0, JSON.stringify(record));
    assert.ok(!records.has(body.slice(0, equals)), 'no keyword stands twice');
    records.set(body.slice(0, equals), body.slice(equals + 1));
    at += record.length;
  }
  return records;
}

function parseStream(stream: Buffer): Member[] {
  const members: Member[] = [];
  let records = new Map<string, string>();
  let at = 0;
  for (; stream.subarray(at, at + 512).some((byte) => byte !== 0); ) {
    const header = parseBlock(stream.subarray(at, at + 512));
    const size = Number(records.get('size') ?? Number.parseInt(header.size, 8));
    const data = stream.subarray(at + 512, at + 512 + size);
    const padded = Math.ceil(size / 512) * 512;
    assert.ok(stream.subarray(at + 512 + size, at + 512 + padded).every((byte) => byte === 0));
    at += 512 + padded;
    if (header.typeflag === 'x') {
      records = parseRecords(data);
      continue;
    }
    const short = header.prefix === '' ? header.name : `${header.prefix}/${header.name}`;
    const path = `/${records.get('GNU.sparse.name') ?? records.get('path') ?? short}`.replace(/\/$/, '');
    members.push({ header, records, data, path });
    records = new Map();
  }
  assert.deepEqual(stream.subarray(at), Buffer.alloc(1024), 'two blocks of zeros end it, and nothing follows');
  return members;
}

/** GNU tar's manual, "Sparse format 1.0": the count, then offset and size of each piece, decimal, each with a newline, padded to a block. */
function unfold({ data, records }: Member): Buffer {
  const numbers: number[] = [];
  let at = 0;
  const next = (): number => {
    const end = data.indexOf(0x0a, at);
    const text = data.toString('latin1', at, end);
    assert.match(text, /^[0-9]+$/);
    at = end + 1;
    return Number(text);
  };
  const count = next();
  for (let n = 0; n < 2 * count; n += 1) numbers.push(next());
  at = Math.ceil(at / 512) * 512;
  const whole = Buffer.alloc(Number(records.get('GNU.sparse.realsize')));
  for (let n = 0; n < count; n += 1) {
    const [offset = 0, size = 0] = numbers.slice(2 * n, 2 * n + 2);
    assert.ok(offset + size <= whole.length);
    data.copy(whole, offset, at, at + size);
    at += size;
  }
  assert.equal(at, data.length, 'the pieces are all that follows the map');
  // GNU tar makes the file no longer than the last entry says.
  assert.equal((numbers.at(-2) ?? 0) + (numbers.at(-1) ?? 0), whole.length);
  return whole;
}

describe('headers by the tables of the standard', { skip: process.getuid?.() !== 0 && 'needs root (devices)' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'ustar-'));
  const source = join(folder, 'source');
  let members: readonly Member[] = [];

  before(async () => {
    mkdirSync(source);
    makeEveryKind(source);
    const sink = new FolderSink(folder);
    await archive({
      selection: { roots: [Buffer.from(source)], excludes: [], never: [], oneFileSystem: false },
      segmentBytes: 1 << 30,
      sink,
      versions: new RowCollector(),
      scratchDirectory: folder,
      onWarning: ({ code, message }) => assert.fail(`${code}: ${message}`),
    });
    members = parseStream(readFileSync(sink.path(1)));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('every kind of entry is there, under its typeflag', () => {
    assert.deepEqual([...new Set(members.map(({ header }) => header.typeflag))].sort(), [...'0123456']);
    const found = execFileSync('find', [source, '-print0'], { encoding: 'latin1' }).split('\0').filter(Boolean);
    assert.deepEqual(members.map(({ path }) => path).sort(), found.sort());
  });

  it('each field says what lstat says, or an extended record does where it has no room', () => {
    for (const { header, records, path } of members) {
      const octal = (field: Field): number => Number.parseInt(header[field], 8);
      const stat = lstatSync(Buffer.from(path, 'latin1'), { bigint: true });
      assert.equal(octal('mode'), Number(stat.mode & 0o7777n), path);
      for (const field of ['uid', 'gid'] as const) {
        assert.equal(Number(records.get(field) ?? octal(field)), Number(stat[field]), path);
      }
      if (records.has('mtime')) assert.match(records.get('mtime') ?? '', /^-?[0-9]+(\.[0-9]+)?$/);
      assert.equal(nanoseconds(records.get('mtime') ?? String(octal('mtime'))), stat.mtimeNs, path);
      if (header.typeflag !== '0') assert.equal(octal('size'), 0, path);
      if ('34'.includes(header.typeflag)) {
        const numbers = execFileSync('stat', ['-c', '%t %T', path], { encoding: 'utf8' }).trim().split(' ');
        const expected = numbers.map((digits) => Number.parseInt(digits, 16));
        assert.deepEqual([octal('devmajor'), octal('devminor')], expected);
      }
      const target = records.get('linkpath') ?? header.linkname;
      if (header.typeflag === '2') assert.equal(target, readlinkSync(path));
      else if (header.typeflag === '1') assert.equal(lstatSync(`/${target}`, { bigint: true }).ino, stat.ino);
      else assert.equal(target, '', path);
    }
  });

  it('data is the file’s, sparse ones by their map', () => {
    let sparse = 0;
    for (const member of members) {
      if (member.header.typeflag !== '0') continue;
      const isSparse = member.records.get('GNU.sparse.major') === '1';
      if (isSparse) assert.equal(member.records.get('GNU.sparse.minor'), '0');
      sparse += isSparse ? 1 : 0;
      const content = isSparse ? unfold(member) : member.data;
      assert.ok(content.equals(readFileSync(Buffer.from(member.path, 'latin1'))), member.path);
    }
    assert.equal(sparse, 3);
  });

  it('hdrcharset stands before the names that it is about, and only where one is not UTF-8', () => {
    let binary = 0;
    for (const { records } of members) {
      const keywords = [...records.keys()];
      const names = ['path', 'linkpath', 'GNU.sparse.name'].filter((keyword) => records.has(keyword));
      const isText = names.every((keyword) => isUtf8(records.get(keyword) ?? ''));
      assert.equal(records.has('hdrcharset'), !isText);
      if (isText) continue;
      binary += 1;
      assert.equal(records.get('hdrcharset'), 'BINARY');
      for (const keyword of names) assert.ok(keywords.indexOf('hdrcharset') < keywords.indexOf(keyword));
    }
    assert.ok(binary > 0);
  });
});

function nanoseconds(time: string): bigint {
  const [, sign = '', whole = '', fraction = ''] = /^(-?)([0-9]+)(?:\.([0-9]+))?$/.exec(time) ?? [];
  const value = BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
  return sign === '-' ? -value : value;
}

const isUtf8 = (bytes: string): boolean =>
  Buffer.from(Buffer.from(bytes, 'latin1').toString('utf8')).equals(Buffer.from(bytes, 'latin1'));
