import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createManagedLibrary, type ManagedLibrary } from '#test/library/managed-library';
import { createFaultyTransport, type Fault } from '#test/support/faulty-transport';

const request = { purpose: 'writing home', writing: true };
const inquiry = 0x12;
const write = 0x0a;

/** A library whose drive 1 fails like this where `fails` is set. */
async function withFailing(
  { when }: { readonly when: number },
  work: (managed: ManagedLibrary, fail: (does: boolean) => void) => Promise<void>,
): Promise<void> {
  let fails = false;
  const lost: Fault = {
    when: (cdb) => fails && cdb[0] === when,
    action: { kind: 'unreachable', stays: true },
  };
  await using managed = await createManagedLibrary({
    wrapDriveTransport: (transport, number) => (number === 1 ? createFaultyTransport(transport, [lost]) : transport),
  });
  await managed.library.inventory();
  await work(managed, (does) => {
    fails = does;
  });
}

async function look(managed: ManagedLibrary) {
  await (await managed.reopen()).inventory();
  const [drive] = (await managed.library.status()).drives;
  return drive;
}

describe('a drive that cannot be reached for a while', () => {
  it('stays down for what it was down for before', () =>
    withFailing({ when: inquiry }, async (managed, fail) => {
      await managed.catalog.libraries.updateDrive('main', 1, { state: 'down', reason: 'hardware error' });
      fail(true);
      assert.deepEqual([(await look(managed))?.state, (await look(managed))?.reason], ['down', 'hardware error']);
      fail(false);
      assert.deepEqual([(await look(managed))?.state, (await look(managed))?.reason], ['down', 'hardware error']);
    }));

  it('has what a dead process left in it brought home when it is back', () =>
    withFailing({ when: inquiry }, async (managed, fail) => {
      await managed.library.load(await managed.cartridge('G00001L9'), request);
      await managed.catalog.libraries.updateDrive('main', 1, { state: 'busy', reason: request.purpose });
      fail(true);
      for (const _look of [1, 2]) {
        const drive = await look(managed);
        assert.equal(drive?.state, 'down');
        assert.equal(drive?.reason, 'the drive cannot be reached; what is in it was left there while writing home');
      }
      fail(false);
      assert.equal((await look(managed))?.state, 'empty');
      assert.equal(await managed.placeOf('G00001L9'), 'slot:1');
    }));

  it('has what was being written in it when it was lost brought home when it is back', () =>
    withFailing({ when: write }, async (managed, fail) => {
      const mount = await managed.library.mount(await managed.cartridge('G00001L9'), request);
      assert.equal(mount.driveNumber, 1);
      fail(true);
      await assert.rejects(mount.drive.writeBlocks([new Uint8Array(100)]));
      await mount[Symbol.asyncDispose]();
      assert.equal(await managed.placeOf('G00001L9'), 'drive:1');
      assert.equal((await managed.library.status()).drives[0]?.state, 'down');
      fail(false);
      assert.equal((await look(managed))?.state, 'empty');
      assert.equal(await managed.placeOf('G00001L9'), 'slot:1');
    }));

  it('keeps what was loaded by hand', () =>
    withFailing({ when: inquiry }, async (managed, fail) => {
      await managed.library.load(await managed.cartridge('G00001L9'), request);
      fail(true);
      assert.equal((await look(managed))?.state, 'down');
      fail(false);
      assert.equal((await look(managed))?.state, 'loaded');
      assert.equal(await managed.placeOf('G00001L9'), 'drive:1');
    }));
});
