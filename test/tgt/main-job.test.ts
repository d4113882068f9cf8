import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { compareFolders } from '#src/cli/demo/compare-folders';
import { skipWithout, tgtTools } from '#test/rig/rig-tools';
import { TgtLibrary } from '#test/rig/tgt-library';
import { InterposedTransport } from '#test/support/interposed-transport';
import { TgtDevices } from '#test/tgt/tgt-devices';
import { TgtWorkplace } from '#test/tgt/tgt-workplace';

if (existsSync('/dev/shm')) process.env['TMPDIR'] = '/dev/shm';

const barcodes = ['T00001L8', 'T00002L8', 'T00003L8', 'T00004L8'] as const;
const readElementStatus = 0xb8;
const skip = skipWithout(tgtTools);

interface Run {
  readonly dataSet: string;
  readonly state: string;
  readonly level: string;
  readonly cartridges: readonly string[];
  readonly segments: number;
}

interface Status {
  readonly drives: readonly { readonly number: number; readonly serial: string; readonly cartridge?: string }[];
  readonly slots: readonly { readonly number: number; readonly cartridge?: string }[];
  readonly mailSlots: Status['slots'];
}

describe('the main job on a library of tgt', { skip }, () => {
  let shared: TgtLibrary | undefined;
  after(() => shared?.[Symbol.asyncDispose]());

  /** The library with blank cartridges that nobody has seen before, and a folder to work in. */
  async function begin(): Promise<{ readonly library: TgtLibrary; readonly place: TgtWorkplace }> {
    shared ??= await TgtLibrary.start({ drives: 2, slots: 8, mailSlots: 2, capacityMiB: 64 });
    await using devices = await TgtDevices.open(shared);
    await devices.refill([]);
    for (const [index, barcode] of barcodes.entries()) {
      rmSync(join(shared.folder, 'media', barcode), { force: true });
      await shared.put(barcode, shared.slot(index + 1));
    }
    const place = new TgtWorkplace(shared);
    await place.json(['library', 'inventory']);
    return { library: shared, place };
  }

  const fill = (folder: string, names: readonly string[]): void => {
    mkdirSync(folder, { recursive: true });
    for (const name of names) writeFileSync(join(folder, name), Buffer.alloc(700_000, name));
  };

  it('labels, backs up, finds, restores, verifies, and rebuilds its catalog from the cartridges', async () => {
    const { place } = await begin();
    using _ = place;
    fill(place.source, ['a', 'b', 'c', 'd', 'e']);
    const labelled = await place.json(['cartridge', 'label', '--all-blank', '--pool', 'daily']);
    assert.deepEqual(labelled, { labelled: barcodes, refused: [] });
    const full = await place.json<Run>(['backup', 'run', 'home', '--level', 'full']);
    assert.deepEqual([full.state, full.cartridges], ['complete', [barcodes[0]]]);
    fill(place.source, ['f']);
    rmSync(join(place.source, 'a'));
    const incremental = await place.json<Run>(['backup', 'run', 'home', '--level', 'incremental']);
    assert.deepEqual([incremental.level, incremental.cartridges], ['incremental', [barcodes[0]]]);

    const found = await place.json<{ matches: { copies: { cartridge: string; tapeFile: number }[] }[] }>(['find', 'b']);
    assert.deepEqual(found.matches[0]?.copies[0]?.cartridge, barcodes[0]);
    const restored = join(place.folder, 'restored');
    await place.json(['restore', 'run', place.source, '--to', restored]);
    assert.deepEqual((await compareFolders(place.source, join(restored, place.source))).differences, []);
    const verified = await place.json<{ checked: number; failed: unknown[] }>(['verify', barcodes[0]]);
    assert.deepEqual(verified.failed, []);

    rmSync(join(place.folder, 'state'), { recursive: true });
    await place.json(['catalog', 'rebuild']);
    const { dataSets } = await place.json<{ dataSets: Run[] }>(['backup', 'list']);
    assert.deepEqual(
      dataSets.map(({ dataSet, state }) => [dataSet, state]),
      [incremental, full].map(({ dataSet }) => [dataSet, 'complete']),
    );
    const again = join(place.folder, 'again');
    await place.json(['restore', 'run', place.source, '--to', again, '--dataset', full.dataSet]);
    assert.ok(existsSync(join(again, place.source, 'a')));
    assert.equal((await place.run('catalog', 'check')).exitCode, 0);
  });

  it('knows both drives, moves between all places, puts out and takes in', async () => {
    const { library, place } = await begin();
    using _ = place;
    const status = await place.json<Status>(['library', 'status']);
    assert.deepEqual(
      status.drives.map(({ serial }) => serial),
      ['DRV0000001', 'DRV0000002'],
    );
    assert.deepEqual(
      status.slots.slice(0, 5).map(({ cartridge }) => cartridge),
      [...barcodes, undefined],
    );
    await place.json(['drive', 'load', barcodes[0], '--drive', '1']);
    await place.json(['drive', 'load', barcodes[1], '--drive', '2']);
    const loaded = await place.json<Status>(['library', 'inventory']);
    assert.deepEqual(
      loaded.drives.map(({ cartridge }) => cartridge),
      [barcodes[0], barcodes[1]],
    );
    await place.json(['drive', 'unload', '--drive', '1']);
    await place.json(['drive', 'unload', '--drive', '2']);
    await place.json(['library', 'export', barcodes[2], barcodes[3]]);
    const out = await place.json<Status>(['library', 'inventory']);
    assert.deepEqual(
      out.mailSlots.map(({ cartridge }) => cartridge),
      [barcodes[2], barcodes[3]],
    );
    await library.take(library.mailSlot(1));
    await library.put('T00009L8', library.mailSlot(1));
    // The one that was taken out is missed, and named.
    const taken = await place.json<Status & { readonly added: readonly string[] }>(['library', 'inventory'], 3);
    assert.deepEqual(taken.added, ['T00009L8']);
    const { moved } = await place.json<{ moved: { cartridge: string }[] }>(['library', 'import']);
    assert.deepEqual(moved.map(({ cartridge }) => cartridge).sort(), [barcodes[3], 'T00009L8']);
  });

  it('goes on after the program was killed while it wrote', async () => {
    const { place } = await begin();
    using _ = place;
    fill(place.source, ['a', 'b', 'c']);
    await place.json(['cartridge', 'label', '--all-blank', '--pool', 'daily']);
    for (const instant of ['mount.threaded:1', 'tape-file.payload:2', 'tape-file.synchronised:2']) {
      const variables = { GRANDSIRE_TRACE_STOP: instant };
      const killed = await place.start(['backup', 'run', 'home', '--level', 'full'], variables).ended;
      assert.equal(killed.signal, 'SIGKILL', `${instant}: ${killed.exitCode} ${killed.output}`);
      const next = await place.json<Run>(['backup', 'run', 'home', '--level', 'full']);
      assert.equal(next.state, 'complete');
      assert.equal((await place.run('catalog', 'check')).exitCode, 0, instant);
    }
    const restored = join(place.folder, 'restored');
    await place.json(['restore', 'run', place.source, '--to', restored]);
    assert.deepEqual((await compareFolders(place.source, join(restored, place.source))).differences, []);
  });

  it('waits for a library that restarts under a command, and tells the operator so', async () => {
    const { library, place } = await begin();
    using _ = place;
    let restart = async (): Promise<void> => {
      restart = async () => undefined;
      await library.kill();
      await library.start();
    };
    place.devices = {
      interpose: (transport) =>
        new InterposedTransport(transport).always(readElementStatus, async (pass) => {
          await restart();
          return await pass();
        }),
    };
    const looked = await place.run('library', 'inventory');
    assert.equal(looked.exitCode, 0, looked.stderr);
    const [lost, back, ...others] = looked.stderr.split('\n').filter((line) => line.includes('iSCSI portal'));
    assert.match(lost ?? '', /^no connection to the iSCSI portal \S+: it is tried again for up to 60 s$/);
    assert.match(back ?? '', /^the iSCSI portal \S+ is connected again$/);
    assert.deepEqual(others, []);
  });

  it('is told that the library is gone, and works again when it is back', async () => {
    const { library, place } = await begin();
    using _ = place;
    fill(place.source, ['a', 'b']);
    await place.json(['cartridge', 'label', barcodes[0], '--pool', 'daily']);
    await library.kill();
    const { error } = await place.json<{ error: { code: string } }>(['library', 'inventory'], 1);
    assert.equal(error.code, 'device.unreachable');
    await library.start();
    const run = await place.json<Run>(['backup', 'run', 'home', '--level', 'full']);
    assert.deepEqual([run.state, run.cartridges], ['complete', [barcodes[0]]]);
  });
});
