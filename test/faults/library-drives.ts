import assert from 'node:assert/strict';
import type { ElementDeviceIdentifier, ElementStatus } from '#src/scsi/element-status';
import { elementsAre } from '#test/faults/element-edits';
import {
  always,
  check,
  type LibraryBench,
  type LibraryBenchOptions,
  onBench,
  operation,
} from '#test/faults/library-bench';
import type { Chapter, Scenario } from '#test/faults/scenario';
import { createFaultyTransport, type Fault } from '#test/support/faulty-transport';

/** As the library is from the day on which it is first looked into. */
const fromTheFirstDay = (faults: (unit: 'changer' | number) => readonly Fault[]): LibraryBenchOptions => ({
  wire: (transport, unit) => createFaultyTransport(transport, faults(unit)),
});

const ofChanger = (...faults: readonly Fault[]): LibraryBenchOptions =>
  fromTheFirstDay((unit) => (unit === 'changer' ? faults : []));

const named = (text: string | undefined): Partial<ElementStatus> => {
  if (text === undefined) return {};
  const deviceIdentifier: ElementDeviceIdentifier = { codeSet: 2, type: 0, bytes: Buffer.from(text), text };
  return { deviceIdentifier };
};

/** What DVCID says of each drive, made from what it said. */
const serialsAre = (edit: (serial: string, index: number) => string | undefined): Fault =>
  elementsAre('drive', (elements) =>
    elements.map(({ deviceIdentifier, ...element }, index) => ({
      ...element,
      ...named(edit(deviceIdentifier?.text?.split(' ').at(-1) ?? '', index)),
    })),
  );

/** Each cartridge comes into the drive that it is to be loaded into: the one that threads it is the one that has it. */
async function assertDrivesMatch(bench: LibraryBench): Promise<void> {
  bench.mark();
  for (const drive of [1, 2]) {
    const before = bench.here.device.readState().serial;
    const { serial } = await bench.ends(0, 'drive', 'load', 'G00002L9', '--drive', String(drive));
    assert.deepEqual([serial, bench.lies('G00002L9')], [`${before}D${drive}`, `drive:${drive}`]);
    await bench.ends(0, 'drive', 'unload');
    assert.equal(bench.lies('G00002L9'), 'slot:2');
  }
  assert.equal(bench.moves, 4, 'there and back, twice; nothing to find out which is which');
}

const found: readonly Scenario[] = [
  {
    name: 'a library that does not say which drive stands where',
    injected: 'Changer, READ ELEMENT STATUS with DVCID: ILLEGAL REQUEST 24/00, always',
    outcome:
      'The first inventory loads a cartridge into each drive but one and looks which has it; the catalog remembers what was found, and nothing is loaded for it again.',
    messages: [],
    run: onBench(
      async (bench) => {
        await assertDrivesMatch(bench);
        await bench.settle();
      },
      ofChanger({
        when: (cdb) => cdb[0] === operation.elements && ((cdb[6] ?? 0) & 1) === 1,
        ...always,
        action: check(0x5, 0x24, 0x00),
      }),
    ),
  },
  {
    name: 'a library that says nothing of its last drive',
    injected: 'Changer, READ ELEMENT STATUS of the drives: no identifier of the last, always',
    outcome: 'The one drive that is left stands in the one place that is left.',
    messages: [],
    run: onBench(
      async (bench) => {
        await assertDrivesMatch(bench);
        await bench.settle();
      },
      ofChanger(serialsAre((serial, index) => (index === 1 ? undefined : serial))),
    ),
  },
  {
    name: 'a library that cuts the serial numbers of its drives',
    injected:
      'Changer, READ ELEMENT STATUS of the drives: identifiers without their last character, alike for both, always',
    outcome: 'What fits several drives tells nothing: it is found out by loading, once.',
    messages: [],
    run: onBench(
      async (bench) => {
        await assertDrivesMatch(bench);
        await bench.settle();
      },
      ofChanger(serialsAre((serial) => serial.slice(0, -1))),
    ),
  },
  {
    name: 'two drives with one serial number',
    injected:
      'Changer, READ ELEMENT STATUS of the drives, and both drives, INQUIRY page 80h: the same serial number, always',
    outcome: 'Nothing tells them apart, so that each command finds out by loading a cartridge which is which.',
    messages: [
      'several drives of main have the serial number SAME000001: which is which is found out by loading a cartridge, each time',
    ],
    run: onBench(
      async (bench) => {
        for (const drive of ['1', '2']) {
          await bench.ends(3, 'drive', 'load', 'G00002L9', '--drive', drive);
          assert.equal(bench.lies('G00002L9'), `drive:${drive}`);
          await bench.ends(3, 'drive', 'unload');
        }
        await bench.settle({ ends: 3 });
      },
      {
        backupEnds: 3,
        ...fromTheFirstDay((unit) =>
          unit === 'changer'
            ? [serialsAre(() => 'SAME000001')]
            : [
                {
                  when: (cdb) => cdb[0] === operation.inquiry && cdb[2] === 0x80,
                  ...always,
                  action: {
                    kind: 'answer',
                    edit: () => Buffer.concat([Uint8Array.of(1, 0x80, 0, 10), Buffer.from('SAME000001')]),
                  },
                },
              ],
        ),
      },
    ),
  },
];

const missing: readonly Scenario[] = [
  {
    name: 'a drive that does not answer when the library is opened',
    injected: 'Drive 1, INQUIRY: the connection is lost, always',
    outcome:
      'It is out of use; the run goes on in the other drive. The next inventory after it answers takes it into use again.',
    messages: ['The connection to … is lost ….'],
    run: onBench(async (bench) => {
      bench.plant(1, { when: operation.inquiry, action: { kind: 'unreachable', stays: true } });
      bench.change();
      bench.keep(await bench.ends(3, 'backup', 'run', 'home'));
      assert.deepEqual(await bench.drives(), ['down', 'empty']);
      await bench.settle();
      assert.deepEqual(await bench.drives(), ['empty', 'empty']);
    }),
  },
  {
    name: 'a drive that is another host’s',
    injected: 'Changer, READ ELEMENT STATUS of the drives: the second is one that the program does not see',
    outcome: 'No cartridge is loaded into it, also not to find out which it is.',
    messages: [
      'The connection to … is lost ….',
      'warning: The connection to … is lost …. (drive.unreachable)',
      'drive:2 of library main is not in working order; drive:2: the drive cannot be reached\nWhen it is repaired, `grandsire library inventory --library main` puts it back into use; `grandsire drive list` shows the state.',
    ],
    run: onBench(async (bench) => {
      bench.plant(
        'changer',
        serialsAre((serial, index) => (index === 1 ? 'THEIRS01' : serial)),
      );
      bench.plant(2, { when: operation.inquiry, action: { kind: 'unreachable', stays: true } });
      bench.change();
      bench.keep(await bench.ends(3, 'backup', 'run', 'home'));
      assert.equal(bench.moves, 2);
      await bench.fails(4, 'drive.none-usable', 'drive', 'load', 'G00002L9', '--drive', '2');
      await bench.settle();
    }),
  },
];

export const chapter: Chapter = {
  title: 'Which drive is which',
  introduction:
    'A changer and its drives are separate devices; that a tape drive stands at a place of the library has to be found out. ' +
    'A cartridge is never written to in another drive than the one into which the robot put it.',
  scenarios: [...found, ...missing],
};
