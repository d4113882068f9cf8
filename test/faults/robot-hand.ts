import { elementAddress } from '#src/scsi/element-address';
import type { ElementStatus } from '#src/scsi/element-status';
import type { ElementType } from '#src/scsi/read-element-status';
import { elementsAre } from '#test/faults/element-edits';
import { always, operation } from '#test/faults/library-bench';
import type { Fault } from '#test/support/faulty-transport';

/** The robot of the virtual library. */
const robot = 0x0001;

interface Held {
  readonly barcode: string;
  /** Where the virtual library has it, which the program is not told. */
  readonly type: Exclude<ElementType, 'transport'>;
  readonly address: number;
  /** Whether it is in the hand by now; from the beginning unless told. */
  readonly isHeld?: () => boolean;
}

/**
 * The robot has a cartridge in its hand until it is told to put it somewhere. The virtual library has none, so that what it says of the place and of the
 * robot is changed on the way, and what the program has it do with its hand is done from the place.
 */
export function robotHolds({ barcode, type, address, isHeld = () => true }: Held): readonly Fault[] {
  let isPutDown = false;
  const isNow = (): boolean => isHeld() && !isPutDown;
  const full = (element: ElementStatus): ElementStatus => ({
    ...element,
    full: true,
    source: elementAddress(address),
    primaryVolumeTag: { identifier: barcode, sequence: 0 },
  });
  const empty = (element: ElementStatus): ElementStatus => ({
    ...element,
    full: false,
    primaryVolumeTag: { identifier: '', sequence: 0 },
  });
  return [
    elementsAre('transport', (elements) => (isNow() ? elements.map(full) : elements)),
    elementsAre(type, (elements) =>
      elements.map((element) => (isNow() && element.address === address ? empty(element) : element)),
    ),
    {
      when: (cdb) => cdb[0] === operation.move && Buffer.from(cdb).readUInt16BE(4) === robot,
      ...always,
      action: {
        kind: 'instead',
        act: async (pass, { cdb }) => {
          const fromPlace = Buffer.from(cdb);
          fromPlace.writeUInt16BE(address, 4);
          const result = await pass(fromPlace);
          isPutDown = result.status === 0;
          return result;
        },
      },
    },
  ];
}
