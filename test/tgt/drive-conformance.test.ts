import { after, it } from 'node:test';
import { openMediaChanger } from '#drivers/scsi-changer/open-media-changer';
import { openTapeDrive } from '#drivers/scsi-tape/open-tape-drive';
import { elementAddress } from '#src/scsi/element-address';
import { describeTapeDrive, type TapeDriveFactory } from '#test/device/tape-drive-conformance';
import { skipWithout, tgtTools } from '#test/rig/rig-tools';
import { TgtLibrary } from '#test/rig/tgt-library';
import { TgtDevices } from '#test/tgt/tgt-devices';

const pause = async () => undefined;
const skip = skipWithout(tgtTools);
let cartridges = 0;

const onTgt =
  (library: TgtLibrary): TapeDriveFactory =>
  async ({ cartridge, wrap }) => {
    const devices = await TgtDevices.open(library);
    cartridges += 1;
    const barcode = `T${String(cartridges).padStart(5, '0')}L8`;
    await devices.refill(cartridge === 'none' ? [] : [barcode]);
    if (cartridge !== 'none') {
      await using changer = await openMediaChanger(await devices.changer(), { pause });
      await changer.move(elementAddress(library.slot(1)), changer.geometry.drives.first);
    }
    const drive = await openTapeDrive(wrap(await devices.drive(1)), { pause });
    return {
      drive,
      [Symbol.asyncDispose]: async () => {
        await drive[Symbol.asyncDispose]();
        await devices[Symbol.asyncDispose]();
      },
    };
  };

if (skip) it('tgt: tape drive', { skip });
else {
  const library = await TgtLibrary.start({ drives: 1, slots: 2, mailSlots: 0 });
  after(() => library[Symbol.asyncDispose]());
  describeTapeDrive('tgt', onTgt(library), {
    knowsPosition: false,
    stopsAtFilemarks: false,
    tellsHowFar: false,
    reportsBeginning: false,
    unthreads: false,
    // It announces the end and writes on behind it.
    capacityBytes: undefined,
    cartridges: ['blank', 'none'],
  });
}
