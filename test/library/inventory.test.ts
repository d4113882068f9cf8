import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { GrandsireError } from '#src/base/errors';
import { createManagedLibrary } from '#test/library/managed-library';
import { createFaultyTransport } from '#test/support/faulty-transport';

const hasCode = (code: string) => (error: unknown) => (error as GrandsireError).code === code;

describe('library: inventory', () => {
  it('fills the catalog, and status then answers without a device', async () => {
    await using managed = await createManagedLibrary({ cartridges: ['G00001L9', 'G00002LZ', 'CLNU01CU'] });
    const { library } = managed;
    await assert.rejects(library.status(), hasCode('library.not-inventoried'));
    await library.inventory();
    const status = await library.status();
    assert.deepEqual(
      status.slots.map(({ number, cartridge }) => [number, cartridge]),
      [
        [1, 'G00001L9'],
        [2, 'G00002LZ'],
        [3, 'CLNU01CU'],
        [4, undefined],
        [5, undefined],
        [6, undefined],
      ],
    );
    assert.deepEqual(
      status.drives.map(({ number, state, generation }) => [number, state, generation]),
      [
        [1, 'empty', 'LTO-9'],
        [2, 'empty', 'LTO-9'],
      ],
    );
    assert.equal(status.mailSlots.length, 2);
    const records = await managed.catalog.cartridges.list();
    assert.deepEqual(
      records.map(({ kind, generation, homeSlot, pool }) => [kind, generation, homeSlot, pool]),
      [
        ['cleaning', undefined, 3, 'scratch'],
        ['data', 'LTO-9', 1, 'scratch'],
        ['worm', 'LTO-9', 2, 'scratch'],
      ],
    );
  });

  it('adds nothing twice', async () => {
    await using managed = await createManagedLibrary();
    await managed.library.inventory();
    await managed.library.inventory({ rescan: true });
    assert.equal((await managed.catalog.cartridges.list()).length, 3);
  });

  it('marks what vanished as unknown, keeps where it was, and finds it again in another slot', async () => {
    await using managed = await createManagedLibrary();
    await managed.library.inventory();
    managed.device.editCartridge('G00002L9', { place: 'outside' });
    await managed.library.inventory();
    const gone = await managed.cartridge('G00002L9');
    assert.deepEqual(
      [gone.location, gone.lastSeen],
      [{ kind: 'unknown' }, { kind: 'slot', library: 'main', number: 2 }],
    );
    assert.deepEqual(
      managed.warnings.map(({ code }) => code),
      ['cartridge.vanished'],
    );
    managed.device.editCartridge('G00002L9', { place: 'slot:5' });
    await managed.library.inventory();
    assert.equal(await managed.placeOf('G00002L9'), 'slot:5');
    assert.equal((await managed.cartridge('G00002L9')).homeSlot, 5);
    assert.equal((await managed.catalog.cartridges.list()).length, 3);
  });

  it('believes its eyes before the books', async () => {
    await using managed = await createManagedLibrary();
    await managed.library.inventory();
    const { id } = await managed.cartridge('G00001L9');
    await managed.catalog.cartridges.update(id, { location: { kind: 'vault', vault: 'bank' } });
    await managed.library.inventory();
    assert.equal(await managed.placeOf('G00001L9'), 'slot:1');
    const [warning] = managed.warnings;
    assert.equal(warning?.code, 'cartridge.booked-elsewhere');
    assert.match(warning?.message ?? '', /vault bank/);
  });

  it('keeps two cartridges with one barcode apart, and names both', async () => {
    await using managed = await createManagedLibrary();
    managed.device.editCartridge('G00002L9', { label: 'G00001L9' });
    await managed.library.inventory();
    await managed.library.inventory();
    const records = await managed.catalog.cartridges.byBarcode('G00001L9');
    assert.deepEqual(records.map(({ location }) => 'number' in location && location.number).sort(), [1, 2]);
    assert.ok(managed.warnings.every(({ code }) => code === 'cartridge.duplicate-barcode'));
    assert.match(managed.warnings[0]?.message ?? '', /main\/slot:1, main\/slot:2/);
    await assert.rejects(managed.library.move('G00001L9', 'slot:6'), hasCode('cartridge.ambiguous'));
    assert.equal((await managed.library.move('slot:2', 'slot:6')).to, 'slot:6');
    const after = await managed.catalog.cartridges.byBarcode('G00001L9');
    assert.deepEqual(after.map(({ location }) => 'number' in location && location.number).sort(), [1, 6]);
  });

  it('takes a label that cannot be read any more for the cartridge that was there', async () => {
    await using managed = await createManagedLibrary();
    await managed.library.inventory();
    managed.device.editCartridge('G00003L9', { label: null });
    await managed.library.inventory();
    assert.equal(await managed.placeOf('G00003L9'), 'slot:3');
    assert.ok(managed.warnings.some(({ code }) => code === 'cartridge.no-barcode'));
  });

  it('takes in a cartridge whose file is gone as vanished', async () => {
    await using managed = await createManagedLibrary();
    await managed.library.inventory();
    rmSync(managed.device.imagePath('G00001L9'));
    await managed.library.inventory({ rescan: true });
    assert.equal((await managed.cartridge('G00001L9')).location.kind, 'unknown');
  });
});

