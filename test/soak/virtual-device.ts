import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DeviceUnderTest } from '#test/soak/device';

const capacity = '10MiB';
const [drives, slots, mailSlots] = [2, 12, 2];

/** A virtual library, in a folder whose power can fail and whose disk can be full. */
export async function virtualDevice(folder: string): Promise<DeviceUnderTest> {
  const cartridges = join(folder, 'cartridges');
  const barcodes = Array.from({ length: 9 }, (_, n) => `S0000${n + 1}L9`);
  mkdirSync(cartridges, { recursive: true });
  for (const barcode of barcodes) writeFileSync(join(cartridges, `${barcode}.tap`), '');
  return {
    kind: 'virtual',
    slots,
    mailSlots,
    settings:
      `{ driver: virtual, path: '${folder}', drives: ${drives}, slots: ${slots}, mailSlots: ${mailSlots}, ` +
      `generation: LTO-9, cartridgeCapacity: ${capacity} }`,
    checked: { kind: 'virtual', cartridges, suffix: '.tap', elements: join(folder, 'library.json') },
    isOurs: true,
    settle: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
}
