import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import type { CartridgePlace } from '#drivers/virtual/library-state';
import { elementAddress } from '#src/scsi/element-address';
import { elementIs } from '#test/faults/element-edits';
import { always, check, type LibraryBench, onBench, operation } from '#test/faults/library-bench';
import { robotHolds } from '#test/faults/robot-hand';
import type { Chapter, Scenario } from '#test/faults/scenario';
import type { Fault } from '#test/support/faulty-transport';

const slot2 = 0x1001;
const drive1 = 0x0100;

const put = (bench: LibraryBench, barcode: string, place: CartridgePlace): void =>
  bench.here.device.editCartridge(barcode, { place, seat: undefined });

/** A cartridge that nobody knows, put into the first free slot by hand. */
const putNew = (bench: LibraryBench, barcode: string): void => writeFileSync(bench.here.device.imagePath(barcode), '');

/** A cartridge that nobody knows, put into the drive by hand. */
function putIntoDrive({ here: { device } }: LibraryBench, barcode: string): void {
  writeFileSync(device.imagePath(barcode), '');
  device.editState((state) => {
    const like = state.cartridges['G00003L9'];
    if (!like) throw new RangeError('no cartridge to be made after');
    const record = { ...like, place: 'drive:1', serial: `${barcode}X` } as const;
    return { ...state, cartridges: { ...state.cartridges, [barcode]: record } };
  });
}

/** At a move of the command what hands do, of which the library tells in its answer; the move is not made. */
const handsAtMove = (hands: () => void, { nth = 1, ascq = 0x00 } = {}): Fault => ({
  when: operation.move,
  nth,
  action: {
    kind: 'instead',
    act: async () => {
      hands();
      const sense = Uint8Array.of(0x70, 0, 6, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x28, ascq, 0, 0, 0, 0);
      return { status: 0x02, sense, transferredBytes: 0 };
    },
  },
});

