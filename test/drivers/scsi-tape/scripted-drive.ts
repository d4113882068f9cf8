import { openTapeDrive } from '#drivers/scsi-tape/open-tape-drive';
import type { Duration } from '#src/base/duration';
import type { TapeDrive } from '#src/device/tape-drive';
import {
  type Exchange,
  fixedSense,
  ScriptedTransport,
  serialPage,
  standardInquiry,
} from '#test/support/scripted-transport';

export const invalidOperation = fixedSense(5, 0x20, 0x00);
export const invalidField = fixedSense(5, 0x24, 0x00);

/** Short form position data with the location-unknown bit set, as tgt sends it. */
export const unknownPosition = Uint8Array.of(0x04, ...new Array(19).fill(0));

export const shortPosition = (block: number): Uint8Array => {
  const data = Buffer.alloc(20);
  data[0] = block === 0 ? 0x80 : 0;
  data.writeUInt32BE(block, 4);
  data.writeUInt32BE(block, 8);
  return data;
};

/** What the driver asks when it opens a drive that has no list of its commands; blocks of 1 byte to 1 MiB. */
export const opening: readonly Exchange[] = [
  { cdb: '120000', data: standardInquiry(0x01) },
  { cdb: '120180', data: serialPage(0x01, 'DRV0001') },
  { cdb: 'a30c00', sense: invalidOperation },
  { cdb: '05', data: Uint8Array.of(0, 0x10, 0, 0, 0, 1) },
];

/** Ready, rewound; the drive then says what it knows of its position. */
const loading = (knows: 'short' | 'none'): readonly Exchange[] => [
  { cdb: '00' },
  { cdb: '01' },
  ...(knows === 'short'
    ? [
        { cdb: '3400', data: shortPosition(0) },
        { cdb: '3406', sense: invalidField },
      ]
    : [{ cdb: '3400', data: unknownPosition }]),
];

export interface ScriptedDrive {
  readonly drive: TapeDrive;
  readonly transport: ScriptedTransport;
  /** Milliseconds that the driver waited, one entry a pause. */
  readonly pauses: Duration[];
}

/** A drive on a script, opened; with `knows` loaded as well. */
export async function openScriptedDrive({ knows }: { readonly knows?: 'short' | 'none' } = {}): Promise<ScriptedDrive> {
  const pauses: Duration[] = [];
  const transport = new ScriptedTransport().expect(...opening);
  const pause = async (duration: Duration) => {
    pauses.push(duration);
  };
  const drive = await openTapeDrive(transport, { pause });
  if (knows) {
    transport.expect(...loading(knows));
    await drive.load();
  }
  transport.assertDone();
  return { drive, transport, pauses };
}
