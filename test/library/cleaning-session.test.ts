import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DeviceError, type GrandsireError } from '#src/base/errors';
import { createManagedLibrary, type ManagedLibrary, type ManagedOptions } from '#test/library/managed-library';
import { createFaultyTransport, type Fault } from '#test/support/faulty-transport';

const request = { purpose: 'writing home', writing: true };
const hasCode = (code: string) => (error: unknown) => (error as GrandsireError).code === code;

/** A process died with G00001L9 in drive 1: what it left is as it would be, and its lock is free. */
async function left(options: ManagedOptions = {}): Promise<ManagedLibrary> {
  const managed = await createManagedLibrary(options);
  await managed.library.inventory();
  await managed.library.load(await managed.cartridge('G00001L9'), request);
  await managed.catalog.libraries.updateDrive('main', 1, { state: 'busy', reason: request.purpose });
  return managed;
}

const firstDrive = async (managed: ManagedLibrary) => (await managed.library.status()).drives[0];

describe('cleaning session', () => {
  it('of an inventory brings home what a dead process left in a drive, says so, and logs it', async () => {
    await using managed = await left();
    const after = await managed.reopen();
    await after.inventory();
    assert.equal(await managed.placeOf('G00001L9'), 'slot:1');
    const drive = await firstDrive(managed);
    assert.deepEqual([drive?.state, drive?.reason, drive?.cartridge], ['empty', undefined, undefined]);
    assert.deepEqual(managed.notes, [
      'drive:1 of main held G00001L9 of a command that died (writing home); it is back in slot:1',
    ]);
    const [action] = await managed.catalog.actions.list({ event: 'drive.cleaned' });
    assert.deepEqual(action?.details, { purpose: 'writing home', cartridge: 'G00001L9', to: 'slot:1' });
  });

  it('of a run is of the drive that it needs, and of no other', async () => {
    await using managed = await left();
    {
      const after = await managed.reopen();
      await using mount = await after.mount(await managed.cartridge('G00002L9'), request);
      assert.equal(mount.driveNumber, 2);
      assert.equal(await managed.placeOf('G00001L9'), 'drive:1');
      assert.equal((await firstDrive(managed))?.state, 'busy');
    }
    const after = await managed.reopen();
    await using mount = await after.mount(await managed.cartridge('G00001L9'), request);
    assert.equal((await mount.drive.position())?.block, 0n);
    assert.equal(managed.notes.length, 1);
  });

  it('leaves a drive alone that still gets its cartridge ready, and the one who needs that cartridge waits for it', async () => {
    let isThreading = false;
    let unloads = 0;
    const becoming: Fault = {
      when: (cdb) => {
        if (cdb[0] === 0x1b && ((cdb[4] ?? 0) & 1) === 0) unloads += 1;
        return isThreading && cdb[0] === 0x00;
      },
      times: 3,
      action: { kind: 'check', sense: { key: 0x02, asc: 0x04, ascq: 0x01 } },
    };
    await using managed = await left({
      wrapDriveTransport: (transport, number) =>
        number === 1 ? createFaultyTransport(transport, [becoming]) : transport,
    });
    isThreading = true;
    const after = await managed.reopen();
    unloads = 0;
    await after.inventory();
    assert.equal(unloads, 0, 'a calibration must not be cut off');
    assert.equal((await firstDrive(managed))?.state, 'busy');
    assert.ok(managed.warnings.some(({ code }) => code === 'drive.still-loading'));
    {
      await using mount = await after.mount(await managed.cartridge('G00002L9'), request);
      assert.equal(mount.driveNumber, 2, 'work goes on elsewhere');
    }
    {
      await using mount = await after.mount(await managed.cartridge('G00001L9'), request);
      assert.equal(mount.driveNumber, 1);
    }
    assert.equal(await managed.placeOf('G00001L9'), 'slot:1');
    assert.equal((await firstDrive(managed))?.state, 'empty');
  });

  it('names what does not come out, and has the drive down until an inventory finds that it does', async () => {
    let isStuck = false;
    const stuck: Fault = {
      when: (cdb) => isStuck && cdb[0] === 0x1b,
      times: 100,
      action: { kind: 'check', sense: { key: 0x04, asc: 0x53, ascq: 0x00 } },
    };
    await using managed = await left({
      wrapDriveTransport: (transport, number) => (number === 1 ? createFaultyTransport(transport, [stuck]) : transport),
    });
    isStuck = true;
    const after = await managed.reopen();
    await after.inventory({ retryDrives: true });
    const drive = await firstDrive(managed);
    assert.deepEqual([drive?.state, drive?.cartridge], ['down', 'G00001L9']);
    assert.ok(
      managed.warnings.some(({ message }) => /put out of use: .*UNLOAD.*grandsire library inventory/.test(message)),
    );
    const cartridge = await managed.cartridge('G00001L9');
    await assert.rejects(after.mount(cartridge, request), hasCode('cartridge.stuck'));
    isStuck = false;
    await (await managed.reopen()).inventory({ retryDrives: true });
    assert.equal((await firstDrive(managed))?.state, 'empty');
    assert.equal(await managed.placeOf('G00001L9'), 'slot:1');
  });

  it('is tried again where the robot failed, and what was given back to no avail is brought home likewise', async () => {
    let fails = false;
    const jammed: Fault = {
      when: (cdb) => fails && cdb[0] === 0xa5,
      action: { kind: 'check', sense: { key: 0x04, asc: 0x15, ascq: 0x01 } },
      times: Number.POSITIVE_INFINITY,
    };
    await using managed = await left({
      wrapChangerTransport: (transport) => createFaultyTransport(transport, [jammed]),
    });
    fails = true;
    await (await managed.reopen()).inventory();
    const stuck = await firstDrive(managed);
    assert.equal(stuck?.state, 'loaded');
    assert.match(
      stuck?.reason ?? '',
      /mechanical positioning error.*; what is in it was left there while writing home$/,
    );
    assert.deepEqual(
      managed.warnings.map(({ code }) => code),
      ['cartridge.not-brought-home'],
    );
    fails = false;
    const after = await managed.reopen();
    await after.inventory();
    assert.equal(await managed.placeOf('G00001L9'), 'slot:1');
    {
      await using _mount = await after.mount(await managed.cartridge('G00002L9'), request);
      fails = true;
    }
    assert.match((await firstDrive(managed))?.reason ?? '', /left there while writing home$/);
    fails = false;
    await (await managed.reopen()).inventory();
    assert.equal(await managed.placeOf('G00002L9'), 'slot:2');
    assert.deepEqual((await firstDrive(managed))?.state, 'empty');
  });

  it('of the hand of the robot that cannot put down what it holds names it, and the library can be looked into', async () => {
    await using managed = await createManagedLibrary({
      wrapChanger: (changer) => ({
        address: changer.address,
        identity: changer.identity,
        geometry: changer.geometry,
        tellsDriveSerials: changer.tellsDriveSerials,
        rescan: changer.rescan.bind(changer),
        preventRemoval: changer.preventRemoval.bind(changer),
        [Symbol.asyncDispose]: () => changer[Symbol.asyncDispose](),
        inventory: async (options) =>
          (await changer.inventory(options)).map((element) =>
            element.kind === 'transport' ? { ...element, full: true, barcode: 'G00009L9' } : element,
          ),
        move: async () => {
          throw new DeviceError('device.hardware-error', {
            message: 'the gripper is broken',
            remedy: 'Repair it.',
            usable: false,
          });
        },
      }),
    });
    await managed.library.inventory();
    const told = managed.warnings.find(({ code }) => code === 'cartridge.not-brought-home');
    assert.match(
      told?.message ?? '',
      /^G00009L9 is in the hand of the robot of main .*gripper is broken.*by hand.*library inventory/,
    );
    assert.equal(await managed.placeOf('G00001L9'), 'slot:1');
  });
});

