import assert from 'node:assert/strict';
import { status } from '#src/scsi/status';
import { always, check, type LibraryBench, onSharedBench, operation } from '#test/faults/library-bench';
import type { Chapter, Scenario } from '#test/faults/scenario';
import type { Fault, FaultAction } from '#test/support/faulty-transport';

const move = ['library', 'move', 'G00002L9', 'slot:5'] as const;

interface MoveFault {
  readonly name: string;
  readonly sense: string;
  readonly outcome: string;
  readonly messages: readonly string[];
  readonly faults: readonly Omit<Fault, 'when'>[];
  /** How `library move G00002L9 slot:5` ends; 0 unless told. */
  readonly fails?: readonly [exitCode: number, code: string];
  /** Where the cartridge is then. */
  readonly lies: 'slot:2' | 'slot:5';
}

const once = (action: FaultAction): readonly Omit<Fault, 'when'>[] => [{ action }];
const forEver = (action: FaultAction): readonly Omit<Fault, 'when'>[] => [{ ...always, action }];

/** The fault in a move; the catalog then says what is true, and the next move does what is asked of it. */
const inMove = ({ name, sense, outcome, messages, faults, fails, lies }: MoveFault): Scenario => ({
  name,
  injected: `Changer, MOVE MEDIUM: ${sense}`,
  outcome,
  messages,
  run: onSharedBench(async (bench) => {
    bench.plant('changer', ...faults.map((fault) => ({ when: operation.move, ...fault })));
    if (fails) await bench.fails(...fails, ...move);
    else await bench.ends(0, ...move);
    assert.equal(bench.lies('G00002L9'), lies);
    bench.heal();
    await assertGoesOn(bench);
  }),
});

async function assertGoesOn(bench: LibraryBench): Promise<void> {
  await bench.ends(0, 'library', 'move', 'G00002L9', 'slot:6');
  assert.deepEqual([bench.lies('G00002L9'), await bench.place('G00002L9')], ['slot:6', 'slot:6']);
  await bench.ends(0, 'library', 'move', 'G00002L9', 'slot:2');
  await bench.settle();
}

const notReady: readonly Scenario[] = [
  inMove({
    name: 'a library that becomes ready for a quarter of an hour',
    sense: 'NOT READY 04/01, ninety times',
    outcome: 'It is asked again, at most every ten seconds, and the cartridge is moved.',
    messages: [],
    faults: [{ times: 90, action: check(0x2, 0x04, 0x01) }],
    lies: 'slot:5',
  }),
  inMove({
    name: 'a library that becomes ready for ever',
    sense: 'NOT READY 04/01, always',
    outcome: 'After an hour it is given up.',
    messages: [
      '…: MOVE MEDIUM failed: not ready: logical unit is in process of becoming ready (2/04/01); G00002L9 is in slot:2 now\nWait until the device shows that it is ready, then run the command again.',
    ],
    faults: forEver(check(0x2, 0x04, 0x01)),
    fails: [1, 'device.not-ready'],
    lies: 'slot:2',
  }),
  inMove({
    name: 'a library that waits for somebody to do something',
    sense: 'NOT READY 04/03',
    outcome: 'Nothing was moved, and it is not asked again: only somebody at the library can help.',
    messages: [
      '…: MOVE MEDIUM failed: not ready: logical unit not ready, manual intervention required (2/04/03); G00002L9 is in slot:2 now\nThe device waits for somebody: do what its display asks for, then run the command again.',
    ],
    faults: once(check(0x2, 0x04, 0x03)),
    fails: [1, 'device.not-ready'],
    lies: 'slot:2',
  }),
  inMove({
    name: 'a library that is offline',
    sense: 'NOT READY 04/12',
    outcome: 'Nothing was moved.',
    messages: [
      '…: MOVE MEDIUM failed: not ready: logical unit not ready, offline (2/04/12); G00002L9 is in slot:2 now\nPut the device online at its panel, then run the command again.',
    ],
    faults: once(check(0x2, 0x04, 0x12)),
    fails: [1, 'device.not-ready'],
    lies: 'slot:2',
  }),
  inMove({
    name: 'an open door, in a code of the maker',
    sense: 'NOT READY 04/83',
    outcome: 'Nothing was moved.',
    messages: [
      '…: MOVE MEDIUM failed: not ready: vendor-specific condition (2/04/83); G00002L9 is in slot:2 now\nLook at the display of the device (a door may be open, or a magazine out; the code is the maker’s own), then run the command again.',
    ],
    faults: once(check(0x2, 0x04, 0x83)),
    fails: [1, 'device.not-ready'],
    lies: 'slot:2',
  }),
  inMove({
    name: 'a magazine that is out',
    sense: 'NOT READY 3B/11, always',
    outcome: 'It looks again what lies where and tries three times.',
    messages: [
      'library main refuses to move G00002L9 from slot:2 to slot:5: it says each time that something was changed by hand\nLook at the display of the library (doors, mail slots, magazines), then run `grandsire library inventory`.',
    ],
    faults: forEver(check(0x2, 0x3b, 0x11)),
    fails: [1, 'library.move-refused'],
    lies: 'slot:2',
  }),
];

