import { rmSync } from 'node:fs';
import { openMediaChanger } from '#drivers/scsi-changer/open-media-changer';
import { openTapeDrive } from '#drivers/scsi-tape/open-tape-drive';
import type { ScsiTransport } from '#src/device/scsi-transport';
import { describeMediaChanger, type MediaChangerFactory } from '#test/device/media-changer-conformance';
import { answerWith, InterposedTransport, type Interposition } from '#test/support/interposed-transport';
import { fixedSense } from '#test/support/scripted-transport';
import { createTestLibrary } from '#test/support/virtual-library';

const barcodes = ['G00001L9', 'G00002L9'];
const pause = async () => undefined;

const onVirtual =
  (make: (transport: ScsiTransport) => ScsiTransport): MediaChangerFactory =>
  async ({ wrap }) => {
    const library = await createTestLibrary({ drives: 2, slots: 6, mailSlots: 2, cartridges: barcodes });
    const changer = await openMediaChanger(wrap(make(await library.changer())), { pause });
    return {
      changer,
      barcodes,
      takeByHand: async (slot) => {
        const barcode = barcodes[slot - 1] ?? '';
        rmSync(library.imagePath(barcode));
        library.editCartridge(barcode, { place: 'outside' });
      },
      thread: async () => {
        await using drive = await openTapeDrive(await library.drive(1), { pause });
        await drive.load();
      },
      unload: async () => {
        await using drive = await openTapeDrive(await library.drive(1), { pause });
        await drive.unload();
      },
      [Symbol.asyncDispose]: async () => {
        await changer[Symbol.asyncDispose]();
        await library[Symbol.asyncDispose]();
      },
    };
  };

/** Refuses DVCID and CURDATA, and has no list of commands. */
const plainQuestionsOnly: Interposition = async (pass, command) =>
  (command.cdb[6] ?? 0) !== 0 ? await answerWith(fixedSense(5, 0x24, 0x00))(pass, command) : await pass();

describeMediaChanger(
  'virtual',
  onVirtual((transport) => transport),
);
describeMediaChanger(
  'virtual, without DVCID and CURDATA',
  onVirtual((transport) => new InterposedTransport(transport).always(0xb8, plainQuestionsOnly)),
);
