import assert from 'node:assert/strict';
import { appendFileSync, closeSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createWorkplace } from '#test/cli/workplace';

interface Places {
  readonly slots: readonly { readonly number: number; readonly cartridge?: string }[];
  readonly mailSlots: Places['slots'];
  readonly drives: readonly Record<string, unknown>[];
  readonly added: readonly string[];
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
}

describe('library and drive commands', () => {
  it('status, list and drive list answer in the shape that scripts read, without the library being there', async () => {
    using place = await createWorkplace();
    renameSync(join(place.folder, 'virtual-library'), join(place.folder, 'away'));
    const status = (await place.json(['library', 'status'])) as unknown as Places;
    assert.deepEqual(Object.keys(status), ['library', 'inventoriedAt', 'drives', 'slots', 'mailSlots']);
    assert.deepEqual(status.slots[0], { number: 1, cartridge: 'G00001L9' });
    assert.deepEqual(status.slots[23], { number: 24 });
    assert.deepEqual(status.mailSlots, [{ number: 1 }, { number: 2 }]);
    const [drive] = status.drives;
    assert.deepEqual({ ...drive, serial: 'S' }, { number: 1, serial: 'S', generation: 'LTO-9', state: 'empty' });
    const { drives } = (await place.json(['drive', 'list'])) as unknown as Places;
    assert.equal(drives.length, 2);
    assert.deepEqual(
      { ...drives[1], serial: 'S' },
      {
        library: 'main',
        number: 2,
        serial: 'S',
        vendor: 'GRNDSIRE',
        product: 'VIRTUAL LTO',
        generation: 'LTO-9',
        state: 'empty',
        inventoriedAt: '2026-11-27T13:00:00+01:00',
      },
    );
    const { libraries } = (await place.json(['library', 'list'])) as { libraries: Record<string, unknown>[] };
    assert.deepEqual([libraries[0]?.['name'], libraries[0]?.['cartridges']], ['main', 21]);
    const text = await place.run(['library', 'status']);
    assert.match(text.stdout, /^library main, as of 2026-11-27T13:00:00\+01:00\ndrive:1 /);
    assert.match(text.stdout, /free: slot:22-24, mail:1-2\n$/);
    // The proof that those asked no device: what asks one cannot.
    const { error } = (await place.json(['library', 'inventory'], 1)) as { error: Record<string, string> };
    assert.equal(error['code'], 'device.unreachable');
  });

  it('a library that nobody has looked into is said to be so', async () => {
    using place = await createWorkplace();
    const file = join(place.folder, 'grandsire.yaml');
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace('libraries:\n', 'libraries:\n  other: { driver: virtual, path: ./o }\n'),
    );
    const { error } = (await place.json(['library', 'status', '--library', 'other'], 5)) as { error: { code: string } };
    assert.equal(error.code, 'library.not-inventoried');
    const several = await place.run(['library', 'status']);
    assert.equal(several.exitCode, 5);
    assert.match(several.stderr, /2 libraries: .*\n.*--library NAME/);
    assert.match(
      (await place.run(['library', 'list'])).stdout,
      /other .*never; run "grandsire library inventory --library other"/,
    );
  });

  it('a file put into cartridges/ by hand appears with an inventory, and one taken away is missed once', async () => {
    using place = await createWorkplace();
    closeSync(openSync(place.image('H00001L9'), 'w'));
    rmSync(place.image('G00003L9'));
    const seen = (await place.json(['library', 'inventory'], 3)) as unknown as Places;
    assert.deepEqual(seen.added, ['H00001L9']);
    // Of the free slots the first; the one that became free just now is among them.
    assert.deepEqual(seen.slots[2], { number: 3, cartridge: 'H00001L9' });
    assert.deepEqual(
      seen.warnings.map(({ code }) => code),
      ['cartridge.vanished'],
    );
    const shown = await place.json(['cartridge', 'show', 'H00001L9']);
    assert.deepEqual([shown['pool'], shown['fill'], shown['kind']], ['scratch', 'unknown', 'data']);
    const gone = (await place.json(['cartridge', 'show', 'G00003L9'])) as { location: Record<string, unknown> };
    assert.deepEqual(gone.location, { kind: 'unknown', lastSeen: { kind: 'slot', library: 'main', number: 3 } });
    assert.equal((await place.run(['library', 'inventory'])).exitCode, 0);
  });

  it('moves, and says where from and where to', async () => {
    using place = await createWorkplace();
    const moved = await place.json(['library', 'move', 'G00001L9', 'main/slot:24']);
    assert.deepEqual(moved, { cartridge: 'G00001L9', from: 'slot:1', to: 'slot:24' });
    assert.equal(place.placeOf('G00001L9'), 'slot:24');
    await place.json(['library', 'move', 'slot:24', 'drive:2']);
    const { drives } = (await place.json(['library', 'status'])) as unknown as Places;
    assert.deepEqual([drives[1]?.['state'], drives[1]?.['cartridge']], ['loaded', 'G00001L9']);
    for (const [argv, exitCode, code] of [
      [['slot:24', 'slot:1'], 6, 'library.place-empty'],
      [['slot:2', 'slot:3'], 6, 'library.place-full'],
      [['slot:2', 'slot:99'], 5, 'library.no-such-place'],
      [['slot:2', 'G00003L9'], 2, 'command.usage'],
      [['NOSUCH', 'slot:1'], 5, 'cartridge.not-found'],
      [['slot:x', 'slot:23'], 2, 'command.usage'],
      [['slot:2', 'robot:1'], 2, 'command.usage'],
      [['main/Slot:2', 'slot:23'], 2, 'command.usage'],
      [['other/slot:1', 'slot:1'], 5, 'library.not-found'],
    ] as const) {
      const { error } = (await place.json(['library', 'move', ...argv], exitCode)) as { error: { code: string } };
      assert.equal(error.code, code, argv.join(' '));
    }
    for (const [argv, remedy] of [
      [['slot:2', 'slot:3'], /slot:3 is not free \(G00003L9\)\nName a free place: `grandsire library status`/],
      [['slot:2', 'slot:2'], /slot:2 is not free.*\nName a free place/],
      [['slot:24', 'slot:1'], /no cartridge in slot:24\nName a place that holds one.*`grandsire library status`/],
    ] as const) {
      assert.match((await place.run(['library', 'move', ...argv])).stderr, remedy);
    }
    const slip = await place.run(['library', 'move', 'slot:2', 'robot:1']);
    assert.match(slip.stderr, /"robot:1" is not a place in a library\n.*`slot:5`, `drive:1`/);
  });

  it('exports as many as have room, names the rest, and imports them again', async () => {
    using place = await createWorkplace();
    const slip = await place.run(['library', 'export', 'G00001L9', 'G0000XL9']);
    assert.deepEqual([slip.exitCode, place.placeOf('G00001L9')], [5, 'slot:1']);
    const full = await place.run(['library', 'export', 'G00001L9', 'G00002L9', 'G00004L9', 'G00005L9']);
    assert.equal(full.exitCode, 4);
    assert.match(full.stderr, /no free mail slot for G00004L9; put out so far: G00001L9, G00002L9/);
    assert.match(full.stderr, /`grandsire library export G00004L9 G00005L9`/);
    const { mailSlots } = (await place.json(['library', 'status'])) as unknown as Places;
    assert.deepEqual(
      mailSlots.map(({ cartridge }) => cartridge),
      ['G00001L9', 'G00002L9'],
    );
    const { moved } = await place.json(['library', 'import']);
    assert.deepEqual(moved, [
      { cartridge: 'G00001L9', from: 'mail:1', to: 'slot:1' },
      { cartridge: 'G00002L9', from: 'mail:2', to: 'slot:2' },
    ]);
    assert.equal((await place.run(['library', 'import'])).stdout, 'the mail slots are empty\n');
  });

  it('loads into the drive that is named, leaves the cartridge there, and unloads it', async () => {
    using place = await createWorkplace();
    const loaded = await place.json(['drive', 'load', 'G00001L9', '--drive', '2']);
    assert.deepEqual([loaded['library'], loaded['cartridge'], loaded['drive']], ['main', 'G00001L9', 2]);
    assert.equal(place.placeOf('G00001L9'), 'drive:2');
    const { drives } = (await place.json(['drive', 'list'])) as unknown as Places;
    assert.deepEqual(
      [drives[1]?.['state'], drives[1]?.['cartridge'], drives[1]?.['serial']],
      ['loaded', 'G00001L9', loaded['serial']],
    );
    assert.deepEqual((await place.json(['drive', 'unload', '--drive', '1']))['moved'], []);
    assert.equal((await place.run(['drive', 'load', 'G00002L9', '--drive', '3'])).exitCode, 5);
    const { moved } = await place.json(['drive', 'unload']);
    assert.deepEqual(moved, [{ cartridge: 'G00001L9', from: 'drive:2', to: 'slot:1' }]);
    // Threaded, a cleaning cartridge would have begun to clean.
    const uses = () =>
      JSON.parse(readFileSync(join(place.folder, 'virtual-library/library.json'), 'utf8')).cartridges.CLNU01CU;
    const before = uses();
    const { error } = (await place.json(['drive', 'load', 'CLNU01CU'], 6)) as { error: { code: string } };
    assert.deepEqual([error.code, uses()], ['cartridge.cleaning', before]);
  });

  it('a library whose state is damaged is named, with what to do', async () => {
    using place = await createWorkplace();
    appendFileSync(join(place.folder, 'virtual-library/library.json'), '}');
    const run = await place.run(['drive', 'unload']);
    assert.equal(run.exitCode, 1);
    assert.match(run.stderr, /library\.json, cannot be used.*\n.*mv /);
  });
});
