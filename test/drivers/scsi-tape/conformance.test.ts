import { openMediaChanger } from '#drivers/scsi-changer/open-media-changer';
import { openTapeDrive } from '#drivers/scsi-tape/open-tape-drive';
import type { Duration } from '#src/base/duration';
import type { ScsiTransport } from '#src/device/scsi-transport';
import { describeTapeDrive, type FixtureCartridge, type TapeDriveFactory } from '#test/device/tape-drive-conformance';
import { lessenDrive, withoutPlace } from '#test/support/lesser-drive';
import { createTestLibrary } from '#test/support/virtual-library';

const barcodes = {
  blank: 'G00001L9',
  'write-protected': 'G00002L9',
  worm: 'G00003LZ',
  cleaning: 'CLNU01CU',
} as const satisfies Partial<Record<FixtureCartridge, string>>;

const pause = async (_duration: Duration) => undefined;

const onVirtual =
  (make: (transport: ScsiTransport) => ScsiTransport): TapeDriveFactory =>
  async ({ cartridge, wrap }) => {
    const library = await createTestLibrary({ cartridges: Object.values(barcodes), capacity: '4MiB' });
    library.editCartridge('G00002L9', { writeProtected: true });
    await using changer = await openMediaChanger(await library.changer());
    if (cartridge !== 'none') {
      const slot = (await changer.inventory()).find(({ barcode }) => barcode === barcodes[cartridge]);
      if (slot) await changer.move(slot.address, changer.geometry.drives.first);
    }
    const drive = await openTapeDrive(wrap(make(await library.drive(1))), { pause });
    return {
      drive,
      [Symbol.asyncDispose]: async () => {
        await drive[Symbol.asyncDispose]();
        await library[Symbol.asyncDispose]();
      },
    };
  };

const cartridges: readonly FixtureCartridge[] = ['blank', 'write-protected', 'worm', 'cleaning', 'none'];

describeTapeDrive(
  'virtual',
  onVirtual((transport) => transport),
  {
    knowsPosition: true,
    stopsAtFilemarks: true,
    tellsHowFar: true,
    reportsBeginning: true,
    unthreads: true,
    capacityBytes: 4 * 2 ** 20,
    cartridges,
  },
);

describeTapeDrive('virtual, as little as a drive can', onVirtual(lessenDrive), {
  knowsPosition: false,
  stopsAtFilemarks: false,
  tellsHowFar: true,
  reportsBeginning: true,
  unthreads: true,
  capacityBytes: 4 * 2 ** 20,
  cartridges,
});

describeTapeDrive('virtual, without a sense of place', onVirtual(withoutPlace), {
  knowsPosition: false,
  stopsAtFilemarks: true,
  tellsHowFar: true,
  reportsBeginning: true,
  unthreads: true,
  capacityBytes: 4 * 2 ** 20,
  cartridges,
});
