import { troubles } from '#test/faults/changer-troubles';
import { check } from '#test/faults/library-bench';
import { forEver, giveUp, inMove, once } from '#test/faults/move-fault';
import { moveKeys } from '#test/faults/move-keys';
import { lateness } from '#test/faults/move-lateness';
import type { Chapter, Scenario } from '#test/faults/scenario';

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
    ...giveUp(troubles.becomingReady, 'always'),
    outcome: 'After an hour it is given up.',
  }),
  inMove({
    name: 'a library that waits for somebody to do something',
    ...giveUp(troubles.needsSomebody, 'once'),
    outcome: 'Nothing was moved, and it is not asked again: only somebody at the library can help.',
  }),
  inMove({
    name: 'a library that is offline',
    ...giveUp(troubles.offline, 'once'),
    outcome: 'Nothing was moved.',
  }),
  inMove({
    name: 'an open door, in a code of the maker',
    ...giveUp(troubles.openDoor, 'once'),
    outcome: 'Nothing was moved.',
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
    ...giveUp(troubles.positioning, 'once'),
    outcome:
      'It is not tried again. The inventory that follows says that the cartridge is where it was, and so does the catalog.',
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
    ...giveUp(troubles.component, 'once'),
    outcome: 'As above.',
  }),
  inMove({
    name: 'the library fails inside',
    ...giveUp(troubles.internal, 'once'),
    outcome: 'As above.',
  }),
  inMove({
    name: 'a cartridge that is stuck in its slot',
    ...giveUp(troubles.stuck, 'always'),
    outcome: 'It is not pulled at again; it stays where it is, and the catalog says so.',
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

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0').toUpperCase();
}

export const chapter: Chapter = {
  title: 'A move goes wrong',
  introduction:
    'The robot answers MOVE MEDIUM with something else than GOOD, in `grandsire library move G00002L9 slot:5`. A move is never sent twice unless the library says that it did not begin it. ' +
    'After it the catalog says where the cartridge really is, and the next move does what is asked of it.',
  scenarios: [...notReady, ...hardware, ...attentions, ...refusals, ...moveKeys, ...lateness],
};
