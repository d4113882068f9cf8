import { after, it } from 'node:test';
import { openMediaChanger } from '#drivers/scsi-changer/open-media-changer';
import { openTapeDrive } from '#drivers/scsi-tape/open-tape-drive';
import { describeMediaChanger, type MediaChangerFactory } from '#test/device/media-changer-conformance';
import { skipWithout, tgtTools } from '#test/rig/rig-tools';
import { TgtLibrary } from '#test/rig/tgt-library';
import { TgtDevices } from '#test/tgt/tgt-devices';

const barcodes = ['T00001L8', 'T00002L8'];
const pause = async () => undefined;
const skip = skipWithout(tgtTools);

const onTgt =
  (library: TgtLibrary): MediaChangerFactory =>
  async ({ wrap }) => {
    const devices = await TgtDevices.open(library);
    await devices.refill(barcodes);
    const changer = await openMediaChanger(wrap(await devices.changer()), { pause });
    return {
      changer,
      barcodes,
      takeByHand: async (slot) => await library.take(library.slot(slot)),
      // tgt hands out what lies in a drive, threaded or not.
      thread: undefined,
      unload: async () => {
        await using drive = await openTapeDrive(await devices.drive(1), { pause });
        await drive.unload();
      },
      [Symbol.asyncDispose]: async () => {
        await changer[Symbol.asyncDispose]();
        await devices[Symbol.asyncDispose]();
      },
    };
  };

if (skip) it('tgt: media changer', { skip });
else {
  const library = await TgtLibrary.start({ drives: 2, slots: 6, mailSlots: 2 });
  after(() => library[Symbol.asyncDispose]());
  describeMediaChanger('tgt', onTgt(library));
}