const inRobot: readonly Scenario[] = [
  {
    name: 'a robot that stops with a cartridge in its hand',
    injected: 'Changer, MOVE MEDIUM: HARDWARE ERROR 15/01; the robot then has the cartridge, and the slot is empty',
    outcome:
      'The move fails and says where the cartridge is. The next command has the robot put it back where it came from, and goes on.',
    messages: [
      'warning: G00002L9 is in the hand of the robot of main (cartridge.in-robot)',
      '…: MOVE MEDIUM failed: hardware error: mechanical positioning error (4/15/01); G00002L9 is in the hand of the robot now\nLook at the display of the device, power-cycle it, then run `grandsire library inventory`; if it fails again it needs service.',
      'G00002L9 is in the hand of the robot of main',
    ],
    run: onBench(async (bench) => {
      let isHeld = false;
      const stop: Fault['action'] = {
        kind: 'instead',
        act: async () => {
          isHeld = true;
          const sense = Uint8Array.of(0x70, 0, 4, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x15, 0x01, 0, 0, 0, 0);
          return { status: 0x02, sense, transferredBytes: 0 };
        },
      };
      bench.plant(
        'changer',
        { when: (cdb) => cdb[0] === operation.move && !isHeld, action: stop },
        ...robotHolds({ barcode: 'G00002L9', type: 'storage', address: slot2, isHeld: () => isHeld }),
      );
      await bench.fails(1, 'device.hardware-error', 'library', 'move', 'G00002L9', 'slot:5');
      assert.equal(await bench.place('G00002L9'), 'transit');
      await bench.ends(3, 'library', 'move', 'G00003L9', 'slot:6');
      assert.equal(await bench.place('G00002L9'), 'slot:2');
      await bench.settle();
    }),
  },
  {
    name: 'a program that is killed while the robot has a cartridge in its hand',
    injected: 'SIGKILL in `backup run` when the cartridge was carried; the robot then has it, and the drive is empty',
    outcome: 'The next run has the robot put it back into its slot, and then writes what was staged and what is new.',
    messages: ['G00001L9 is in the hand of the robot of main'],
    run: onBench(async (bench) => {
      bench.change();
      const killed = await bench.here.start(['backup', 'run', 'home'], { GRANDSIRE_TRACE_STOP: 'mount.carried:1' })
        .ended;
      assert.deepEqual([killed.signal, bench.lies('G00001L9')], ['SIGKILL', 'drive:1']);
      bench.here.device.editCartridge('G00001L9', { seat: 'ejected' });
      bench.plant('changer', ...robotHolds({ barcode: 'G00001L9', type: 'drive', address: drive1 }));
      const document = await bench.backup({ ends: 3 });
      assert.equal(document.state, 'complete');
      await bench.settle();
    }),
  },
  {
    name: 'a robot that does not get rid of what is in its hand',
    injected: 'Changer, READ ELEMENT STATUS: the robot is full; MOVE MEDIUM: HARDWARE ERROR 15/01, always',
    outcome:
      'Each command has it try once, says what to do by hand, and fails where it needs the robot. The library can be looked into all the same.',
    messages: [
      'G00002L9 is in the hand of the robot of main and cannot be put down: …: MOVE MEDIUM failed: hardware error: mechanical positioning error (4/15/01); G00002L9 is in the hand of the robot now. Put it into a free slot by hand, then: grandsire library inventory --library main',
      '…: MOVE MEDIUM failed: hardware error: mechanical positioning error (4/15/01); G00003L9 is in slot:3 now\nLook at the display of the device, power-cycle it, then run `grandsire library inventory`; if it fails again it needs service.',
    ],
    run: onBench(async (bench) => {
      const [robot, slot] = robotHolds({ barcode: 'G00002L9', type: 'storage', address: slot2 });
      const stuck: Fault = { when: operation.move, ...always, action: check(0x4, 0x15, 0x01) };
      bench.plant('changer', robot as Fault, slot as Fault, stuck);
      bench.mark();
      await bench.ends(3, 'library', 'inventory');
      assert.equal(bench.sent(operation.move, 'changer').length, 1);
      bench.mark();
      await bench.fails(1, 'device.hardware-error', 'drive', 'load', 'G00003L9');
      assert.equal(bench.sent(operation.move, 'changer').length, 2);
      await bench.ends(0, 'library', 'status');
      await bench.settle();
    }),
  },
  {
    name: 'a cartridge in the hand of the robot, and no free slot',
    injected: 'Changer, READ ELEMENT STATUS: the robot is full; a cartridge was put into its slot by hand',
    outcome: 'It goes into a free mail slot, and that is said.',
    messages: [
      'G00002L9 is in the hand of the robot of main',
      'library main has no free slot for G00002L9 in the hand of the robot: it was put into mail:1',
    ],
    run: onBench(
      async (bench) => {
        await bench.ends(0, 'library', 'move', 'G00002L9', 'mail:2');
        putNew(bench, 'G00004L9');
        await bench.ends(0, 'library', 'inventory');
        // Its real place is the second mail slot, of which the program is told that it is empty until the robot puts it there.
        bench.plant('changer', ...robotHolds({ barcode: 'G00002L9', type: 'importExport', address: 0x0011 }));
        await bench.ends(3, 'library', 'inventory');
        assert.equal(await bench.place('G00002L9'), 'mailSlot:1');
        await bench.settle();
      },
      { slots: 3 },
    ),
  },
];

