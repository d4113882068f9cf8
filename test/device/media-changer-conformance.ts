import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DeviceError } from '#src/base/errors';
import type { ElementKind, ElementState, MediaChanger } from '#src/device/media-changer';
import type { ScsiTransport } from '#src/device/scsi-transport';
import { type ElementAddress, elementAddress } from '#src/scsi/element-address';
import { answerWith, InterposedTransport } from '#test/support/interposed-transport';
import { fixedSense } from '#test/support/scripted-transport';

export interface MediaChangerFixture extends AsyncDisposable {
  readonly changer: MediaChanger;
  /** Barcodes in slots 1, 2, …; the other slots, the mail slots and the drives are empty. At least two, and at least two free slots. */
  readonly barcodes: readonly string[];
  /** The operator opens the library and takes the cartridge out of a slot (from 1), behind the robot's back. */
  takeByHand(slot: number): Promise<void>;
  /** Threads what lies in the first drive, so that it holds fast; undefined where drives of this library always let go. */
  readonly thread?: (() => Promise<void>) | undefined;
  /** Has the first drive let go of what it holds. */
  unload(): Promise<void>;
}

export interface MediaChangerFactoryOptions {
  readonly wrap: (transport: ScsiTransport) => ScsiTransport;
}

export type MediaChangerFactory = (options: MediaChangerFactoryOptions) => Promise<MediaChangerFixture>;

interface Situation {
  readonly fixture: MediaChangerFixture;
  readonly changer: MediaChanger;
  readonly transport: InterposedTransport;
  /** The elements of a kind, in order. */
  readonly look: (kind: ElementKind) => Promise<readonly ElementState[]>;
}

const addressIn = (elements: readonly ElementState[], index: number): ElementAddress => {
  const element = elements[index];
  assert.ok(element, `no element ${index}`);
  return element.address;
};

/** The law of `MediaChanger`, asked of an implementation over a device. */
export function describeMediaChanger(name: string, factory: MediaChangerFactory): void {
  const on = (title: string, body: (situation: Situation) => Promise<void>) =>
    it(title, async () => {
      let interposed: InterposedTransport | undefined;
      const wrap = (inner: ScsiTransport) => {
        interposed = new InterposedTransport(inner);
        return interposed;
      };
      await using fixture = await factory({ wrap });
      const { changer } = fixture;
      assert.ok(interposed);
      const look = async (kind: ElementKind) => (await changer.inventory()).filter((element) => element.kind === kind);
      await body({ fixture, changer, transport: interposed, look });
      assert.equal(interposed.waiting, 0, 'what the test prepared did not happen');
    });

  describe(`${name}: media changer`, () => {
    describeInventory(on);
    describeMoves(on);
  });
}

type Case = (title: string, body: (situation: Situation) => Promise<void>) => void;

function describeInventory(on: Case): void {
  on('names every element once, in the ranges that it announces', async ({ changer }) => {
    const elements = await changer.inventory();
    const { slots, drives, mailSlots, transport } = changer.geometry;
    assert.equal(elements.length, slots.count + drives.count + mailSlots.count + transport.count);
    assert.equal(new Set(elements.map(({ address }) => address)).size, elements.length);
    for (const { kind, address } of elements) {
      const { first, count } = { slot: slots, drive: drives, mailSlot: mailSlots, transport }[kind];
      assert.ok(address >= first && address < first + count, `${kind} ${address}`);
    }
  });

  on('knows the barcodes, and nothing of empty elements', async ({ fixture, look }) => {
    const slots = await look('slot');
    assert.deepEqual(
      slots.flatMap(({ barcode }) => barcode ?? []),
      fixture.barcodes,
    );
    for (const { full, barcode, source } of slots.slice(fixture.barcodes.length)) {
      assert.deepEqual([full, barcode, source], [false, undefined, undefined]);
    }
  });

  on('tells the serial of every drive where it says that it does', async ({ changer, look }) => {
    const drives = await look('drive');
    const told = drives.flatMap(({ driveSerial }) => driveSerial ?? []);
    assert.equal(told.length === drives.length, changer.tellsDriveSerials);
    assert.equal(new Set(told).size, told.length);
  });

  on('asks for one type of element at a time', async ({ changer, transport }) => {
    const types: number[] = [];
    transport.always(0xb8, async (pass, { cdb }) => {
      types.push((cdb[1] ?? 0) & 0x0f);
      return await pass();
    });
    await changer.inventory();
    assert.ok(types.length >= 3 && !types.includes(0), `types ${types}`);
  });

  on('sees what was taken by hand', async ({ fixture, changer, look }) => {
    await fixture.takeByHand(1);
    await changer.rescan();
    assert.equal((await look('slot'))[0]?.full, false);
  });

  on('is not disturbed by an attention, and looks again', async ({ transport, look, fixture }) => {
    transport.once(0xb8, answerWith(fixedSense(6, 0x28, 0x00)));
    assert.deepEqual((await look('slot'))[0]?.barcode, fixture.barcodes[0]);
  });
}

