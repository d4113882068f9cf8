import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { GrandsireError } from '#src/base/errors';
import { createManagedLibrary, type ManagedLibrary } from '#test/library/managed-library';
import { createFaultyTransport, type Fault } from '#test/support/faulty-transport';

const request = { purpose: 'test', writing: true };
const hasCode = (code: string) => (error: unknown) => (error as GrandsireError).code === code;
/** MEDIUM ERROR, medium load or eject failed, from TEST UNIT READY. */
const unloadable: Fault['action'] = { kind: 'check', sense: { key: 0x03, asc: 0x53, ascq: 0x00 } };

/** What does not load: asked with the drive and the barcode that is in it. */
async function withLoads(
  fails: (drive: number, barcode: string) => boolean,
  work: (managed: ManagedLibrary) => Promise<void>,
): Promise<void> {
  let managed: ManagedLibrary | undefined;
  const inDrive = (number: number): string =>
    Object.entries(managed?.device.readState().cartridges ?? {}).find(
      ([, { place }]) => place === `drive:${number}`,
    )?.[0] ?? '';
  const plan = (number: number): readonly Fault[] => [
    { when: (cdb) => cdb[0] === 0x00 && fails(number, inDrive(number)), times: 1000, action: unloadable },
  ];
  await using opened = await createManagedLibrary({
    cartridges: ['G00001L9', 'G00002L9', 'G00003L9'],
    wrapDriveTransport: (transport, number) => createFaultyTransport(transport, plan(number)),
  });
  managed = opened;
  await opened.library.inventory();
  await work(opened);
}

const mount = async (
  { library, cartridge }: ManagedLibrary,
  barcode: string,
  driveNumber?: number,
): Promise<number> => {
  await using mounted = await library.mount(await cartridge(barcode), { ...request, driveNumber });
  return mounted.driveNumber;
};

const states = async ({ library }: ManagedLibrary) => (await library.status()).drives.map(({ state }) => state);

describe('cartridges that do not load', () => {
  it('one in two drives is damaged; both drives go on', () =>
    withLoads(
      (_, barcode) => barcode === 'G00001L9',
      async (managed) => {
        await assert.rejects(mount(managed, 'G00001L9'), hasCode('drive.load-failed'));
        assert.equal((await managed.cartridge('G00001L9')).condition, 'good');
        // The drive that nothing tells against comes first.
        await assert.rejects(mount(managed, 'G00001L9'), /drive:2 did not take G00001L9/);
        const { condition, conditionReason } = await managed.cartridge('G00001L9');
        assert.equal(condition, 'damaged');
        assert.match(conditionReason ?? '', /^it failed in drives \S+ and \S+: /);
        await assert.rejects(mount(managed, 'G00001L9'), hasCode('drive.load-failed'));
        assert.deepEqual(await states(managed), ['empty', 'empty']);
        for (const barcode of ['G00002L9', 'G00003L9']) await mount(managed, barcode);
        assert.deepEqual(await states(managed), ['empty', 'empty']);
      },
    ));

  it('two in one drive are as good as before; the drive is down, and begins anew after an inventory', () => {
    let isBroken = true;
    return withLoads(
      (drive) => drive === 1 && isBroken,
      async (managed) => {
        await assert.rejects(mount(managed, 'G00001L9', 1), hasCode('drive.load-failed'));
        assert.deepEqual(await states(managed), ['empty', 'empty']);
        await assert.rejects(mount(managed, 'G00002L9', 1), hasCode('drive.load-failed'));
        assert.deepEqual(await states(managed), ['down', 'empty']);
        assert.match((await managed.library.status()).drives[0]?.reason ?? '', /^G00001L9 and G00002L9 failed in it/);
        await assert.rejects(mount(managed, 'G00003L9', 1), hasCode('drive.none-usable'));
        for (const barcode of ['G00001L9', 'G00002L9']) {
          assert.equal(await mount(managed, barcode), 2);
          assert.equal((await managed.cartridge(barcode)).condition, 'good');
        }
        isBroken = false;
        await managed.library.inventory({ retryDrives: true });
        assert.deepEqual(await states(managed), ['empty', 'empty']);
        isBroken = true;
        await assert.rejects(mount(managed, 'G00001L9', 1), hasCode('drive.load-failed'));
        assert.deepEqual(await states(managed), ['empty', 'empty'], 'one failure is none');
      },
    );
  });
});