const hardware: readonly Scenario[] = [
  inMove({
    name: 'the robot fails before it took the cartridge',
    sense: 'HARDWARE ERROR 15/01',
    outcome:
      'It is not tried again. The inventory that follows says that the cartridge is where it was, and so does the catalog.',
    messages: [
      '…: MOVE MEDIUM failed: hardware error: mechanical positioning error (4/15/01); G00002L9 is in slot:2 now\nLook at the display of the device, power-cycle it, then run `grandsire library inventory`; if it fails again it needs service.',
    ],
    faults: once(check(0x4, 0x15, 0x01)),
    fails: [1, 'device.hardware-error'],
    lies: 'slot:2',
  }),
  inMove({
    name: 'the robot reports a failure and has moved the cartridge all the same',
    sense: 'HARDWARE ERROR 15/01, after the move',
    outcome: 'The inventory that follows says where the cartridge is, and so does the catalog.',
    messages: [
      '…: MOVE MEDIUM failed: hardware error: mechanical positioning error (4/15/01); G00002L9 is in slot:5 now\nLook at the display of the device, power-cycle it, then run `grandsire library inventory`; if it fails again it needs service.',
    ],
    faults: once(check(0x4, 0x15, 0x01, 'after')),
    fails: [1, 'device.hardware-error'],
    lies: 'slot:5',
  }),
  inMove({
    name: 'a component of the robot failed',
    sense: 'HARDWARE ERROR 40/80',
    outcome: 'As above.',
    messages: [
      '…: MOVE MEDIUM failed: hardware error: diagnostic failure on component 80h (4/40/80); G00002L9 is in slot:2 now\nLook at the display of the device, power-cycle it, then run `grandsire library inventory`; if it fails again it needs service.',
    ],
    faults: once(check(0x4, 0x40, 0x80)),
    fails: [1, 'device.hardware-error'],
    lies: 'slot:2',
  }),
  inMove({
    name: 'the library fails inside',
    sense: 'HARDWARE ERROR 44/00',
    outcome: 'As above.',
    messages: [
      '…: MOVE MEDIUM failed: hardware error: internal target failure (4/44/00); G00002L9 is in slot:2 now\nLook at the display of the device, power-cycle it, then run `grandsire library inventory`; if it fails again it needs service.',
    ],
    faults: once(check(0x4, 0x44, 0x00)),
    fails: [1, 'device.hardware-error'],
    lies: 'slot:2',
  }),
  inMove({
    name: 'a cartridge that is stuck in its slot',
    sense: 'HARDWARE ERROR 53/00, always',
    outcome: 'It is not pulled at again; it stays where it is, and the catalog says so.',
    messages: [
      '…: MOVE MEDIUM failed: hardware error: media load or eject failed (4/53/00); G00002L9 is in slot:2 now\nLook at the display of the device, power-cycle it, then run `grandsire library inventory`; if it fails again it needs service.',
    ],
    faults: forEver(check(0x4, 0x53, 0x00)),
    fails: [1, 'device.hardware-error'],
    lies: 'slot:2',
  }),
];

