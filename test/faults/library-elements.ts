import assert from 'node:assert/strict';
import { elementAddress } from '#src/scsi/element-address';
import type { ElementStatus } from '#src/scsi/element-status';
import { bytesAre, elementIs, elementsAre } from '#test/faults/element-edits';
import { type LibraryBench, onSharedBench } from '#test/faults/library-bench';
import type { Chapter, Scenario } from '#test/faults/scenario';
import type { Fault } from '#test/support/faulty-transport';

interface Saying {
  readonly name: string;
  readonly injected: string;
  readonly outcome: string;
  readonly messages: readonly string[];
  readonly faults: readonly Fault[];
  /** How `library inventory` ends; 0 unless told. */
  readonly ends?: number;
  /** Looked at while the fault lasts. */
  readonly meanwhile?: (bench: LibraryBench) => Promise<void>;
}

const says = ({ name, injected, outcome, messages, faults, ends = 0, meanwhile }: Saying): Scenario => ({
  name,
  injected,
  outcome,
  messages,
  run: onSharedBench(async (bench) => {
    bench.plant('changer', ...faults);
    await bench.ends(ends, 'library', 'inventory');
    for (const number of [1, 2, 3]) assert.equal(await bench.place(`G0000${number}L9`), `slot:${number}`);
    await meanwhile?.(bench);
    await bench.settle();
    assert.deepEqual(await known(bench), ['G00001L9', 'G00002L9', 'G00003L9']);
  }),
});

async function known(bench: LibraryBench): Promise<readonly string[]> {
  const { cartridges } = await bench.ends(0, 'cartridge', 'list');
  return cartridges.map(({ barcode }: { barcode: string }) => barcode).sort();
}

const cut = (toBytes: number) => (bytes: Uint8Array) => bytes.subarray(0, toBytes);
const storage = 'Changer, READ ELEMENT STATUS of the slots: ';

const amounts: readonly Scenario[] = [
  says({
    name: 'an answer that ends in the middle of a descriptor',
    injected: `${storage}137 bytes of each answer arrive, which end in the third barcode`,
    outcome: 'What arrived whole is taken, and the rest is asked for; a piece of a barcode is no barcode.',
    messages: [],
    faults: [bytesAre('storage', cut(137))],
  }),
  says({
    name: 'a library that gives two elements at a time, whatever it is asked for',
    injected: `${storage}two descriptors at most`,
    outcome: 'The rest is asked for, as long as more comes.',
    messages: [],
    faults: [elementsAre('storage', (elements) => elements.slice(0, 2))],
  }),
  says({
    name: 'an element that the library leaves out',
    injected: `${storage}no descriptor of the second`,
    outcome: 'What was known of it is kept; the cartridge in it is not taken for gone.',
    messages: ['main/slot:2: the library does not say what lies there; G00002L9 is taken to be there still'],
    faults: [elementsAre('storage', (elements) => elements.filter(({ address }) => address !== 0x1001))],
    ends: 3,
  }),
  says({
    name: 'an answer without a byte',
    injected: `${storage}GOOD, no data`,
    outcome: 'What was known is kept: no cartridge is taken for gone.',
    messages: [
      '…: the library does not say what lies in its slots; what was known of them is kept\nRun `grandsire library inventory`; if it stays so, power-cycle the library.',
    ],
    faults: [bytesAre('storage', cut(0))],
    ends: 1,
  }),
  says({
    name: 'an answer of zeros',
    injected: `${storage}every byte 00h`,
    outcome: 'As above.',
    messages: [
      '…: the library does not say what lies in its slots; what was known of them is kept\nRun `grandsire library inventory`; if it stays so, power-cycle the library.',
    ],
    faults: [bytesAre('storage', (bytes) => new Uint8Array(bytes.length))],
    ends: 1,
  }),
  says({
    name: 'an answer of ones',
    injected: `${storage}every byte FFh`,
    outcome: 'As above.',
    messages: [
      '…: the library does not say what lies in its slots; what was known of them is kept\nRun `grandsire library inventory`; if it stays so, power-cycle the library.',
    ],
    faults: [bytesAre('storage', (bytes) => new Uint8Array(bytes.length).fill(0xff))],
    ends: 1,
  }),
  says({
    name: 'counts that lie',
    injected: `${storage}65,535 elements and 16,777,215 bytes announced, in the header and in the page`,
    outcome: 'The bytes that came are believed before the counts that announce them.',
    messages: [],
    faults: [
      bytesAre('storage', (bytes) => {
        const lying = Uint8Array.from(bytes);
        lying.fill(0xff, 2, 4);
        lying.fill(0xff, 5, 8);
        lying.fill(0xff, 13, 16);
        return lying;
      }),
    ],
  }),
  says({
    name: 'descriptors without a length',
    injected: `${storage}descriptor length 0`,
    outcome: 'Nothing can be learned from the answer, and what was known is kept.',
    messages: [
      '…: the library does not say what lies in its slots; what was known of them is kept\nRun `grandsire library inventory`; if it stays so, power-cycle the library.',
    ],
    faults: [bytesAre('storage', (bytes) => Uint8Array.from(bytes, (byte, at) => (at === 10 || at === 11 ? 0 : byte)))],
    ends: 1,
  }),
  says({
    name: 'elements that are beyond what the library says it has',
    injected: `${storage}two more, full, at addresses 2000h and FFFFh`,
    outcome: 'They are no places of the library, and what they are said to hold is not taken into the catalog.',
    messages: [],
    faults: [
      elementsAre('storage', (elements) => [
        ...elements,
        ...([0x2000, 0xffff] as const).map((address) => ({
          ...(elements[0] as ElementStatus),
          address: elementAddress(address),
          full: true,
          primaryVolumeTag: { identifier: `X${address}L9`, sequence: 0 },
        })),
      ]),
    ],
  }),
];

