import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DeviceError, type GrandsireError } from '#src/base/errors';
import type { MediaChanger } from '#src/device/media-changer';
import type { Barcode } from '#src/media/facets';
import { createManagedLibrary } from '#test/library/managed-library';

const hasCode = (code: string) => (error: unknown) => (error as GrandsireError).code === code;

const overriding = (changer: MediaChanger, change: Partial<MediaChanger>): MediaChanger => ({
  address: changer.address,
  identity: changer.identity,
  geometry: changer.geometry,
  tellsDriveSerials: changer.tellsDriveSerials,
  inventory: changer.inventory.bind(changer),
  rescan: changer.rescan.bind(changer),
  move: changer.move.bind(changer),
  preventRemoval: changer.preventRemoval.bind(changer),
  [Symbol.asyncDispose]: () => changer[Symbol.asyncDispose](),
  ...change,
});

describe('library: moves', () => {
  it('moves between slots, drives and mail slots, and books each', async () => {
    await using managed = await createManagedLibrary();
    const { library } = managed;
    assert.deepEqual(await library.move('G00001L9', 'main/slot:6'), {
      cartridge: 'G00001L9',
      from: 'slot:1',
      to: 'slot:6',
    });
    await library.move('slot:6', 'drive:2');
    assert.equal(await managed.placeOf('G00001L9'), 'drive:2');
    await library.move('drive:2', 'mail:1');
    assert.equal(await managed.placeOf('G00001L9'), 'mailSlot:1');
    assert.deepEqual(await library.importAll(), [{ cartridge: 'G00001L9', from: 'mail:1', to: 'slot:6' }]);
    assert.equal((await managed.cartridge('G00001L9')).homeSlot, 6);
    const events = (await managed.catalog.actions.list({ subject: 'G00001L9' })).map(({ event }) => event);
    assert.equal(events.filter((event) => event === 'cartridge.moving').length, 4);
    assert.equal(events.filter((event) => event === 'cartridge.moved').length, 4);
  });

  it('has a drive let go before the robot takes the cartridge', async () => {
    await using managed = await createManagedLibrary();
    const cartridge = await (async () => {
      await managed.library.inventory();
      return await managed.cartridge('G00001L9');
    })();
    await managed.library.load(cartridge, { purpose: 'drive load', writing: false });
    assert.equal((await managed.library.status()).drives[0]?.state, 'loaded');
    await managed.library.move('drive:1', 'slot:4');
    assert.equal(await managed.placeOf('G00001L9'), 'slot:4');
  });

  it('refuses what cannot be done, naming it', async () => {
    await using managed = await createManagedLibrary();
    const { library } = managed;
    await assert.rejects(library.move('slot:5', 'slot:6'), hasCode('library.place-empty'));
    await assert.rejects(library.move('slot:1', 'slot:2'), hasCode('library.place-full'));
    await assert.rejects(library.move('slot:1', 'slot:99'), hasCode('library.no-such-place'));
    await assert.rejects(library.move('G00009L9', 'slot:6'), hasCode('cartridge.not-found'));
    const { id } = await managed.cartridge('G00003L9');
    await managed.catalog.cartridges.update(id, { barcode: 'AWAY01L9' as Barcode });
    await assert.rejects(library.move('AWAY01L9', 'slot:6'), hasCode('cartridge.not-in-library'));
    await assert.rejects(library.exportCartridges(['G00009L9']), hasCode('cartridge.not-found'));
    await assert.rejects(library.move('slot:1', 'G00002L9'), hasCode('command.usage'));
    await assert.rejects(library.move('other/slot:1', 'slot:6'), hasCode('command.usage'));
    assert.deepEqual(await managed.catalog.actions.list({ event: 'cartridge.moving' }), []);
  });

  it('puts out as many as the mail slots take', async () => {
    await using managed = await createManagedLibrary();
    await assert.rejects(
      managed.library.exportCartridges(['G00001L9', 'G00002L9', 'G00003L9']),
      hasCode('library.mail-slots-full'),
    );
    assert.deepEqual(await Promise.all(['G00001L9', 'G00002L9', 'G00003L9'].map(managed.placeOf)), [
      'mailSlot:1',
      'mailSlot:2',
      'slot:3',
    ]);
  });

  it('looks again after something was changed by hand, and moves nothing else in its place', async () => {
    let armed = false;
    await using managed = await createManagedLibrary({
      wrapChanger: (changer) =>
        overriding(changer, {
          move: async (...move) => {
            if (!armed) return await changer.move(...move);
            armed = false;
            managed.device.editCartridge('G00001L9', { place: 'outside' });
            managed.device.editCartridge('G00002L9', { place: 'slot:1' });
            return { kind: 'inventory-changed' };
          },
        }),
    });
    await managed.library.inventory();
    armed = true;
    await assert.rejects(managed.library.move('G00001L9', 'slot:5'), hasCode('library.contents-changed'));
    assert.equal(await managed.placeOf('G00002L9'), 'slot:1');
    assert.equal((await managed.cartridge('G00001L9')).location.kind, 'unknown');
  });

  it('goes on where the change did not concern the move', async () => {
    let refusals = 2;
    await using managed = await createManagedLibrary({
      wrapChanger: (changer) =>
        overriding(changer, {
          move: async (...move) => (refusals-- > 0 ? { kind: 'inventory-changed' } : await changer.move(...move)),
        }),
    });
    assert.equal((await managed.library.move('G00001L9', 'slot:5')).to, 'slot:5');
    refusals = 9;
    await assert.rejects(managed.library.move('G00001L9', 'slot:6'), hasCode('library.move-refused'));
  });

  it('books the truth after a move that failed half way', async () => {
    await using managed = await createManagedLibrary({
      wrapChanger: (changer) =>
        overriding(changer, {
          move: async (...move) => {
            await changer.move(...move);
            throw new DeviceError('device.time-out', { message: 'no answer', remedy: 'Wait.', usable: true });
          },
        }),
    });
    await managed.library.inventory();
    await assert.rejects(managed.library.move('G00001L9', 'slot:5'), hasCode('device.time-out'));
    assert.equal(await managed.placeOf('G00001L9'), 'slot:5');
    const events = (await managed.catalog.actions.list({ subject: 'G00001L9' })).map(({ event }) => event).sort();
    assert.deepEqual(events, ['cartridge.move-failed', 'cartridge.moving']);
  });

  it('brings home what a power failure left in the hand of the robot', async () => {
    let inHand = true;
    await using managed = await createManagedLibrary({
      wrapChanger: (changer) =>
        overriding(changer, {
          inventory: async (options) => {
            const elements = await changer.inventory(options);
            if (!inHand) return elements;
            // Slot 2's cartridge is in the hand instead.
            const held = elements.find(({ barcode }) => barcode === 'G00002L9');
            return elements.map((element) => {
              if (element === held) return { ...element, full: false, barcode: undefined };
              return element.kind === 'transport'
                ? { ...element, full: true, barcode: 'G00002L9', source: held?.address }
                : element;
            });
          },
          move: async (from, to, options) => {
            if (from !== changer.geometry.transport.first) return await changer.move(from, to, options);
            assert.equal(to, changer.geometry.slots.first + 1, 'whence it came');
            inHand = false;
            return { kind: 'moved' };
          },
        }),
    });
    await managed.library.inventory();
    assert.equal(inHand, false);
    assert.equal(await managed.placeOf('G00002L9'), 'slot:2');
    assert.ok(managed.warnings.some(({ code }) => code === 'cartridge.in-robot'));
  });
});
