import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { TgtLibrary } from '#test/rig/tgt-library';
import type { View } from '#test/soak/checker-process';
import type { DeviceUnderTest } from '#test/soak/device';

const capacityMiB = 10;
const [drives, slots, mailSlots] = [2, 12, 2];

/** A library that is not ours, and whose daemon can die. Its cartridges keep what it was sent: power fails only under the staging area. */
export async function tgtDevice(folder: string): Promise<DeviceUnderTest> {
  const cartridges = Array.from({ length: 9 }, (_, n) => `S0000${n + 1}L8`);
  const library = await TgtLibrary.start({ folder, drives, slots, mailSlots, capacityMiB, cartridges });
  const addressOf = (place: string): number => {
    const [kind, number] = place.split(':');
    if (kind === 'slot') return library.slot(Number(number));
    // What nobody saw is taken to be in a drive: it comes up in a free slot.
    return kind === 'mail' ? library.mailSlot(Number(number)) : library.drive(1);
  };
  let places: View['cartridges'] = [];
  let broken: Promise<void> | undefined;
  const breakFor = async (downMs: number): Promise<void> => {
    await library.kill();
    await wait(downMs);
    const placeOf = (barcode: string): string => places.find((one) => one.barcode === barcode)?.place ?? '';
    library.remember(cartridges.map((barcode) => [addressOf(placeOf(barcode)), barcode]));
    await library.start();
  };
  return {
    kind: 'tgt',
    slots,
    mailSlots,
    settings: `{ driver: iscsi, portal: '${library.portal}', target: '${library.target}' }`,
    checked: {
      ...{ kind: 'tgt', cartridges: join(folder, 'media'), suffix: '' },
      ...{ portal: library.portal, target: library.target, changerLun: String(library.changerLun) },
    },
    isOurs: false,
    breakTarget: (downMs) => {
      broken = breakFor(downMs);
    },
    settle: async (seen) => {
      places = seen;
      await broken;
    },
    [Symbol.asyncDispose]: () => library[Symbol.asyncDispose](),
  };
}