describe('library: which drive is which', () => {
  const serials = async (managed: Awaited<ReturnType<typeof createManagedLibrary>>) =>
    (await managed.library.status()).drives.map(({ serial }) => serial);

  it('goes by serial numbers, not by the order in which drives are found', async () => {
    await using straight = await createManagedLibrary();
    await straight.library.inventory();
    const state = straight.device.readState();
    await using crossed = await createManagedLibrary({ driveOrder: [2, 1] });
    crossed.device.editState((other) => ({ ...other, serial: state.serial }));
    await crossed.library.inventory();
    assert.equal(new Set(await serials(straight)).size, 2);
    assert.deepEqual(
      (await serials(crossed)).map((serial) => serial.slice(-1)),
      (await serials(straight)).map((serial) => serial.slice(-1)),
    );
  });

  it('finds out by loading and looking where the library does not tell, and remembers', async () => {
    let moves = 0;
    await using managed = await createManagedLibrary({
      driveOrder: [2, 1],
      wrapChanger: (changer) => withoutSerials(changer, () => (moves += 1)),
    });
    await managed.library.inventory();
    const told = await serials(managed);
    assert.equal(moves, 2, 'one cartridge there and back; the other drive is the one that is left');
    assert.equal(new Set(told).size, 2);
    assert.ok(told[0]?.endsWith('1') || told[0]?.includes('1'), `${told}`);
    const again = await managed.reopen();
    await again.inventory();
    assert.equal(moves, 2);
    assert.deepEqual(await serials(managed), told);
    assert.equal(await managed.placeOf('G00001L9'), 'slot:1');
  });

  const failing = {
    'does not let go': { when: 0x1b, action: { kind: 'check', sense: { key: 0x04, asc: 0x53, ascq: 0x00 } } },
    'does not answer': { when: 0x00, action: { kind: 'time-out' } },
    'wants somebody': { when: 0x00, action: { kind: 'check', sense: { key: 0x02, asc: 0x04, ascq: 0x03 } } },
  } as const;
  for (const [name, fault] of Object.entries(failing)) {
    it(`finds out about the others where one drive ${name}`, async () => {
      await using managed = await createManagedLibrary({
        wrapChanger: (changer) => withoutSerials(changer, () => undefined),
        wrapDriveTransport: (transport, number) =>
          number === 1 ? createFaultyTransport(transport, [{ ...fault, times: 1000 }]) : transport,
      });
      await managed.library.inventory();
      const states = (await managed.library.status()).drives.map(({ state }) => state);
      assert.deepEqual(states, ['down', 'empty']);
      assert.ok(managed.warnings.some(({ message }) => /drive 1 is left out: /.test(message)));
      await using mount = await managed.library.mount(await managed.cartridge('G00002L9'), {
        purpose: 'test',
        writing: true,
      });
      assert.equal(mount.driveNumber, 2);
    });
  }
});

function withoutSerials(changer: import('#src/device/media-changer').MediaChanger, moved: () => void) {
  return {
    address: changer.address,
    identity: changer.identity,
    geometry: changer.geometry,
    tellsDriveSerials: false,
    inventory: async (options?: object) =>
      (await changer.inventory(options)).map(({ driveSerial: _serial, ...element }) => element),
    rescan: changer.rescan.bind(changer),
    move: async (...move: Parameters<typeof changer.move>) => {
      moved();
      return await changer.move(...move);
    },
    preventRemoval: changer.preventRemoval.bind(changer),
    [Symbol.asyncDispose]: () => changer[Symbol.asyncDispose](),
  };
}
