import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { nameOf, type WalkOrder, type WalkOutcome } from '#test/archive/walk-thread';

// A hundred thousand names are made and taken away much faster in memory.
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'walker-memory-'));
const links = join(folder, 'links');
const directories = join(folder, 'directories');
const names = { links: 60_000, directories: 25_000 };

before(() => {
  mkdirSync(links);
  for (let number = 0; number < names.links; number += 1) symlinkSync('x', join(links, nameOf(number)));
  mkdirSync(directories);
  for (let number = 0; number < names.directories; number += 1) mkdirSync(join(directories, nameOf(number)));
});
after(() => rmSync(folder, { recursive: true }));

/** In a thread whose heap would not hold the names of the directory: it would end with `ERR_WORKER_OUT_OF_MEMORY`. */
async function walkWithin(heapMb: number, order: WalkOrder): Promise<WalkOutcome> {
  const worker = new Worker(new URL('./walk-thread.js', import.meta.url), {
    workerData: order,
    resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: 2 },
  });
  // Both from the start: the end may come in the same turn as the outcome.
  const [[outcome]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
  return outcome as WalkOutcome;
}

describe('a walk in a small heap', () => {
  const heapMb = 12;

  it('gets through a directory of many names, and through what is known of it', async () => {
    const order = { root: links, names: names.links, mostHeld: 4096 };
    assert.deepEqual(await walkWithin(heapMb, { ...order, isIncremental: false }), {
      added: names.links + 1,
      deleted: 0,
    });
    assert.deepEqual(await walkWithin(heapMb, { ...order, isIncremental: true }), {
      added: names.links / 2 + 1,
      deleted: names.links / 2,
    });
  });

  it('gets through a directory of many directories', async () => {
    const order = { root: directories, names: names.directories, mostHeld: 4096 };
    const added = names.directories + 1;
    assert.deepEqual(await walkWithin(heapMb, { ...order, isIncremental: false }), { added, deleted: 0 });
  });

  it('ends where names are held: the heap is too small for them', async () => {
    const order = { isIncremental: false, mostHeld: 1_000_000 };
    const tooSmall = { code: 'ERR_WORKER_OUT_OF_MEMORY' };
    await assert.rejects(walkWithin(heapMb, { ...order, root: links, names: names.links }), tooSmall);
    await assert.rejects(walkWithin(heapMb, { ...order, root: directories, names: names.directories }), tooSmall);
  });
});