const slots: readonly Scenario[] = [
  {
    name: 'a slot that was taken while its cartridge was in the drive',
    injected: 'Hands: another cartridge is in the slot from which the loaded one came (SVALID names it)',
    outcome: 'The cartridge goes into a free slot, which is its own from then on.',
    messages: [],
    run: onBench(async (bench) => {
      await bench.ends(0, 'drive', 'load', 'G00002L9');
      put(bench, 'G00003L9', 'slot:2');
      const { moved } = await bench.ends(0, 'drive', 'unload');
      assert.deepEqual(moved, [{ cartridge: 'G00002L9', from: 'drive:1', to: 'slot:3' }]);
      assert.equal(await bench.place('G00003L9'), 'slot:2');
      await bench.settle();
    }),
  },
  {
    name: 'a cartridge in a drive that came from nowhere',
    injected:
      'Hands: a cartridge that nobody knows is put into the drive; Changer, READ ELEMENT STATUS of the drives: SVALID with the address of no element, and then of a slot that is full',
    outcome: 'A source that is no slot, or not free, is not used: the cartridge goes into the first free slot.',
    messages: [],
    run: onBench(async (bench) => {
      for (const [barcode, source, to] of [
        ['G00004L9', 0xfffe, 'slot:4'],
        ['G00005L9', slot2, 'slot:5'],
      ] as const) {
        putIntoDrive(bench, barcode);
        bench.plant('changer', elementIs('drive', 0, { source: elementAddress(source) }));
        const { moved } = await bench.ends(0, 'drive', 'unload');
        assert.deepEqual(moved, [{ cartridge: barcode, from: 'drive:1', to }]);
        bench.heal();
      }
      await bench.settle();
    }),
  },
  {
    name: 'a library in which no slot is free for what is in the drive',
    injected: 'Hands: a cartridge is put into the last free slot while another is in the drive',
    outcome: 'It stays in the drive until there is room.',
    messages: [
      'library main has no free slot for G00002L9 in drive:1\nPut a cartridge out with `grandsire library export BARCODE`, then run the command again.',
    ],
    run: onBench(
      async (bench) => {
        await bench.ends(0, 'drive', 'load', 'G00002L9');
        putNew(bench, 'G00004L9');
        await bench.ends(0, 'library', 'inventory');
        await bench.fails(6, 'library.no-free-slot', 'drive', 'unload');
        assert.equal(bench.lies('G00002L9'), 'drive:1');
        await bench.ends(0, 'library', 'export', 'G00003L9');
        await bench.ends(0, 'drive', 'unload');
        assert.equal(await bench.place('G00002L9'), 'slot:3');
        await bench.settle();
      },
      { slots: 3 },
    ),
  },
  {
    name: 'a magazine that is exchanged in the middle of a job',
    injected:
      'Hands, when the robot is to bring the cartridge home: the others lie in other slots; UNIT ATTENTION 28/00',
    outcome:
      'What was written is safe; the library is looked into, and the cartridge goes into a slot that is free now.',
    messages: [],
    run: onBench(async (bench) => {
      const exchange = (): void => {
        put(bench, 'G00002L9', 'slot:1');
        put(bench, 'G00003L9', 'slot:2');
      };
      bench.plant('changer', handsAtMove(exchange, { nth: 2 }));
      const { cartridges } = await bench.backup();
      assert.deepEqual(cartridges, ['G00001L9']);
      const places = ['G00001L9', 'G00002L9', 'G00003L9'].map((barcode) => bench.place(barcode));
      assert.deepEqual(await Promise.all(places), ['slot:3', 'slot:1', 'slot:2']);
      await bench.settle();
    }),
  },
  {
    name: 'a magazine that is taken out in the middle of a job',
    injected: 'Hands, when the robot is to bring the cartridge home: the others are gone; UNIT ATTENTION 28/00',
    outcome:
      'What was written is safe; those that are gone are named, with the place where they were. They are known again when they are back.',
    messages: [
      'G00002L9 is no longer in main; it was last seen in main/slot:2',
      'G00003L9 is no longer in main; it was last seen in main/slot:3',
    ],
    run: onBench(async (bench) => {
      const takeOut = (): void => {
        put(bench, 'G00002L9', 'outside');
        put(bench, 'G00003L9', 'outside');
      };
      bench.plant('changer', handsAtMove(takeOut, { nth: 2 }));
      await bench.backup({ ends: 3 });
      assert.deepEqual([await bench.place('G00001L9'), await bench.place('G00002L9')], ['slot:1', 'unknown']);
      put(bench, 'G00002L9', 'slot:2');
      put(bench, 'G00003L9', 'slot:3');
      await bench.settle();
      assert.equal(await bench.place('G00002L9'), 'slot:2');
    }),
  },
  {
    name: 'another cartridge in the slot of the one that is to be moved',
    injected: 'Hands, at the move: another cartridge lies there now; UNIT ATTENTION 28/00',
    outcome: 'Nothing else is moved in its place.',
    messages: [
      'G00003L9 is in slot:2 where G00002L9 was: somebody changed the library\nRun `grandsire library inventory`, then the command again.',
    ],
    run: onBench(async (bench) => {
      const exchange = (): void => {
        put(bench, 'G00002L9', 'slot:4');
        put(bench, 'G00003L9', 'slot:2');
      };
      bench.plant('changer', handsAtMove(exchange));
      await bench.fails(6, 'library.contents-changed', 'library', 'move', 'slot:2', 'slot:6');
      assert.equal(bench.lies('G00003L9'), 'slot:2');
      await bench.settle();
    }),
  },
];