const attentions: readonly Scenario[] = [
  ...(
    [
      ['the library was reset', 0x29, 0x00],
      ['media may have been changed', 0x28, 0x00],
      ['a mail slot was accessed', 0x28, 0x01],
      ['the logical units changed', 0x3f, 0x0e],
    ] as const
  ).map(([name, asc, ascq]) =>
    inMove({
      name,
      sense: `UNIT ATTENTION ${hex(asc)}/${hex(ascq)}`,
      outcome:
        asc === 0x3f
          ? 'It concerns no cartridge: the move is sent again.'
          : 'The library is looked into again; the cartridge still lies there and the place is free, so it is moved.',
      messages: [],
      faults: once(check(0x6, asc, ascq)),
      lies: 'slot:5',
    }),
  ),
  inMove({
    name: 'media may have been changed, each time anew',
    sense: 'UNIT ATTENTION 28/00, always',
    outcome: 'After three attempts the move is given up.',
    messages: [
      'library main refuses to move G00002L9 from slot:2 to slot:5: it says each time that something was changed by hand\nLook at the display of the library (doors, mail slots, magazines), then run `grandsire library inventory`.',
    ],
    faults: forEver(check(0x6, 0x28, 0x00)),
    fails: [1, 'library.move-refused'],
    lies: 'slot:2',
  }),
  inMove({
    name: 'the logical units changed, each time anew',
    sense: 'UNIT ATTENTION 3F/0E, always',
    outcome: 'After 32 of them the move is given up.',
    messages: [
      '…: MOVE MEDIUM was answered with an attention 32 times in a row; G00002L9 is in slot:2 now\nPower-cycle the library, then run `grandsire library inventory`.',
    ],
    faults: forEver(check(0x6, 0x3f, 0x0e)),
    fails: [1, 'device.protocol'],
    lies: 'slot:2',
  }),
];

const refusals: readonly Scenario[] = [
  inMove({
    name: 'an element that the library does not know any more',
    sense: 'ILLEGAL REQUEST 21/01',
    outcome: 'Nothing was moved; the library may have been divided or fitted with fewer slots since.',
    messages: [
      '…: MOVE MEDIUM failed: illegal request: invalid element address (5/21/01); G00002L9 is in slot:2 now\nRun `grandsire library inventory`, then the command again; if the device refuses it again, report the message.',
    ],
    faults: once(check(0x5, 0x21, 0x01)),
    fails: [1, 'device.rejected-command'],
    lies: 'slot:2',
  }),
  inMove({
    name: 'a destination that is called full and listed as empty',
    sense: 'ILLEGAL REQUEST 3B/0D, always',
    outcome: 'It looks again and tries three times.',
    messages: [
      'library main refuses to move G00002L9 from slot:2 to slot:5: it says that slot:5 is full, and lists it as empty\nLook at the display of the library (doors, mail slots, magazines), then run `grandsire library inventory`.',
    ],
    faults: forEver(check(0x5, 0x3b, 0x0d)),
    fails: [1, 'library.move-refused'],
    lies: 'slot:2',
  }),
  inMove({
    name: 'a source that is called empty and listed as full',
    sense: 'ILLEGAL REQUEST 3B/0E, always',
    outcome: 'It looks again and tries three times.',
    messages: [
      'library main refuses to move G00002L9 from slot:2 to slot:5: it says that nothing is in slot:2, and lists a cartridge there\nLook at the display of the library (doors, mail slots, magazines), then run `grandsire library inventory`.',
    ],
    faults: forEver(check(0x5, 0x3b, 0x0e)),
    fails: [1, 'library.move-refused'],
    lies: 'slot:2',
  }),
  inMove({
    name: 'another program has locked the library',
    sense: 'ILLEGAL REQUEST 53/02, always',
    outcome: 'Nothing was moved.',
    messages: [
      'library main refuses to move G00002L9 from slot:2 to slot:5: something has locked the library\nStop other programs that use the library, or unlock it at its panel, then run the command again.',
    ],
    faults: forEver(check(0x5, 0x53, 0x02)),
    fails: [1, 'library.move-refused'],
    lies: 'slot:2',
  }),
  inMove({
    name: 'a code of the maker where no drive is concerned',
    sense: 'ILLEGAL REQUEST 3B/90',
    outcome: 'Nothing was moved; the code is said.',
    messages: [
      '…: MOVE MEDIUM failed: illegal request: vendor-specific condition (5/3B/90); G00002L9 is in slot:2 now\nRun `grandsire library inventory`, then the command again; if the device refuses it again, report the message.',
    ],
    faults: once(check(0x5, 0x3b, 0x90)),
    fails: [1, 'device.rejected-command'],
    lies: 'slot:2',
  }),
];

