import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { skipWithout, tgtTools } from '#test/rig/rig-tools';
import { TgtLibrary } from '#test/rig/tgt-library';

const skip = skipWithout(tgtTools);

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

describe('the library of tgt', { skip }, () => {
  it('comes up on a port of its own, dies, and comes up there again', async () => {
    await using library = await TgtLibrary.start({ cartridges: ['T00001L8'] });
    await using other = await TgtLibrary.start({ drives: 1, mailSlots: 0 });
    const { port } = library;
    assert.notEqual(other.port, port);
    await library.kill();
    assert.equal(await answers(port), false);
    assert.equal(await answers(other.port), true);
    await library.start();
    assert.equal(library.port, port);
    assert.equal(await answers(port), true);
    await library.stop();
    assert.equal(await answers(port), false);
  });

  it('is found by another process, and leaves nothing when it goes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'grandsire-tgt-'));
    try {
      const started = await TgtLibrary.start({ folder, detached: true });
      const found = TgtLibrary.find(folder);
      assert.deepEqual([found?.portal, found?.isRunning], [started.portal, true]);
      await found?.stop();
      assert.equal(await answers(started.port), false);
      assert.equal(TgtLibrary.find(folder)?.isRunning, false);
      assert.ok(existsSync(join(folder, 'media')), 'the cartridges are kept');
      const again = TgtLibrary.find(folder);
      await again?.start();
      assert.equal(await answers(started.port), true);
      await again?.kill();
    } finally {
      rmSync(folder, { recursive: true });
    }
    const temporary = await TgtLibrary.start();
    await temporary[Symbol.asyncDispose]();
    assert.equal(existsSync(temporary.folder), false);
  });

  it('refuses barcodes that tgt would cut', async () => {
    await using library = await TgtLibrary.start();
    await assert.rejects(library.put('T0000000001', library.slot(1)), RangeError);
  });
});
