import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createWorkplace, simhImage, type Workplace } from '#test/cli/workplace';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

interface Started {
  readonly child: ChildProcess;
  readonly stderr: () => string;
  readonly ended: Promise<number | null>;
}

const children: ChildProcess[] = [];
after(() => {
  // What a failed test left behind.
  for (const child of children) child.kill('SIGKILL');
});

/** The built program as a process of its own, whose output nobody reads until `drain`. */
function start(place: Workplace, argv: readonly string[], variables: Readonly<Record<string, string>> = {}): Started {
  const child = spawn(process.execPath, [main, ...argv], {
    cwd: place.folder,
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const errors: Buffer[] = [];
  child.stderr?.on('data', (chunk: Buffer) => errors.push(chunk));
  // Not 'close', which waits for the output that nobody reads.
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  return { child, stderr: () => Buffer.concat(errors).toString(), ended };
}

async function assertAllIsBack(place: Workplace, barcode: string, slot: string): Promise<void> {
  assert.equal(place.placeOf(barcode), slot);
  await using app = await place.open();
  assert.deepEqual(await app.catalog.leases.list(), []);
  const drives = (await app.catalog.libraries.get('main'))?.drives ?? [];
  assert.deepEqual(
    drives.map(({ state, reason, cartridge }) => [state, reason, cartridge]),
    [
      ['empty', undefined, undefined],
      ['empty', undefined, undefined],
    ],
  );
}

/** A reader that has a pipe full of bytes and waits for somebody to take them: it holds the library as long as the test likes. */
async function holdLibrary(place: Workplace): Promise<Started> {
  writeFileSync(place.image('G00001L9'), simhImage([Array.from({ length: 64 }, () => Buffer.alloc(65_536, 7))]));
  const holder = start(place, ['cartridge', 'read', 'G00001L9', '--file', '0'], { GRANDSIRE_TRACE: traceFile(place) });
  await once(holder.child.stdout as NonNullable<ChildProcess['stdout']>, 'readable');
  return holder;
}

const traceFile = ({ folder }: Workplace): string => join(folder, 'trace');

/** Returns when the process has come to an instant. */
async function traced(file: string, instant: string): Promise<void> {
  writeFileSync(file, '', { flag: 'a' });
  const watcher = watch(file);
  try {
    while (!readFileSync(file, 'utf8').split('\n').includes(instant)) await once(watcher, 'change');
  } finally {
    watcher.close();
  }
}

async function drain({ child }: Started): Promise<number> {
  let bytes = 0;
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) bytes += chunk.length;
  return bytes;
}

describe('interrupted commands', { timeout: 120_000 }, () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`${signal} while a tape file is read: 130, the cartridge in its slot, the lease gone`, async () => {
      using place = await createWorkplace();
      const reader = await holdLibrary(place);
      assert.equal(place.placeOf('G00001L9'), 'drive:1');
      reader.child.kill(signal);
      // The cartridge goes home although nobody takes the bytes; then whoever should have is gone, too.
      await traced(traceFile(place), 'mount.given-back');
      reader.child.stdout?.destroy();
      assert.equal(await reader.ended, 130, reader.stderr());
      assert.match(reader.stderr(), new RegExp(`${signal}: stopping at the next safe point`));
      await assertAllIsBack(place, 'G00001L9', 'slot:1');
    });
  }

  for (const [instant, signal] of [
    ['lease.taken', 'SIGTERM'],
    ['mount.carried', 'SIGINT'],
  ] as const) {
    it(`cartridge identify, ${signal} at ${instant}: 130, nothing left behind`, async () => {
      using place = await createWorkplace();
      const stop = { GRANDSIRE_TRACE_STOP: `${instant}:1:${signal}` };
      const identify = start(place, ['cartridge', 'identify', 'G00001L9'], stop);
      assert.equal(await identify.ended, 130, identify.stderr());
      await assertAllIsBack(place, 'G00001L9', 'slot:1');
    });
  }

  for (const [instant, isLabelled] of [
    ['mount.carried', false],
    ['labelling.intent', true],
    ['labelling.confirmed', true],
  ] as const) {
    it(`cartridge label, SIGINT at ${instant}: ${isLabelled ? 'the label is finished' : 'no label'}, and the next is not begun`, async () => {
      using place = await createWorkplace();
      const stop = { GRANDSIRE_TRACE_STOP: `${instant}:1:SIGINT` };
      const label = start(place, ['cartridge', 'label', 'G00001L9', 'G00002L9'], stop);
      assert.equal(await label.ended, 130, label.stderr());
      await assertAllIsBack(place, 'G00001L9', 'slot:1');
      const fill = async (barcode: string) => (await place.json(['cartridge', 'show', barcode]))['fill'];
      assert.deepEqual(
        [await fill('G00001L9'), await fill('G00002L9')],
        [isLabelled ? 'appendable' : 'blank', 'blank'],
      );
      if (isLabelled) assert.match(label.stderr(), /labelled before that: G00001L9/);
      assert.equal((await place.json(['cartridge', 'identify', 'G00001L9']))['kind'], isLabelled ? 'ours' : 'blank');
    });
  }

  it('killed in the middle of a label, the next label finishes it', async () => {
    using place = await createWorkplace();
    const killed = start(place, ['cartridge', 'label', 'G00001L9'], {
      GRANDSIRE_TRACE_STOP: 'labelling.written:1:SIGKILL',
    });
    assert.equal(await killed.ended, null);
    const intended = (await place.json(['cartridge', 'show', 'G00001L9']))['volume'] as { id: string };
    const again = await place.json(['cartridge', 'label', 'G00001L9']);
    assert.deepEqual(again, { labelled: ['G00001L9'], refused: [] });
    const shown = await place.json(['cartridge', 'show', 'G00001L9']);
    assert.deepEqual([(shown['volume'] as { id: string }).id, shown['fill']], [intended.id, 'appendable']);
    await assertAllIsBack(place, 'G00001L9', 'slot:1');
  });
});

describe('two commands at once on one library', { timeout: 120_000 }, () => {
  it('with --no-wait the second ends 4 naming the first; without, it waits and goes on; reading does not wait', async () => {
    using place = await createWorkplace();
    const holder = await holdLibrary(place);
    const refused = start(place, ['library', 'move', 'G00002L9', 'slot:24', '--no-wait', '--json']);
    const document: Buffer[] = [];
    refused.child.stdout?.on('data', (chunk: Buffer) => document.push(chunk));
    await once(refused.child, 'close');
    assert.equal(await refused.ended, 4);
    const { error } = JSON.parse(Buffer.concat(document).toString());
    assert.equal(error.code, 'lease.held');
    assert.ok(error.message.includes(`"cartridge read G00001L9" (process ${holder.child.pid} on `), error.message);
    assert.match(error.remedy, /--wait 10m/);
    const { drives } = (await place.json(['drive', 'list'])) as { drives: Record<string, unknown>[] };
    assert.deepEqual([drives[0]?.['state'], drives[0]?.['reason']], ['busy', 'cartridge read G00001L9']);

    const waiting = start(place, ['library', 'move', 'G00002L9', 'slot:24'], {
      GRANDSIRE_TRACE: traceFile(place),
    });
    await traced(traceFile(place), 'lease.waiting');
    assert.equal(place.placeOf('G00002L9'), 'slot:2');
    assert.equal(await drain(holder), 64 * 65_536);
    assert.deepEqual([await holder.ended, await waiting.ended], [0, 0], waiting.stderr());
    assert.equal(place.placeOf('G00002L9'), 'slot:24');
    await assertAllIsBack(place, 'G00001L9', 'slot:1');
  });
});
