import { openMediaChanger } from '#drivers/scsi-changer/open-media-changer';
import { openTapeDrive } from '#drivers/scsi-tape/open-tape-drive';
import type { Pause } from '#src/base/pause';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { ScsiTransport } from '#src/device/scsi-transport';
import type { TapeDrive } from '#src/device/tape-drive';
import type { MountCartridge } from '#src/jobs/mounting';
import type { TestLibrary } from '#test/support/virtual-library';

export interface BenchMountOptions {
  /** Put between the drive's driver and its transport: faults. */
  readonly wrap?: (transport: ScsiTransport) => ScsiTransport;
  /** In place of waiting where a drive is busy. */
  readonly pause?: Pause;
}

/**
 * Mounts without the library layer: for tests of sessions and jobs alone. Moves the cartridge from its slot to drive 1 and back.
 */
export function benchMount(
  library: TestLibrary,
  { wrap = (transport) => transport, pause }: BenchMountOptions = {},
): MountCartridge {
  return async (cartridge: CartridgeRecord) => {
    const changer = await openMediaChanger(await (await library.openUnits().then(firstUnit)).transport);
    const drive: TapeDrive = await openTapeDrive(wrap(await (await library.openUnits().then(secondUnit)).transport), {
      ...(pause && { pause }),
    });
    const find = async (barcode: string) => (await changer.inventory()).find((element) => element.barcode === barcode);
    const from = await find(cartridge.barcode);
    const to = (await changer.inventory()).find((element) => element.kind === 'drive');
    if (!from || !to) throw new RangeError(`no ${cartridge.barcode} in the test library`);
    await changer.move(from.address, to.address);
    await drive.load();
    return {
      drive,
      cartridge,
      virtual: true,
      suspect: async () => undefined,
      [Symbol.asyncDispose]: async () => {
        await drive.unload();
        await changer.move(to.address, from.address);
        await drive[Symbol.asyncDispose]();
        await changer[Symbol.asyncDispose]();
      },
    };
  };
}

type Units = Awaited<ReturnType<TestLibrary['openUnits']>>;
const unitAt = async (units: Units, index: number): Promise<{ transport: Promise<ScsiTransport> }> => {
  const unit = (await units.discover())[index];
  if (!unit) throw new RangeError(`no unit ${index}`);
  return { transport: units.open(unit) };
};
const firstUnit = (units: Units) => unitAt(units, 0);
const secondUnit = (units: Units) => unitAt(units, 1);
