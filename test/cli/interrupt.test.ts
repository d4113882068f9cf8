import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { milliseconds } from '#src/base/duration';
import { acquireFlockLease } from '#src/base/flock-lease';
import { Installation } from '#test/support/installation';

const phases = [
  { at: 'staging.begun:1', while: 'it begins to stage' },
  { at: 'segment.filling:2', while: 'it fills a segment' },
  { at: 'segment.renamed:1', while: 'it calls a segment staged' },
  { at: 'data-set.complete:1', while: 'everything is staged' },
  { at: 'mount.carried:1', while: 'the robot has put the cartridge into the drive' },
  { at: 'mount.threaded:1', while: 'the drive has threaded it' },
  { at: 'labelling.intent:1', while: 'it is about to label' },
  { at: 'labelling.written:1', while: 'the label is written' },
  { at: 'tape-file.payload:3', while: 'it writes a segment' },
  { at: 'tape-file.synchronised:2', while: 'a segment is synchronised' },
  { at: 'tape-file.begun:1', while: 'it is about to write the first segment' },
] as const;

describe('interrupted', () => {
  for (const [index, phase] of phases.entries()) {
    const signal = index % 2 === 0 ? 'SIGINT' : 'SIGTERM';
    it(`by ${signal} while ${phase.while}, a run puts the cartridge back, gives the lease back and ends 130`, async () => {
      await using here = await prepared();
      const variables = { GRANDSIRE_TRACE_STOP: `${phase.at}:${signal}`, GRANDSIRE_TRACE: here.traceFile };
      const { exitCode, output } = await here.start(['backup', 'run', 'home'], variables).ended;
      assert.equal(exitCode, 130, `${output}\n${here.trace().join(' ')}`);
      await assertAtRest(here);
      await assertSaysWhatIsLeft(here, output);
      await assertNextRuns(here);
    });
  }

  it('in the middle of a later segment, a run says how many stay, and they can be restored', async () => {
    await using here = await prepared();
    for (let n = 0; n < 40; n += 1) writeFileSync(join(here.source, `file-${n}`), randomBytes(900_000));
    const variables = { GRANDSIRE_TRACE_STOP: 'segment.staged:2:SIGINT', GRANDSIRE_TRACE: here.traceFile };
    const { exitCode, output } = await here.start(['backup', 'run', 'home'], variables).ended;
    assert.equal(exitCode, 130, output);
    assert.match(output, /interrupted(?: by SIGINT)?; \d+ segments of home-\S+ can be restored/);
    await assertSaysWhatIsLeft(here, output);
    await assertAtRest(here);
    await assertNextRuns(here);
  });

  for (const resource of ['staging', 'library:main']) {
    it(`while it waits for ${resource}, a run ends 130 and leaves it to its holder`, async () => {
      await using here = await prepared();
      await here.withApp(async ({ catalog, clock, locks }) => {
        const pause = async (): Promise<void> => undefined;
        const wait = milliseconds(0);
        const held = { resource, folder: locks, rows: catalog.leases, job: 'the holder', wait, clock, pause };
        await using _lease = await acquireFlockLease(held);
        const variables = { GRANDSIRE_TRACE_STOP: 'lease.waiting:1:SIGINT' };
        const { exitCode, output } = await here.start(['backup', 'run', 'home', '--wait', '10m'], variables).ended;
        assert.equal(exitCode, 130, output);
        assert.equal((await catalog.leases.get(resource))?.job, 'the holder');
      });
      await assertAtRest(here);
      await assertNextRuns(here);
    });
  }
});

async function prepared(): Promise<Installation> {
  const here = await Installation.create({ segmentSize: '1MiB' });
  for (const name of ['a', 'b', 'c']) writeFileSync(join(here.source, name), randomBytes(1_000_000));
  return here;
}

async function assertAtRest(here: Installation): Promise<void> {
  assert.equal((await here.command('catalog', 'check')).exitCode, 0);
  await here.withApp(async ({ catalog }) => {
    for (const { barcode, location } of await catalog.cartridges.list()) assert.equal(location.kind, 'slot', barcode);
    for (const resource of ['staging', 'library:main']) assert.equal(await catalog.leases.get(resource), undefined);
    assert.deepEqual(await catalog.dataSets.list({ state: 'open' }), []);
  });
  // Also by what the library itself says.
  for (const [barcode, { place }] of Object.entries(here.device.readState().cartridges))
    assert.match(place, /^slot:/, barcode);
}

/** A run that stopped in the middle of a segment says how many before it stay, and they come back. */
async function assertSaysWhatIsLeft(here: Installation, output: string): Promise<void> {
  const [interrupted] = await here.withApp(({ catalog }) => catalog.dataSets.list({ state: 'interrupted' }));
  if (!interrupted) return;
  const { id, key } = interrupted;
  const staged = await here.withApp(({ catalog }) => catalog.dataSets.segments(key));
  const count = staged.length === 1 ? '1 segment' : `${staged.length} segments`;
  const expected =
    staged.length === 0
      ? `; nothing of ${id} was staged`
      : `; ${count} of ${id} can be restored (--dataset ${id}) until the set's next complete run`;
  assert.ok(output.includes(expected), output);
  if (staged.length === 0) return;
  const words = ['restore', 'run', here.source, '--dataset', id, '--to', join(here.folder, 'left'), '--json'];
  const { exitCode, stdout } = await here.command(...words);
  assert.equal(exitCode, 0, stdout);
  const names = readdirSync(join(here.folder, 'left', here.source));
  assert.ok(names.length > 0);
  for (const name of names) {
    assert.deepEqual(readFileSync(join(here.folder, 'left', here.source, name)), readFileSync(join(here.source, name)));
  }
}

async function assertNextRuns(here: Installation): Promise<void> {
  here.clock.set((here.clock.now() + 60_000) as ReturnType<typeof here.clock.now>);
  const run = await here.command('backup', 'run', 'home', '--json');
  assert.equal(run.exitCode, 0, run.stdout);
  const { dataSet, staged } = JSON.parse(run.stdout);
  assert.equal(staged, false);
  const to = join(here.folder, 'to');
  assert.deepEqual((await here.restore(dataSet, to)).failed, []);
  for (const name of ['a', 'b', 'c']) {
    assert.deepEqual(readFileSync(join(to, here.source, name)), readFileSync(join(here.source, name)));
  }
}
