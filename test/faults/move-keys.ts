import { status } from '#src/scsi/status';
import { check } from '#test/faults/library-bench';
import { giveUp, inMove, type MoveFault, once } from '#test/faults/move-fault';
import type { Scenario } from '#test/faults/scenario';
import type { FaultAction } from '#test/support/faulty-transport';

const unexpected = 'Run the command again; if it fails in the same way, report the message.';

/** A key for which the standard has no meaning in a move: it is said as it is, and what the library lists is believed. */
const strange = (answer: string, action: FaultAction, failure: string): Omit<MoveFault, 'name' | 'outcome'> =>
  giveUp(
    { answer, action, code: 'device.unexpected-sense', failure: `failed: ${failure}`, remedy: unexpected },
    'once',
  );

const deferred = (key: 1 | 4 | 5, asc: number, ascq: number): FaultAction => ({
  kind: 'check',
  sense: { key, asc, ascq, deferred: true },
});

const remarks: readonly Scenario[] = [
  inMove({
    name: 'a library that moved the cartridge, and has nothing to say about it',
    sense: 'CHECK CONDITION with NO SENSE 00/00, after the move',
    outcome: 'The move was made.',
    messages: [],
    faults: once(check(0x0, 0x00, 0x00, 'after')),
    lies: 'slot:5',
  }),
  inMove({
    name: 'a library that moved the cartridge at the second attempt of its own',
    sense: 'RECOVERED ERROR 15/01, after the move',
    outcome: 'The move was made.',
    messages: [],
    faults: once(check(0x1, 0x15, 0x01, 'after')),
    lies: 'slot:5',
  }),
  inMove({
    name: 'a library that tells late of something that it got over',
    sense: 'deferred RECOVERED ERROR 0C/01 (response code 71h), three times',
    outcome: 'What carries such a report was not carried out: the move is sent again, and made once.',
    messages: [],
    faults: [{ times: 3, action: deferred(0x1, 0x0c, 0x01) }],
    lies: 'slot:5',
  }),
];

const late: readonly Scenario[] = [
  inMove({
    name: 'a library that tells late of a move that failed before',
    ...giveUp(
      {
        answer: 'deferred HARDWARE ERROR 15/01 (response code 71h)',
        action: deferred(0x4, 0x15, 0x01),
        code: 'device.hardware-error',
        failure: 'failed: deferred hardware error: mechanical positioning error (4/15/01)',
        remedy:
          'Look at the display of the device, power-cycle it, then run `grandsire library inventory`; if it fails again it needs service.',
      },
      'once',
    ),
    outcome: 'This move was not begun; the inventory that follows says where the cartridge is.',
  }),
  inMove({
    name: 'a library that tells late that a slot was full',
    ...giveUp(
      {
        answer: 'deferred ILLEGAL REQUEST 3B/0D (response code 71h)',
        action: deferred(0x5, 0x3b, 0x0d),
        code: 'device.rejected-command',
        failure: 'failed: deferred illegal request: medium destination element full (5/3B/0D)',
        remedy:
          'Run `grandsire library inventory`, then the command again; if the device refuses it again, report the message.',
      },
      'once',
    ),
    outcome: 'Nothing is concluded of slot 5: the report is about an earlier move.',
  }),
];

const strangeKeys = [
  [
    'a medium that the library calls bad',
    'MEDIUM ERROR 53/00',
    [0x3, 0x53, 0x00],
    'medium error: media load or eject failed (3/53/00)',
  ],
  [
    'a cartridge that the library calls protected',
    'DATA PROTECT 27/00',
    [0x7, 0x27, 0x00],
    'data protect: write protected (7/27/00)',
  ],
  ['BLANK CHECK of a library', 'BLANK CHECK 00/05', [0x8, 0x00, 0x05], 'blank check: end-of-data detected (8/00/05)'],
  [
    'a key of the maker',
    'VENDOR SPECIFIC 80/01',
    [0x9, 0x80, 0x01],
    'vendor specific: vendor-specific condition (9/80/01)',
  ],
  [
    'VOLUME OVERFLOW of a library',
    'VOLUME OVERFLOW 00/02',
    [0xd, 0x00, 0x02],
    'volume overflow: end-of-partition/medium detected (D/00/02)',
  ],
  ['MISCOMPARE of a library', 'MISCOMPARE 1D/00', [0xe, 0x1d, 0x00], 'miscompare: … (E/1D/00)'],
] as const;

const withoutSense = (at: 'before' | 'after') => ({ kind: 'status', status: status.checkCondition, at }) as const;
const noSenseData = (place: string): readonly string[] => [
  `…: MOVE MEDIUM ended with CHECK CONDITION without sense data; G00002L9 is in ${place} now\n${unexpected}`,
];

/** The sense keys that the other scenarios of a move do not have, and CHECK CONDITION without one. */
export const moveKeys: readonly Scenario[] = [
  ...remarks,
  ...late,
  ...strangeKeys.map(([name, answer, [key, asc, ascq], failure]) =>
    inMove({
      name,
      ...strange(answer, check(key, asc, ascq), failure),
      outcome:
        'No meaning of a move: it is not tried again, and the inventory that follows says where the cartridge is.',
    }),
  ),
  inMove({
    name: 'CHECK CONDITION without sense data, and nothing was moved',
    sense: 'CHECK CONDITION without a byte of sense data',
    outcome: 'There is nothing to be learned from it: the inventory that follows says where the cartridge is.',
    messages: noSenseData('slot:2'),
    faults: once(withoutSense('before')),
    fails: [1, 'device.protocol'],
    lies: 'slot:2',
  }),
  inMove({
    name: 'CHECK CONDITION without sense data, and the cartridge was moved',
    sense: 'CHECK CONDITION without a byte of sense data, after the move',
    outcome: 'As above: the inventory finds the cartridge in its new place.',
    messages: noSenseData('slot:5'),
    faults: once(withoutSense('after')),
    fails: [1, 'device.protocol'],
    lies: 'slot:5',
  }),
];