/** Two cartridges in the mail slots, as an operator put them there. */
async function inMail(bench: LibraryBench): Promise<void> {
  await bench.ends(0, 'library', 'export', 'G00002L9', 'G00003L9');
}

const mail: readonly Scenario[] = [
  {
    name: 'a mail slot that is emptied during an import',
    injected: 'Hands, after the first was taken in: the second is taken out again; UNIT ATTENTION 28/01',
    outcome: 'What is there is taken in; the other is named as gone.',
    messages: ['G00003L9 is no longer in main; it was last seen in main/mail:2'],
    run: onBench(async (bench) => {
      await inMail(bench);
      bench.plant(
        'changer',
        handsAtMove(() => put(bench, 'G00003L9', 'outside'), { nth: 2, ascq: 0x01 }),
      );
      const { moved } = await bench.ends(3, 'library', 'import');
      assert.deepEqual(moved, [{ cartridge: 'G00002L9', from: 'mail:1', to: 'slot:2' }]);
      put(bench, 'G00003L9', 'slot:3');
      await bench.settle();
    }),
  },
  {
    name: 'a mail slot whose cartridge is exchanged during an import',
    injected: 'Hands, at the first move: another cartridge lies in the mail slot; UNIT ATTENTION 28/01',
    outcome: 'What lies there now is taken in.',
    messages: [],
    run: onBench(async (bench) => {
      await bench.ends(0, 'library', 'export', 'G00002L9');
      const exchange = (): void => {
        put(bench, 'G00002L9', 'slot:6');
        put(bench, 'G00003L9', 'mail:1');
      };
      bench.plant('changer', handsAtMove(exchange, { ascq: 0x01 }));
      const { moved } = await bench.ends(0, 'library', 'import');
      assert.deepEqual(moved, [{ cartridge: 'G00003L9', from: 'mail:1', to: 'slot:3' }]);
      await bench.settle();
    }),
  },
  {
    name: 'a mail slot that is filled during an export',
    injected: 'Hands, at the first move: a cartridge is put into the mail slot; UNIT ATTENTION 28/01',
    outcome: 'The next free mail slot is used; where none is left, it is said which are out and which are not.',
    messages: [
      'library main has no free mail slot for G00001L9; put out so far: G00002L9\nTake out what lies in the mail slots, then run `grandsire library export G00001L9`.',
    ],
    run: onBench(async (bench) => {
      bench.plant(
        'changer',
        handsAtMove(() => put(bench, 'G00003L9', 'mail:1'), { ascq: 0x01 }),
      );
      await bench.fails(4, 'library.mail-slots-full', 'library', 'export', 'G00002L9', 'G00001L9');
      assert.deepEqual(
        ['G00001L9', 'G00002L9', 'G00003L9'].map((barcode) => bench.lies(barcode)),
        ['slot:1', 'mail:2', 'mail:1'],
      );
      bench.heal();
      await bench.ends(0, 'library', 'import');
      await bench.settle();
    }),
  },
];

export const chapter: Chapter = {
  title: 'In the hands of the robot, and of people',
  introduction:
    'A cartridge is not where it is looked for: it is in the hand of the robot, or somebody was at the library in the middle of a job. ' +
    'Nothing is moved in place of another, no slot is taken for free that is not, and what was written is safe.',
  scenarios: [...inRobot, ...slots, ...mail],
};
