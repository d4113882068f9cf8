import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemClock } from '#src/base/clock';
import { type Duration, milliseconds, seconds } from '#src/base/duration';
import { type GrandsireError, interrupted } from '#src/base/errors';
import { acquireFlockLease, type LeaseHolder } from '#src/base/flock-lease';
import { SharedLease } from '#src/library/shared-lease';
import { createManagedLibrary } from '#test/library/managed-library';

const holderProgram = fileURLToPath(new URL('./lease-holder.js', import.meta.url));

/** A process that holds a lease, and what it wrote into its row. */
async function holdElsewhere(folder: string, resource: string): Promise<{ child: ChildProcess; holder: LeaseHolder }> {
  const child = spawn(process.execPath, [holderProgram, folder, resource], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout as NonNullable<typeof child.stdout>, 'data');
  return { child, holder: JSON.parse(String(line)) };
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

const hasCode = (code: string) => (error: unknown) => (error as GrandsireError).code === code;

describe('flock lease', () => {
  let folder = '';
  const rows = new Map<string, LeaseHolder>();
  const pauses: Duration[] = [];
  let whilePausing: () => Promise<void> = async () => undefined;
  let beforeRemoving: () => void = () => undefined;
  const acquire = (wait: Duration, signal?: AbortSignal) =>
    acquireFlockLease({
      resource: 'library:main',
      folder: join(folder, 'locks'),
      rows: {
        get: async (resource) => rows.get(resource),
        put: async (holder) => void rows.set(holder.resource, holder),
        remove: async (resource) => {
          beforeRemoving();
          rows.delete(resource);
        },
      },
      job: 'backup run home',
      wait,
      clock: systemClock,
      pause: async (duration) => {
        pauses.push(duration);
        await whilePausing();
      },
      signal,
    });

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'lease-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('is exclusive, named, and free once it is given back', async () => {
    const lease = await acquire(milliseconds(0));
    assert.equal(rows.get('library:main')?.pid, process.pid);
    await assert.rejects(acquire(milliseconds(0)), (error: GrandsireError) => {
      assert.equal(error.kind, 'waiting');
      assert.match(error.message, /library:main.*"backup run home" \(process \d+ on /);
      return true;
    });
    await lease[Symbol.asyncDispose]();
    await lease[Symbol.asyncDispose]();
    assert.equal(rows.size, 0);
    await (await acquire(milliseconds(0)))[Symbol.asyncDispose]();
  });

  it('excludes another process, and is free the moment that one is killed', async () => {
    const { child, holder } = await holdElsewhere(join(folder, 'locks'), 'library:main');
    rows.set(holder.resource, holder);
    await assert.rejects(acquire(milliseconds(0)), (error: GrandsireError) =>
      error.message.includes(`process ${child.pid}`),
    );
    await kill(child);
    // The row that the dead process left behind says nothing.
    const lease = await acquire(milliseconds(0));
    assert.equal(rows.get('library:main')?.pid, process.pid);
    await lease[Symbol.asyncDispose]();
  });

  it('waits as long as it is told, and takes what becomes free meanwhile', async () => {
    const { child } = await holdElsewhere(join(folder, 'locks'), 'library:main');
    pauses.length = 0;
    await assert.rejects(acquire(seconds(30)), hasCode('lease.held'));
    assert.equal(
      pauses.reduce((sum, pause) => sum + pause, 0),
      30_000,
    );
    whilePausing = () => kill(child);
    const lease = await acquire(seconds(30));
    whilePausing = async () => undefined;
    await lease[Symbol.asyncDispose]();
  });

  it('shared: what failed while it was given back is told once, and the next use takes it anew', async () => {
    const shared = new SharedLease((signal) => acquire(milliseconds(0), signal));
    const first = await shared.use();
    const second = await shared.use();
    const failure = new RangeError('the catalog is locked');
    beforeRemoving = () => {
      beforeRemoving = () => undefined;
      throw failure;
    };
    await first[Symbol.asyncDispose]();
    const givingBack = second[Symbol.asyncDispose]();
    // Comes while it is being given back, and is no part of that.
    const [told, meanwhile] = await Promise.allSettled([givingBack, shared.use()]);
    assert.ok(told.status === 'rejected' && told.reason === failure);
    assert.ok(meanwhile.status === 'fulfilled');
    await assert.rejects(acquire(milliseconds(0)), hasCode('lease.held'));
    await meanwhile.value[Symbol.asyncDispose]();
    await (await shared.use())[Symbol.asyncDispose]();
    assert.equal(rows.size, 0);
    await (await acquire(milliseconds(0)))[Symbol.asyncDispose]();
  });

  it('stops waiting when it is interrupted', async () => {
    await using _lease = await acquire(milliseconds(0));
    await assert.rejects(acquire(seconds(30), AbortSignal.abort(interrupted())), hasCode('command.interrupted'));
  });
});

describe('library: two processes', () => {
  it('one that comes second names the first, moves nothing, and goes on when the first has died', async () => {
    await using managed = await createManagedLibrary();
    const { child, holder } = await holdElsewhere(managed.locks, 'library:main');
    await managed.catalog.leases.put(holder);
    await assert.rejects(managed.library.move('G00001L9', 'slot:5'), (error: GrandsireError) => {
      assert.deepEqual([error.code, error.kind], ['lease.held', 'waiting']);
      return error.message.includes('"holding on"');
    });
    assert.equal(managed.device.readState().cartridges.G00001L9?.place, 'slot:1');
    await kill(child);
    assert.equal((await managed.library.move('G00001L9', 'slot:5')).to, 'slot:5');
    assert.equal(await managed.catalog.leases.get('library:main'), undefined);
  });

  it('two openings exclude each other for as long as something is mounted', async () => {
    await using managed = await createManagedLibrary();
    await managed.library.inventory();
    const other = await managed.reopen();
    {
      await using _mount = await managed.library.mount(await managed.cartridge('G00001L9'), {
        purpose: 'test',
        writing: true,
      });
      await assert.rejects(other.move('G00002L9', 'slot:5'), hasCode('lease.held'));
      assert.equal((await other.status()).drives[0]?.state, 'busy');
    }
    await other.move('G00002L9', 'slot:5');
    // What another process moved meanwhile is seen, because each use of the lease begins with a look.
    assert.equal((await managed.library.move('G00002L9', 'slot:6')).from, 'slot:5');
  });
});