const exceptions: readonly Scenario[] = [
  ...(
    [
      ['an element in trouble', 0x00, 0x00, 'the element is in trouble and the library does not say why'],
      ['a cartridge that the robot cannot grip', 0x3b, 0x16, 'sequential positioning error (3B/16)'],
      ['an element whose magazine is out', 0x3b, 0x11, 'medium magazine not accessible (3B/11)'],
      ['a slot with a cleaning cartridge that did not clean', 0x30, 0x07, 'cleaning failure (30/07)'],
    ] as const
  ).map(([name, asc, ascq, text]) =>
    says({
      name,
      injected: `${storage}EXCEPT with ${[asc, ascq].map((byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join('/')}`,
      outcome: 'The place is named with what the library says of it; the cartridge in it stays booked.',
      messages: [`main/slot:2: ${text}`],
      faults: [elementIs('storage', 1, { exception: true, asc, ascq })],
      ends: 3,
    }),
  ),
  says({
    name: 'a barcode that cannot be read any more',
    injected: `${storage}full, EXCEPT with 83/02, no volume tag`,
    outcome:
      'It is taken for the cartridge that was there before, and can be used; its label is compared before anything is written.',
    messages: [
      'main/slot:2: label unreadable (83/02)',
      'main/slot:2: the barcode cannot be read; it is taken for G00002L9, which was there before',
    ],
    faults: [elementIs('storage', 1, unreadable())],
    ends: 3,
    meanwhile: async (bench) => {
      await bench.ends(3, 'cartridge', 'identify', 'G00002L9');
      assert.equal(bench.lies('G00002L9'), 'slot:2');
    },
  }),
  says({
    name: 'a barcode of question marks in a slot that was empty',
    injected: `${storage}the fifth full, EXCEPT with 83/02, ????????`,
    outcome: 'It is named, and not taken into the catalog: nothing is known of it.',
    messages: ['main/slot:5: label unreadable (83/02)', 'main/slot:5: the barcode cannot be read'],
    faults: [
      elementIs('storage', 4, {
        ...unreadable(),
        full: true,
        primaryVolumeTag: { identifier: '????????', sequence: 0 },
      }),
    ],
    ends: 3,
  }),
];

function unreadable(): Partial<ElementStatus> {
  return { exception: true, asc: 0x83, ascq: 0x02, primaryVolumeTag: { identifier: '', sequence: 0 } };
}

export const chapter: Chapter = {
  title: 'What the library says of its places',
  introduction:
    'READ ELEMENT STATUS is answered with GOOD, and what it says is cut, wrong, or not to be believed. ' +
    'No cartridge is lost from the catalog by it, none is added that is not there, and the next inventory without the fault is as before.',
  scenarios: [...amounts, ...exceptions],
};
