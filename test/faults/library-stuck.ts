import assert from 'node:assert/strict';
import { always, check, onBench, operation } from '#test/faults/library-bench';
import type { Chapter, Scenario } from '#test/faults/scenario';

const fromDrive = (cdb: Uint8Array): boolean => cdb[0] === operation.move && cdb[4] === 0x01;

const scenarios: readonly Scenario[] = [
  {
    name: 'a drive that lets go of its cartridge at the second attempt',
    injected: 'Changer, MOVE MEDIUM from the drive: ILLEGAL REQUEST 53/03, once',
    outcome: 'The drive is told to unload once more, and the cartridge goes home.',
    messages: [],
    run: onBench(async (bench) => {
      bench.plant('changer', { when: fromDrive, action: check(0x5, 0x53, 0x03) });
      await bench.backup();
      assert.equal(await bench.place('G00001L9'), 'slot:1');
      await bench.settle();
    }),
  },
  ...(
    [
      ['a drive that is locked and does not give its cartridge up', '53/02', 0x53, 0x02],
      ['a drive that does not give its cartridge up, in a code of the maker', '3B/90', 0x3b, 0x90],
    ] as const
  ).map(
    ([name, code, asc, ascq]): Scenario => ({
      name,
      injected: `Changer, MOVE MEDIUM from the drive: ILLEGAL REQUEST ${code}, always`,
      outcome:
        'It is unloaded and tried three times. What was written is safe. The cartridge stays in the drive, and others are loaded into the other one.',
      messages: [
        'G00001L9 could not be brought home from drive:1 of main: library main refuses to move G00001L9 from drive:1 to slot:1: the drive does not let go of it. Once the library works again: grandsire drive unload --drive 1',
        'library main refuses to move G00001L9 from drive:1 to slot:1: the drive does not let go of it\nStop other programs that use the drive, have it eject the cartridge at its panel, then run `grandsire library inventory`.',
      ],
      run: onBench(async (bench) => {
        bench.plant('changer', { when: fromDrive, ...always, action: check(0x5, asc, ascq) });
        await bench.backup({ ends: 3 });
        assert.equal(bench.sent(operation.move, 'changer').length, 4);
        assert.deepEqual(await bench.drives(), ['loaded', 'empty']);
        await bench.fails(1, 'library.move-refused', 'drive', 'unload');
        bench.heal();
        await bench.ends(0, 'drive', 'load', 'G00002L9');
        assert.equal(bench.lies('G00002L9'), 'drive:2');
        await bench.ends(0, 'drive', 'unload');
        await bench.settle();
        assert.deepEqual(await bench.drives(), ['empty', 'empty']);
      }),
    }),
  ),
  {
    name: 'a cartridge that is stuck in the drive',
    injected: 'Changer, MOVE MEDIUM from the drive: HARDWARE ERROR 53/00, always',
    outcome:
      'It is not pulled at again. What was written is safe; the cartridge stays in the drive, and others are loaded into the other one.',
    messages: [
      'G00001L9 could not be brought home from drive:1 of main: …: MOVE MEDIUM failed: hardware error: media load or eject failed (4/53/00); G00001L9 is in drive:1 now. Once the library works again: grandsire drive unload --drive 1',
    ],
    run: onBench(async (bench) => {
      bench.plant('changer', { when: fromDrive, ...always, action: check(0x4, 0x53, 0x00) });
      await bench.backup({ ends: 3 });
      assert.equal(bench.sent(operation.move, 'changer').length, 2);
      bench.heal();
      await bench.ends(0, 'drive', 'load', 'G00002L9');
      assert.equal(bench.lies('G00002L9'), 'drive:2');
      await bench.ends(0, 'drive', 'unload');
      await bench.settle();
    }),
  },
  {
    name: 'a door that is opened before the cartridge is home',
    injected: 'Changer, MOVE MEDIUM from the drive: NOT READY 04/83, always',
    outcome: 'What was written is safe, and the cartridge is in the drive until the door is closed.',
    messages: [
      'G00001L9 could not be brought home from drive:1 of main: …: MOVE MEDIUM failed: not ready: vendor-specific condition (2/04/83); G00001L9 is in drive:1 now. Once the library works again: grandsire drive unload --drive 1',
    ],
    run: onBench(async (bench) => {
      bench.plant('changer', { when: fromDrive, ...always, action: check(0x2, 0x04, 0x83) });
      await bench.backup({ ends: 3 });
      assert.equal(await bench.place('G00001L9'), 'drive:1');
      bench.heal();
      await bench.ends(0, 'library', 'inventory');
      await bench.ends(0, 'drive', 'unload');
      await bench.settle();
    }),
  },
  {
    name: 'a robot that fails before anything is written',
    injected: 'Changer, MOVE MEDIUM into the drive: HARDWARE ERROR 15/01',
    outcome: 'The run ends. What was staged stays staged and can be restored; the next run writes it.',
    messages: [
      '…: MOVE MEDIUM failed: hardware error: mechanical positioning error (4/15/01); G00001L9 is in slot:1 now; … is complete, and what of it is not on cartridges stays staged and can be restored from there\nLook at the display of the device, power-cycle it, then run `grandsire library inventory`; if it fails again it needs service.',
    ],
    run: onBench(async (bench) => {
      bench.plant('changer', { when: operation.move, action: check(0x4, 0x15, 0x01) });
      bench.change();
      await bench.fails(1, 'device.hardware-error', 'backup', 'run', 'home');
      bench.heal();
      const { dataSets } = await bench.ends(0, 'backup', 'list');
      const staged = dataSets.find(({ staged: isStaged }: { staged: boolean }) => isStaged);
      assert.equal(staged?.state, 'complete');
      bench.keep(staged);
      await bench.ends(0, 'library', 'inventory');
      await bench.ends(0, 'staging', 'flush');
      bench.keep((await bench.ends(0, 'backup', 'show', staged.dataSet)) as typeof staged);
      await bench.settle();
    }),
  },
];

export const chapter: Chapter = {
  title: 'A cartridge does not come into the drive, or out of it',
  introduction:
    'The robot fails on its way to a drive in `grandsire backup run`, or a drive holds its cartridge fast afterwards. What was staged is staged, what was written is written, ' +
    'and other drives and cartridges are used meanwhile.',
  scenarios,
};
