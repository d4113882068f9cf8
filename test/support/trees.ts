import { execFileSync, spawnSync } from 'node:child_process';
import {
  type BigIntStats,
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
} from 'node:fs';
import { escapePath } from '#src/base/bytes';
import { lgetxattr, llistxattr } from '#src/base/posix/extended-attributes';
import { seekData, seekHole } from '#src/base/posix/open-file';
import { decodeDevice } from '#test/support/device-numbers';

/** Why a tree of every kind cannot be made here, for `skip` of a test; false where it can. */
export function missingForTrees(): string | false {
  if (process.getuid?.() !== 0) return 'needs root (owners, devices, trusted attributes)';
  for (const tool of ['setfacl', 'setfattr', 'truncate', 'mknod']) {
    if (spawnSync(tool, ['--version']).error) return `needs ${tool}`;
  }
  return false;
}

/**
 * Below `directory` (which exists) one of everything that a file system can hold and an archive must keep, made with the system's own tools: sizes around
 * tar's blocks, modes, owners, names of all lengths and bytes, links, devices, fifos, holes, extended attributes, ACLs, odd times. No sockets. About 7 MB.
 */
export function makeEveryKindTree(directory: string): void {
  execFileSync('bash', ['-euc', everyKind], {
    cwd: directory,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, LC_ALL: 'C' },
  });
}

const everyKind = String.raw`
umask 022
random() { head -c "$1" /dev/urandom; }
repeat() { printf "%*s" "$2" "" | tr " " "$1"; }

mkdir sizes modes owners names links devices holes attributes acls times 'empty directory'
for size in 0 1 511 512 513 10239 10240 10241 1048583; do random $size >sizes/$size; done

for mode in 0000 0200 0444 0755 4755 2755 6711 1644; do echo $mode >modes/$mode; chmod $mode modes/$mode; done
for mode in 0555 0700 1777 2775 0000; do mkdir modes/directory-$mode; echo $mode >modes/directory-$mode/inside; chmod $mode modes/directory-$mode; done

echo a >owners/small; chown 12345:54321 owners/small
echo b >owners/large; chown 3000000:4000000000 owners/large; chmod 4755 owners/large
mkdir owners/directory; chown 1:2 owners/directory
ln -s small owners/link; chown -h 77:88 owners/link

for length in 99 100 101 154 155 156 255; do echo $length >names/$(repeat n $length); done
for name in -dash --option ' space ' 'back\slash' 'quo"te' "apo'strophe" '*glob?' '%41=percent' 'a=b' '..dots' '...' '~tilde' '#' .grandsire "new
line" $'tab\there' $'bell\a' $'latin\xe9' $'\xff\xfe\x80' $'caf\xc3\xa9' $'cafe\xcc\x81' $'\xf0\x9f\x93\xbc' $'surrogate\xed\xa0\x80' '12 path=forged'; do
  echo "$name" >"names/$name"
done
mkdir "names/$(repeat d 100)" "names/$(repeat d 155)" $'names/directory\xff'
echo x >"names/$(repeat d 100)/$(repeat f 100)"
echo y >"names/$(repeat d 155)/$(repeat f 100)"
echo z >$'names/directory\xff/\xfe'
( cd names; for level in 1 2 3 4 5 6 7 8 9 10 11 12; do part=$(repeat $((level % 10)) 120); mkdir $part; cd $part; echo $level >file; done )

echo 'three names' >links/first; ln links/first links/second; ln links/first sizes/third
ln links/first "names/$(repeat h 255)"
ln -s first links/relative; ln -s /etc/hostname links/absolute; ln -s ../../../../outside links/dangling
ln -s "$(repeat t 100)" links/target-100; ln -s "$(repeat t 101)" links/target-101; ln -s "$(repeat t 4000)" links/target-4000
ln -s $'\xff=\n' links/target-bytes; ln -s .. links/up; ln -s loop links/loop; ln -s links/first 'links/slash '
ln links/dangling links/second-symbolic
touch -h -d '2001-02-03 04:05:06.789012345 UTC' links/relative
: >links/empty-first; ln links/empty-first links/empty-second

mkfifo -m 0620 devices/fifo; ln devices/fifo devices/fifo-second; chown 5:6 devices/fifo
mknod -m 0666 devices/null c 1 3; mknod -m 0640 devices/block b 259 1048575; mknod devices/wide c 4095 70000
touch -d '1999-12-31 23:59:59.999999999 UTC' devices/null

truncate -s 1M holes/all; truncate -s 1000001 holes/odd-end
truncate -s 1M holes/middle; random 4096 | dd of=holes/middle bs=4096 seek=17 conv=notrunc status=none
random 8192 >holes/end; truncate -s 3M holes/end
truncate -s 2M holes/begin; random 5000 | dd of=holes/begin bs=4096 seek=511 conv=notrunc status=none
truncate -s 2200M holes/large; echo far | dd of=holes/large bs=1M seek=2190 conv=notrunc status=none
truncate -s 2M holes/many; for block in $(seq 0 2 400); do echo $block; done | while read block; do echo $block | dd of=holes/many bs=4096 seek=$block conv=notrunc status=none; done
head -c 65536 /dev/zero >holes/zeros-written
truncate -s 1M "holes/$(repeat s 120)"; echo x | dd of="holes/$(repeat s 120)" bs=4096 seek=3 conv=notrunc status=none
truncate -s 1M holes/linked; ln holes/linked holes/linked-second

echo a >attributes/file
setfattr -n user.text -v text attributes/file; setfattr -n user.empty attributes/file; setfattr -n user.bytes -v 0x000a0d3dff00 attributes/file
setfattr -n 'user.a=b%41' -v equals attributes/file; setfattr -n user.newline -v 0x310a3220736e65616b793d780a attributes/file
setfattr -n user.$(repeat k 200) -v long attributes/file; setfattr -n user.large -v 0x$(repeat 5 4000) attributes/file
setfattr -n trusted.file -v t attributes/file
echo c >attributes/capable; chmod 755 attributes/capable
setfattr -n security.capability -v 0x0100000200040000000000000000000000000000 attributes/capable
chown 10:10 attributes/capable; setfattr -n security.capability -v 0x0100000200040000000000000000000000000000 attributes/capable
mkdir attributes/directory; setfattr -n user.directory -v d attributes/directory
ln -s file attributes/link; setfattr -h -n trusted.link -v l attributes/link
mkfifo attributes/fifo; setfattr -n trusted.fifo -v f attributes/fifo
truncate -s 1M attributes/holes; setfattr -n user.holes -v h attributes/holes
echo r >attributes/read-only; setfattr -n user.r -v r attributes/read-only; chmod 0400 attributes/read-only

echo a >acls/file; setfacl -m u:12345:rw,g:54321:r,u:0:r,m::rw acls/file
echo b >acls/masked; setfacl -m u:1:rwx,m::r acls/masked
mkdir acls/directory; setfacl -m u:12345:rwx,d:u:12345:rwx,d:g:54321:x,d:o::- acls/directory
echo inherited >acls/directory/inherits; mkdir acls/directory/below; echo deeper >acls/directory/below/file
mkdir acls/default-only; setfacl -d -m u::rwx,g::r,o::- acls/default-only
echo c >acls/read-only; setfacl -m u:12345:rw acls/read-only; chmod 0444 acls/read-only

for time in '1970-01-01 00:00:00' '1969-12-31 23:59:59.5' '1969-12-31 23:59:59.999999999' '1969-12-31 23:59:58.000000001' '1960-06-01 00:00:00' '1902-01-01 00:00:00.25' \
  '2001-09-09 01:46:40.000000001' '2038-01-19 03:14:08.123456789' '2200-01-01 00:00:00.1'; do
  echo "$time" >"times/$time"; touch -d "$time UTC" "times/$time"
done
mkdir times/directory; echo inside >times/directory/inside; touch -d '1969-07-20 20:17:40.123456789 UTC' times/directory
find . -depth -type d ! -path ./times/directory -exec touch -d '2015-05-05 05:05:05.505050505 UTC' {} +
`;