describe('drive load', () => {
  it('sends nothing home that was loaded by hand', async () => {
    await using managed = await createManagedLibrary();
    await managed.library.inventory();
    const load = async (barcode: string, driveNumber?: number) =>
      managed.library.load(await managed.cartridge(barcode), { purpose: 'drive load', writing: false, driveNumber });
    assert.equal((await load('G00001L9')).number, 1);
    assert.equal((await load('G00002L9')).number, 2);
    await assert.rejects(load('G00003L9'), (error: GrandsireError) => {
      assert.equal(error.code, 'drive.none-free');
      assert.match(error.message, /drive:1 holds G00001L9, drive:2 holds G00002L9/);
      assert.match(error.remedy, /grandsire drive unload --drive 1/);
      return true;
    });
    await assert.rejects(load('G00003L9', 2), hasCode('drive.none-free'));
    assert.deepEqual([await managed.placeOf('G00001L9'), await managed.placeOf('G00002L9')], ['drive:1', 'drive:2']);
    assert.equal((await load('G00001L9')).number, 1, 'where it is already');
    // A run needs a drive at night, when nobody is there to unload one.
    await using mount = await managed.library.mount(await managed.cartridge('G00003L9'), request);
    assert.equal(await managed.placeOf(mount.driveNumber === 1 ? 'G00001L9' : 'G00002L9'), `slot:${mount.driveNumber}`);
  });
});
