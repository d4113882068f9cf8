import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DeviceError, type GrandsireError, interrupted } from '#src/base/errors';
import type { Mount } from '#src/library/mount/mount';
import { createManagedLibrary, type ManagedLibrary } from '#test/library/managed-library';

const hasCode = (code: string) => (error: unknown) => (error as GrandsireError).code === code;
const request = { purpose: 'test', writing: true };
const block = new Uint8Array(100).fill(5);

async function inventoried(...options: Parameters<typeof createManagedLibrary>): Promise<ManagedLibrary> {
  const managed = await createManagedLibrary(...options);
  await managed.library.inventory();
  return managed;
}

/** A thing of which one member is another. */
function changed<T extends object>(thing: T, change: Partial<T>): T {
  return new Proxy(thing, {
    get: (target, key) => {
      const value = Reflect.get(key in change ? change : target, key, key in change ? change : target);
      return typeof value === 'function' ? value.bind(key in change ? change : target) : value;
    },
  });
}

describe('library: mounts', () => {
  it('threads a cartridge, and has it back in its slot afterwards', async () => {
    await using managed = await inventoried();
    {
      await using mount = await managed.library.mount(await managed.cartridge('G00002L9'), request);
      assert.equal((await mount.drive.writeBlocks([block])).kind, 'written');
      assert.equal(await managed.placeOf('G00002L9'), `drive:${mount.driveNumber}`);
      const [drive] = (await managed.library.status()).drives;
      assert.deepEqual([drive?.state, drive?.cartridge, drive?.reason], ['busy', 'G00002L9', 'test']);
      assert.equal((await managed.catalog.leases.get('library:main'))?.job, 'test');
    }
    assert.equal(await managed.placeOf('G00002L9'), 'slot:2');
    assert.deepEqual(
      (await managed.library.status()).drives.map(({ state }) => state),
      ['empty', 'empty'],
    );
    assert.equal(await managed.catalog.leases.get('library:main'), undefined);
  });

  it('uses both drives at once, and has a third wait for one', async () => {
    await using managed = await inventoried();
    const mounts: Mount[] = [];
    for (const barcode of ['G00001L9', 'G00002L9'])
      mounts.push(await managed.library.mount(await managed.cartridge(barcode), request));
    assert.deepEqual(mounts.map(({ driveNumber }) => driveNumber).sort(), [1, 2]);
    let isMounted = false;
    const third = managed.library.mount(await managed.cartridge('G00003L9'), request).then((mount) => {
      isMounted = true;
      return mount;
    });
    await managed.catalog.cartridges.list();
    assert.equal(isMounted, false);
    await mounts[0]?.[Symbol.asyncDispose]();
    const mount = await third;
    assert.equal(mount.driveNumber, mounts[0]?.driveNumber);
    await mount[Symbol.asyncDispose]();
    await mounts[1]?.[Symbol.asyncDispose]();
    assert.equal(await managed.placeOf('G00001L9'), 'slot:1');
  });

  it('lets others have the drive and the library also where giving it back fails', async () => {
    await using managed = await inventoried({ drives: 1 });
    let isBroken = false;
    const { libraries } = managed.catalog;
    const updateDrive: typeof libraries.updateDrive = async (...change) => {
      if (isBroken) throw new RangeError('the catalog is broken');
      await libraries.updateDrive(...change);
    };
    const catalog = changed(managed.catalog, { libraries: changed(libraries, { updateDrive }) });
    const library = await managed.reopen({ catalog });
    const first = await library.mount(await managed.cartridge('G00001L9'), request);
    const second = library.mount(await managed.cartridge('G00002L9'), request);
    await managed.catalog.cartridges.list();
    isBroken = true;
    await assert.rejects(async () => first[Symbol.asyncDispose](), /the catalog is broken/);
    isBroken = false;
    await (await second)[Symbol.asyncDispose]();
    assert.equal(await managed.catalog.leases.get('library:main'), undefined);
  });

  it('stops waiting for a drive when it is interrupted', async () => {
    await using managed = await inventoried({ drives: 1 });
    await using _first = await managed.library.mount(await managed.cartridge('G00001L9'), request);
    const controller = new AbortController();
    const second = managed.library.mount(await managed.cartridge('G00002L9'), {
      ...request,
      signal: controller.signal,
    });
    controller.abort(interrupted());
    await assert.rejects(second, hasCode('command.interrupted'));
  });

  it('takes the cartridge home after an error in the middle', async () => {
    await using managed = await inventoried();
    await assert.rejects(
      (async () => {
        await using _mount = await managed.library.mount(await managed.cartridge('G00001L9'), request);
        throw new RangeError('in the middle');
      })(),
      RangeError,
    );
    assert.equal(await managed.placeOf('G00001L9'), 'slot:1');
  });

  it('finishes the move and puts back when it is interrupted while it loads', async () => {
    const controller = new AbortController();
    await using managed = await inventoried({
      wrapDrive: (drive) =>
        changed(drive, {
          load: async () => {
            controller.abort(interrupted());
            throw controller.signal.reason;
          },
        }),
    });
    const mount = managed.library.mount(await managed.cartridge('G00001L9'), { ...request, signal: controller.signal });
    await assert.rejects(mount, hasCode('command.interrupted'));
    assert.equal(await managed.placeOf('G00001L9'), 'slot:1');
    assert.equal(await managed.catalog.leases.get('library:main'), undefined);
    assert.deepEqual(
      (await managed.library.status()).drives.map(({ state }) => state),
      ['empty', 'empty'],
    );
  });

  it('mounts what a crash left in a drive, and brings home what it left in the way', async () => {
    await using managed = await inventoried({ drives: 1 });
    await managed.library.load(await managed.cartridge('G00001L9'), request);
    {
      const after = await managed.reopen();
      await using mount = await after.mount(await managed.cartridge('G00001L9'), request);
      assert.equal((await mount.drive.position())?.block, 0n);
    }
    assert.equal(await managed.placeOf('G00001L9'), 'slot:1');
    await managed.library.load(await managed.cartridge('G00001L9'), request);
    const after = await managed.reopen();
    await using mount = await after.mount(await managed.cartridge('G00002L9'), request);
    assert.equal(mount.driveNumber, 1);
    assert.equal(await managed.placeOf('G00001L9'), 'slot:1');
  });

  it('goes to another slot where its own is taken', async () => {
    await using managed = await inventoried({ slots: 4 });
    {
      await using _mount = await managed.library.mount(await managed.cartridge('G00001L9'), request);
      await managed.library.move('G00003L9', 'slot:1');
    }
    assert.equal(await managed.placeOf('G00001L9'), 'slot:3');
  });

  it('names a cleaning cartridge and one that is not there, and uses neither', async () => {
    await using managed = await inventoried({ cartridges: ['CLNU01CU', 'G00001L9'] });
    await assert.rejects(
      managed.library.mount(await managed.cartridge('CLNU01CU'), request),
      hasCode('cartridge.cleaning'),
    );
    assert.equal(await managed.placeOf('CLNU01CU'), 'slot:1');
    managed.device.editCartridge('G00001L9', { place: 'outside' });
    await assert.rejects(
      managed.library.mount(await managed.cartridge('G00001L9'), request),
      hasCode('cartridge.not-in-library'),
    );
  });

  it('looks for a drive that can write the generation', async () => {
    await using managed = await inventoried({ cartridges: ['G00001L7', 'G00002L8'] });
    await assert.rejects(
      managed.library.mount(await managed.cartridge('G00001L7'), request),
      hasCode('cartridge.incompatible'),
    );
    await using mount = await managed.library.mount(await managed.cartridge('G00002L8'), request);
    assert.equal(mount.cartridge.generation, 'LTO-8');
  });

  it('puts a faulty drive out of use with the reason, and takes the other', async () => {
    let broken = true;
    await using managed = await inventoried({
      wrapDrive: (drive, number) =>
        changed(drive, {
          load: async (options) => {
            if (number !== 1 || !broken) return await drive.load(options);
            throw new DeviceError('device.hardware-error', {
              message: 'the drive is broken',
              remedy: 'Repair it.',
              usable: false,
            });
          },
        }),
    });
    const cartridge = await managed.cartridge('G00001L9');
    await assert.rejects(managed.library.mount(cartridge, request), hasCode('device.hardware-error'));
    const [first] = (await managed.library.status()).drives;
    assert.deepEqual([first?.state, first?.reason], ['down', 'the drive is broken']);
    assert.equal(await managed.placeOf('G00001L9'), 'slot:1');
    {
      await using mount = await managed.library.mount(await managed.cartridge('G00001L9'), request);
      assert.equal(mount.driveNumber, 2);
    }
    await assert.rejects(
      managed.library.mount(cartridge, { ...request, driveNumber: 1 }),
      hasCode('drive.none-usable'),
    );
    broken = false;
    await managed.library.inventory();
    assert.equal((await managed.library.status()).drives[0]?.state, 'down', 'a run that looks would meet it again');
    await managed.library.inventory({ retryDrives: true });
    assert.equal((await managed.library.status()).drives[0]?.state, 'empty');
  });

  it('puts a drive out of use that does not let go, and does not lose the job for it', async () => {
    await using managed = await inventoried({
      wrapDrive: (drive) =>
        changed(drive, {
          unload: async () => {
            throw new DeviceError('device.hardware-error', { message: 'stuck', remedy: 'Repair it.', usable: false });
          },
        }),
    });
    {
      await using _mount = await managed.library.mount(await managed.cartridge('G00001L9'), request);
    }
    const [drive] = (await managed.library.status()).drives;
    assert.deepEqual([drive?.state, drive?.reason, drive?.cartridge], ['down', 'stuck', 'G00001L9']);
    assert.equal(await managed.placeOf('G00001L9'), 'drive:1');
    assert.ok(managed.warnings.some(({ code }) => code === 'drive.down'));
  });
});