export interface CompareOptions {
  /** False where the two are on file systems that place holes differently. */
  readonly holes?: boolean;
  /** False where only content matters, and owners and modes are those of whoever extracted. */
  readonly owners?: boolean;
}

/**
 * Every difference between the trees at and below two paths, one line each, the escaped path first; empty where they are alike in names, type, mode, owner, time of
 * modification to the nanosecond, size, content, target, groups of hard links, holes, extended attributes, ACLs and device numbers.
 */
export function compareTrees(a: string, b: string, { holes = true, owners = true }: CompareOptions = {}): string[] {
  const differences: string[] = [];
  const comparison = { holes, owners, differences, links: new Map<string, string>(), back: new Map<string, string>() };
  compareEntry(comparison, { a: Buffer.from(a), b: Buffer.from(b), name: '.' });
  return differences;
}

interface Comparison {
  readonly holes: boolean;
  readonly owners: boolean;
  readonly differences: string[];
  /** Inode in the first tree → inode in the second, and back: alike where both are functions. */
  readonly links: Map<string, string>;
  readonly back: Map<string, string>;
}

interface Pair {
  readonly a: Buffer;
  readonly b: Buffer;
  readonly name: string;
}

function compareEntry(comparison: Comparison, pair: Pair): void {
  const [a, b] = [lstatSync(pair.a, { bigint: true }), lstatSync(pair.b, { bigint: true })];
  const differ = (what: string, left: unknown, right: unknown): void => {
    if (left !== right) comparison.differences.push(`${pair.name}: ${what}: ${String(left)} / ${String(right)}`);
  };
  differ('type', typeOf(a), typeOf(b));
  if (typeOf(a) !== typeOf(b)) return;
  differ('mtime', a.mtimeNs, b.mtimeNs);
  if (comparison.owners) {
    differ('mode', (a.mode & 0o7777n).toString(8), (b.mode & 0o7777n).toString(8));
    differ('owner', `${a.uid}:${a.gid}`, `${b.uid}:${b.gid}`);
    differ('attributes', describeAttributes(pair.a), describeAttributes(pair.b));
  }
  if (!a.isDirectory()) {
    differ('size', a.size, b.size);
    differ('links', a.nlink, b.nlink);
    compareLinks(comparison, pair.name, [a, b]);
  }
  if (a.isSymbolicLink()) differ('target', target(pair.a), target(pair.b));
  if (a.isBlockDevice() || a.isCharacterDevice()) differ('device', device(a), device(b));
  if (a.isFile() && a.size === b.size) compareContent(comparison, pair, Number(a.size));
  if (a.isDirectory()) compareDirectory(comparison, pair);
}

