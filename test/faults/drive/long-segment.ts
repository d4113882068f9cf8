import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { instant } from '#src/base/clock';
import { Xxh64Stream } from '#src/base/xxh64';
import { SqliteConnection } from '#src/catalog/sql/sqlite/connection';
import { stagedPaths } from '#src/staging/staged-paths';
import { encodeUstarHeader } from '#src/volume/ustar-header';
import type { Scenario } from '#test/faults/scenario';
import { Installation } from '#test/support/installation';
import { memoryFolder } from '#test/support/memory-folder';
import { writeThinly } from '#test/support/thin-writes';

/** A multiple of 512, and of no block size of a volume: what lies behind is at other places in its blocks. */
const longBytes = 2 ** 32 + 64 * 2 ** 20 + 512;
const headerBytes = 512;
/** By which everything behind the long file lies further on. */
const shift = headerBytes + longBytes;
const names = ['a', 'b', 'c'] as const;

/**
 * Puts a file of zeros between the directories and the files of a staged segment, where it is a hole, and into the catalog and the index part what
 * an archiver would have said of it.
 */
async function lengthen(here: Installation, dataSet: string): Promise<void> {
  const paths = stagedPaths(join(here.folder, 'staging'));
  const [segment, index] = [paths.segment(dataSet, 1), paths.indexPart(dataSet, 1)];
  const lines = readFileSync(index, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const files = lines.filter(({ type }) => type === 'file');
  const cut = Math.min(...files.map(({ offset }) => offset));
  const path = join(here.source, 'long');
  const old = readFileSync(segment);
  const header = encodeUstarHeader({ name: path.slice(1), sizeBytes: longBytes, modifiedSeconds: 1_790_000_000 });
  const head = Buffer.concat([old.subarray(0, cut), header]);
  const tail = old.subarray(cut);
  const fd = openSync(segment, 'w');
  ftruncateSync(fd, old.length + shift);
  writeSync(fd, head, 0, head.length, 0);
  writeSync(fd, tail, 0, tail.length, cut + shift);
  closeSync(fd);
  for (const file of files) file.offset += shift;
  const { sha256: _none, ...like } = files[0];
  const long = { ...like, path, size: longBytes, offset: cut, inode: '1' };
  writeFileSync(index, [...lines, long].map((line) => `${JSON.stringify(line)}\n`).join(''));
  await changeCatalog(here, [
    `update versions set offset = offset + ${shift} where offset >= ${cut}`,
    `insert into versions select directory, x'${Buffer.from('long').toString('hex')}', data_set, 1, ${cut}, kind, ${longBytes},
       mtime, mtime_ns, ctime_delta, ctime_delta_ns, 1, null from versions where name = x'61' limit 1`,
    `update data_sets set files = files + 1, bytes = bytes + ${longBytes}`,
    `update segments set payload_bytes = ${old.length + shift}, xxh64 = '${digest(head, tail)}'`,
  ]);
}

function digest(head: Buffer, tail: Buffer): string {
  const hash = new Xxh64Stream();
  const zeros = Buffer.alloc(2 ** 20);
  hash.update(head);
  for (let left = longBytes; left > 0; left -= zeros.length)
    hash.update(zeros.subarray(0, Math.min(left, zeros.length)));
  hash.update(tail);
  return hash.digest();
}

async function changeCatalog(here: Installation, changes: readonly string[]): Promise<void> {
  const path = join(here.folder, 'state', 'catalog.sqlite');
  const connection = await SqliteConnection.open({ path, mode: 'read-write', setup: changes });
  await connection.close();
}

class LongSegment {
  readonly here: Installation;
  readonly contents = new Map<string, Buffer>();
  readonly said: string[] = [];
  #restores = 0;

  constructor(here: Installation) {
    this.here = here;
    for (const name of names) {
      const bytes = randomBytes(90_000 + name.charCodeAt(0));
      this.contents.set(name, bytes);
      writeFileSync(join(here.source, name), bytes);
    }
  }

  async ends(exitCode: number, ...argv: string[]) {
    const ran = await this.here.command(...argv, '--json');
    this.said.push(ran.stdout, ran.stderr);
    assert.equal(ran.exitCode, exitCode, `${argv.join(' ')}: ${ran.stdout}${ran.stderr}`);
    return JSON.parse(ran.stdout);
  }

  /** All but the long file: that its place is right is seen by what lies behind it. */
  async assertRestores(from: readonly string[]): Promise<void> {
    this.#restores += 1;
    const to = join(this.here.folder, `to-${this.#restores}`);
    mkdirSync(to);
    const paths = names.map((name) => join(this.here.source, name));
    const { bytes, failed, cartridges } = await this.ends(0, 'restore', 'run', ...paths, '--to', to);
    const total = [...this.contents.values()].reduce((sum, content) => sum + content.length, 0);
    assert.deepEqual({ bytes, failed, cartridges }, { bytes: total, failed: [], cartridges: from });
    for (const [name, content] of this.contents)
      assert.ok(readFileSync(join(to, this.here.source, name)).equals(content), name);
  }

  async assertFound(dataSet: string, cartridge: string | undefined): Promise<void> {
    const { matches } = await this.ends(0, 'find', join(this.here.source, 'long'));
    assert.equal(matches[0].sizeBytes, longBytes);
    const [copy] = matches[0].copies;
    assert.deepEqual([copy.staging, copy.cartridge], [cartridge === undefined ? true : undefined, cartridge]);
    const plan = await this.ends(0, 'restore', 'plan', join(this.here.source, 'long'), '--dataset', dataSet);
    assert.deepEqual([plan.files, plan.bytes], [1, longBytes]);
  }
}

export const longSegment: Scenario = {
  name: 'a segment of more than 2³² bytes',
  injected: `Before all other files of a staged segment lies one of ${longBytes} zeros.`,
  outcome:
    'What lies behind it is found and restored from staging; it is written, restored, verified, written behind, and known again after the catalog is lost, as any other.',
  messages: [],
  run: async () => {
    await using here = await Installation.create({
      cartridges: ['G00001L9'],
      within: memoryFolder(),
      capacity: '64GiB',
      stagingSize: '16GiB',
      segmentSize: '8GiB',
    });
    const site = new LongSegment(here);
    const { dataSet } = await site.ends(0, 'backup', 'run', 'home', '--stage-only');
    await lengthen(here, dataSet);
    const { segments, usedBytes } = await site.ends(0, 'staging', 'status');
    assert.ok(segments[0].bytes > shift && usedBytes > shift, `${segments[0].bytes}`);
    await site.assertFound(dataSet, undefined);
    await site.assertRestores([]);

    {
      using _thin = writeThinly();
      await site.ends(0, 'staging', 'flush');
    }
    const image = statSync(here.device.imagePath('G00001L9'));
    assert.ok(image.size > shift && image.blocks * 512 < 2 ** 28, `${image.size} bytes, ${image.blocks} blocks`);
    await site.assertFound(dataSet, 'G00001L9');
    await site.assertRestores(['G00001L9']);
    const used = (await site.ends(0, 'cartridge', 'show', 'G00001L9')).usedBytes;
    assert.ok(used > shift && used <= image.size, `${used} of ${image.size}`);
    const verified = await site.ends(0, 'verify', 'G00001L9');
    assert.ok(verified.bytes > shift, `${verified.bytes}`);
    assert.deepEqual(verified.failed, []);

    // Behind it.
    const changed = randomBytes(70_000);
    site.contents.set('b', changed);
    writeFileSync(join(here.source, 'b'), changed);
    here.clock.set(instant(here.clock.now() + 86_400_000));
    await site.ends(0, 'backup', 'run', 'home', '--level', 'incremental');
    await site.assertRestores(['G00001L9']);

    rmSync(join(here.folder, 'state'), { recursive: true });
    await site.ends(0, 'library', 'inventory');
    await site.ends(0, 'catalog', 'rebuild');
    await site.assertFound(dataSet, 'G00001L9');
    await site.assertRestores(['G00001L9']);
    return site.said;
  },
};