function describeMoves(on: Case): void {
  on('moves into a drive and back, and remembers whence', async ({ fixture, changer, look }) => {
    const [slot, drive] = [addressIn(await look('slot'), 0), changer.geometry.drives.first];
    assert.deepEqual(await changer.move(slot, drive), { kind: 'moved' });
    const [inDrive] = await look('drive');
    assert.deepEqual([inDrive?.full, inDrive?.barcode], [true, fixture.barcodes[0]]);
    assert.ok(inDrive?.source === undefined || inDrive.source === slot);
    assert.equal((await look('slot'))[0]?.full, false);
    await fixture.unload();
    assert.deepEqual(await changer.move(drive, slot), { kind: 'moved' });
    assert.equal((await look('slot'))[0]?.barcode, fixture.barcodes[0]);
  });

  on('says that the source is empty, and that the destination is full', async ({ fixture, changer, look }) => {
    const slots = await look('slot');
    const [full, other, free] = [addressIn(slots, 0), addressIn(slots, 1), addressIn(slots, fixture.barcodes.length)];
    assert.deepEqual(await changer.move(free, changer.geometry.drives.first), { kind: 'source-empty' });
    assert.deepEqual(await changer.move(full, other), { kind: 'destination-full' });
    assert.deepEqual(
      (await look('slot')).flatMap(({ barcode }) => barcode ?? []),
      fixture.barcodes,
    );
  });

  on('does not tear a cartridge out of a drive that holds it', async ({ fixture, changer, look }) => {
    if (!fixture.thread) return;
    const [slot, drive] = [addressIn(await look('slot'), 0), changer.geometry.drives.first];
    await changer.move(slot, drive);
    await fixture.thread();
    assert.deepEqual(await changer.move(drive, slot), { kind: 'drive-not-unloaded' });
    assert.equal((await look('drive'))[0]?.full, true);
  });

  on('moves nothing after something was opened, and says so once', async ({ fixture, changer, transport, look }) => {
    const [slot, drive] = [addressIn(await look('slot'), 0), changer.geometry.drives.first];
    for (const [asc, ascq] of [
      [0x28, 0x00],
      [0x28, 0x01],
      [0x29, 0x00],
    ] as const) {
      transport.once(0xa5, answerWith(fixedSense(6, asc, ascq)));
      assert.deepEqual(await changer.move(slot, drive), { kind: 'inventory-changed' });
      assert.equal((await look('slot'))[0]?.barcode, fixture.barcodes[0]);
    }
    assert.deepEqual(await changer.move(slot, drive), { kind: 'moved' });
  });

  on('throws trouble of the hardware, and does not try again by itself', async ({ changer, transport, look }) => {
    const [slot, drive] = [addressIn(await look('slot'), 0), changer.geometry.drives.first];
    let moves = 0;
    transport.always(0xa5, async (pass, command) => {
      moves += 1;
      return await answerWith(fixedSense(4, 0x15, 0x01))(pass, command);
    });
    await assert.rejects(changer.move(slot, drive), (error) => error instanceof DeviceError && !error.usable);
    assert.equal(moves, 1);
  });

  on('throws at an address that there is not', async ({ changer, look }) => {
    const slot = addressIn(await look('slot'), 0);
    await assert.rejects(changer.move(slot, elementAddress(0xfffe)), DeviceError);
  });

  on('waits while the library becomes ready', async ({ changer, transport, look }) => {
    const [slot, drive] = [addressIn(await look('slot'), 0), changer.geometry.drives.first];
    for (let n = 0; n < 3; n++) transport.once(0xa5, answerWith(fixedSense(2, 0x04, 0x01)));
    assert.deepEqual(await changer.move(slot, drive), { kind: 'moved' });
  });
}