const lateness: readonly Scenario[] = [
  inMove({
    name: 'the library gives the move up',
    sense: 'ABORTED COMMAND 4B/00',
    outcome: 'A move is not sent twice; the inventory that follows says where the cartridge is.',
    messages: [
      '…: MOVE MEDIUM failed: aborted command: data phase error (B/4B/00); G00002L9 is in slot:2 now\nLook at cables and adapters (a parity or link error is likely), then run the command again.',
    ],
    faults: once(check(0xb, 0x4b, 0x00)),
    fails: [1, 'device.aborted-command'],
    lies: 'slot:2',
  }),
  inMove({
    name: 'a library that is busy for a while',
    sense: 'BUSY, five times',
    outcome: 'It is asked again, and the cartridge is moved.',
    messages: [],
    faults: [{ times: 5, action: { kind: 'status', status: status.busy } }],
    lies: 'slot:5',
  }),
  inMove({
    name: 'a library that is busy for ever',
    sense: 'BUSY, always',
    outcome: 'After a minute it is given up.',
    messages: [
      '…: MOVE MEDIUM ended with BUSY for a minute; G00002L9 is in slot:2 now\nWait until the device has finished what it does, then run the command again.',
    ],
    faults: forEver({ kind: 'status', status: status.busy }),
    fails: [1, 'device.busy'],
    lies: 'slot:2',
  }),
  inMove({
    name: 'another host has reserved the library',
    sense: 'RESERVATION CONFLICT',
    outcome: 'Nothing was moved.',
    messages: [
      '…: MOVE MEDIUM ended with RESERVATION CONFLICT; G00002L9 is in slot:2 now\nAnother host has reserved the device; stop the program there that uses it, then run the command again.',
    ],
    faults: once({ kind: 'status', status: status.reservationConflict }),
    fails: [1, 'device.reserved'],
    lies: 'slot:2',
  }),
  inMove({
    name: 'a move that is not answered, and was not made',
    sense: 'time-out',
    outcome: 'Where the cartridge is, is only what the next inventory says; it is taken at once.',
    messages: ['… did not answer in time …; G00002L9 is in slot:2 now\nRun the command again.'],
    faults: once({ kind: 'time-out' }),
    fails: [1, 'device.time-out'],
    lies: 'slot:2',
  }),
  inMove({
    name: 'a move that is not answered, and was made',
    sense: 'time-out, after the move',
    outcome: 'As above: the inventory finds the cartridge in its new place.',
    messages: ['… did not answer in time …; G00002L9 is in slot:5 now\nRun the command again.'],
    faults: once({ kind: 'time-out', at: 'after' }),
    fails: [1, 'device.time-out'],
    lies: 'slot:5',
  }),
  inMove({
    name: 'the connection is lost in a move that is made',
    sense: 'the connection is lost after it, and stays lost',
    outcome:
      'The catalog keeps what it knew until the library can be asked; the next command looks first, and finds the cartridge in its new place.',
    messages: [
      'warning: The connection to … is lost …. (library.inventory-failed)',
      'The connection to … is lost …; where G00002L9 is now, only the next inventory tells\nRun the command again.',
    ],
    faults: once({ kind: 'unreachable', at: 'after', stays: true }),
    fails: [1, 'device.unreachable'],
    lies: 'slot:5',
  }),
];

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0').toUpperCase();
}

export const chapter: Chapter = {
  title: 'A move goes wrong',
  introduction:
    'The robot answers MOVE MEDIUM with something else than GOOD, in `grandsire library move G00002L9 slot:5`. A move is never sent twice unless the library says that it did not begin it. ' +
    'After it the catalog says where the cartridge really is, and the next move does what is asked of it.',
  scenarios: [...notReady, ...hardware, ...attentions, ...refusals, ...lateness],
};