const typeOf = (stats: BigIntStats): string => ((Number(stats.mode) & constants.S_IFMT) >> 12).toString(8);
const target = (path: Buffer): string => escapePath(readlinkSync(path, { encoding: 'buffer' }));

function device(stats: BigIntStats): string {
  const { major, minor } = decodeDevice(stats.rdev);
  return `${major}:${minor}`;
}

/** ACLs are attributes of the `system` name space (acl(5) on Linux). */
function describeAttributes(path: Buffer): string {
  return llistxattr(path)
    .map((name) => `${escapePath(name)}=${lgetxattr(path, name)?.toString('hex')}`)
    .sort()
    .join(' ');
}

function compareLinks(comparison: Comparison, name: string, [a, b]: readonly [BigIntStats, BigIntStats]): void {
  const [left, right] = [`${a.dev}:${a.ino}`, `${b.dev}:${b.ino}`];
  const known = comparison.links.get(left) ?? right;
  const knownBack = comparison.back.get(right) ?? left;
  if (known !== right || knownBack !== left)
    comparison.differences.push(`${name}: is not the same inode as another name in both trees`);
  comparison.links.set(left, right);
  comparison.back.set(right, left);
}

function compareDirectory(comparison: Comparison, pair: Pair): void {
  const [a, b] = [names(pair.a), names(pair.b)];
  const [inA, inB] = [new Set(a), new Set(b)];
  for (const name of b) if (!inA.has(name)) comparison.differences.push(`${join(pair.name, name)}: only in the second`);
  for (const name of a) {
    if (!inB.has(name)) comparison.differences.push(`${join(pair.name, name)}: only in the first`);
    else compareEntry(comparison, { a: below(pair.a, name), b: below(pair.b, name), name: join(pair.name, name) });
  }
}

// Names pass through maps as latin1, which keeps all bytes.
const names = (path: Buffer): string[] => readdirSync(path, { encoding: 'latin1' as BufferEncoding }).sort();
const below = (path: Buffer, name: string): Buffer =>
  Buffer.concat([path, Buffer.from('/'), Buffer.from(name, 'latin1')]);
const join = (path: string, name: string): string => `${path}/${escapePath(Buffer.from(name, 'latin1'))}`;

function compareContent(comparison: Comparison, pair: Pair, size: number): void {
  const [a, b] = [openSync(pair.a, 'r'), openSync(pair.b, 'r')];
  try {
    const [mapA, mapB] = [dataMap(a, size), dataMap(b, size)];
    if (comparison.holes && mapA.join() !== mapB.join()) {
      comparison.differences.push(`${pair.name}: data: ${shown(mapA)} / ${shown(mapB)}`);
    }
    // What is data in one of them may be a hole in the other.
    for (const [from, to] of [...mapA, ...mapB]) {
      const at = firstDifference(a, b, [from, to]);
      if (at === undefined) continue;
      comparison.differences.push(`${pair.name}: content differs at ${at}`);
      return;
    }
  } finally {
    closeSync(a);
    closeSync(b);
  }
}

type Range = readonly [from: number, to: number];

const shown = (map: readonly Range[]): string =>
  `${map.slice(0, 8).map(([from, to]) => `${from}-${to}`)}${map.length > 8 ? ',…' : ''}`;

function dataMap(fd: number, size: number): Range[] {
  const map: Range[] = [];
  for (let from = seekData(fd, 0); from !== undefined && from < size; ) {
    const to = seekHole(fd, from) ?? size;
    map.push([from, to]);
    from = seekData(fd, to);
  }
  return map;
}

const [areaA, areaB] = [Buffer.alloc(1 << 20), Buffer.alloc(1 << 20)];

function firstDifference(a: number, b: number, [from, to]: Range): number | undefined {
  for (let at = from; at < to; at += areaA.length) {
    const length = Math.min(areaA.length, to - at);
    const read = [readSync(a, areaA, 0, length, at), readSync(b, areaB, 0, length, at)];
    if (read[0] !== length || read[1] !== length) return at;
    if (!areaA.subarray(0, length).equals(areaB.subarray(0, length))) return at;
  }
  return undefined;
}
