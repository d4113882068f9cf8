import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { closeSync, ftruncateSync, mkdirSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Installation } from '#test/support/installation';
import { memoryFolder } from '#test/support/memory-folder';

const sizeBytes = 2 ** 32 + 48 * 2 ** 20 + 1;
/** Where the file is no hole: at its beginning, over the boundary, and at its end, which is no whole block. */
const pieces = [0, 2 ** 32 - 65_536, sizeBytes - 70_001].map((at) => ({
  at,
  bytes: randomBytes(at === 0 ? 4096 : at < 2 ** 32 ? 131_072 : 70_001),
}));

describe('a file of more than 2³² bytes, most of it a hole', () => {
  it('is stored as long as its data, told as long as it is, and comes back with its holes', async () => {
    await using here = await Installation.create({ cartridges: ['G00001L9'], within: memoryFolder() });
    const path = join(here.source, 'long');
    const fd = openSync(path, 'w');
    ftruncateSync(fd, sizeBytes);
    for (const { at, bytes } of pieces) writeSync(fd, bytes, 0, bytes.length, at);
    closeSync(fd);
    const ends = async (...argv: string[]) => {
      const { exitCode, stdout, stderr } = await here.command(...argv, '--json');
      assert.equal(exitCode, 0, `${argv.join(' ')}: ${stdout}${stderr}`);
      return JSON.parse(stdout);
    };

    const { dataSet, bytes } = await ends('backup', 'run', 'home');
    assert.equal(bytes, sizeBytes);
    const { dataSets } = await ends('backup', 'list');
    assert.deepEqual([dataSets[0].dataSet, dataSets[0].bytes], [dataSet, sizeBytes]);
    assert.ok(statSync(here.device.imagePath('G00001L9')).size < 2 ** 20);
    assert.equal((await ends('find', path)).matches[0].sizeBytes, sizeBytes);
    assert.equal((await ends('restore', 'plan', path)).bytes, sizeBytes);

    const to = join(here.folder, 'to');
    mkdirSync(to);
    const restored = await ends('restore', 'run', path, '--to', to);
    assert.deepEqual([restored.bytes, restored.failed], [sizeBytes, []]);
    const { size, blocks } = statSync(join(to, path));
    assert.equal(size, sizeBytes);
    assert.ok(blocks * 512 < 2 ** 20, `${blocks} blocks`);
    const back = openSync(join(to, path), 'r');
    for (const { at, bytes: wanted } of pieces) {
      const found = Buffer.alloc(wanted.length);
      readSync(back, found, 0, found.length, at);
      assert.ok(found.equals(wanted), `at ${at}`);
    }
    closeSync(back);
  });
});
