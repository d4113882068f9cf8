import { type Matrix, matrixScenario, sense } from '#test/faults/drive/trials';
import type { Chapter } from '#test/faults/scenario';

const inPlace = "CHECK CONDITION in place of the drive's answer, once:";

/** A drive that lost its place says nothing against the cartridge. */
const lostPlace = {
  look: 'done',
  append: 'again',
  write: 'again',
  commit: 'again',
  place: 'again',
  labelWrite: 'resumes',
  labelCommit: 'resumes',
  labelRewind: 'done',
  labelRead: 'done',
  reach: 'resumes',
  read: 'resumes',
} as const satisfies Matrix['endings'];

const throughout = {
  load: 'done',
  look: 'done',
  append: 'done',
  write: 'done',
  commit: 'done',
  place: 'done',
  unload: 'done',
  labelWrite: 'done',
  labelCommit: 'done',
  labelRewind: 'done',
  labelRead: 'done',
  reach: 'done',
  read: 'done',
} as const satisfies Matrix['endings'];

const waiting = Object.fromEntries(Object.keys(throughout).map((phase) => [phase, 'waits'])) as Matrix['endings'];

const interrupted =
  'drive … lost its place while tape file … of cartridge G00001L9 was written: …; what was not committed is written again';

const matrices: readonly Matrix[] = [
  {
    name: 'the drive is not ready, and will be by itself',
    injected: inPlace,
    outcome:
      'While a cartridge is loaded it is waited for. Later it means that the drive lost its place: the cartridge is put away and mounted anew, its label is verified, and the tape file that was not committed begins again.',
    troubles: [sense(2, 0x04, 0x01), sense(2, 0x04, 0x04), sense(2, 0x04, 0x07), sense(2, 0x04, 0x09)],
    endings: { load: 'waits', ...lostPlace, unload: 'waits' },
    messages: [interrupted],
  },
  {
    name: 'the drive has not threaded its cartridge, or sees none',
    injected: inPlace,
    outcome:
      'The drive is told to load once; one that sees no medium is given 15 seconds. Later it means that the cartridge came out, and it is mounted anew.',
    troubles: [sense(2, 0x04, 0x02), sense(2, 0x3a, 0x00)],
    endings: { load: 'waits', ...lostPlace, unload: 'done' },
    messages: [interrupted],
  },
  {
    name: 'the drive wants somebody',
    injected: inPlace,
    outcome:
      'When it loads a cartridge that one is passed over; a second one that it does not take puts the drive out of use. Said in the middle of the work and once, it is a lost place, and the next load tells.',
    troubles: [sense(2, 0x04, 0x03), sense(2, 0x04, 0x12)],
    endings: { load: 'next drive.load-failed', ...lostPlace, unload: 'done' },
    messages: [interrupted, 'the drive in main/drive:1 did not take G00001L9 (failed): not ready: …'],
  },
  {
    name: 'the drive cannot use the cartridge',
    injected: inPlace,
    outcome: 'The cartridge is named and passed over; nothing else is held against it.',
    troubles: [sense(2, 0x30, 0x00), sense(2, 0x30, 0x01)],
    endings: { load: 'next cartridge.incompatible', ...lostPlace, unload: 'done' },
    messages: ['the drive in main/drive:1 cannot use G00001L9: not ready: …; the run goes on with the next cartridge'],
  },
  {
    name: 'the drive says that a cleaning cartridge is in it',
    injected: inPlace,
    outcome:
      'A drive that is being cleaned says so of whatever it is given. The cartridge is passed over; one that carries a volume of ours is not booked as a cleaning cartridge.',
    troubles: [sense(2, 0x30, 0x03)],
    endings: { load: 'next cartridge.cleaning', ...lostPlace, unload: 'done' },
    messages: ['G00001L9 is a cleaning cartridge; the run goes on with the next cartridge'],
    unnamedIn: ['load'],
  },
  {
    name: 'the drive was reset, was given another medium, or was set otherwise',
    injected: inPlace,
    outcome:
      'Nothing is written or read where it happened to stand. The label is verified anew (another cartridge may be in the drive), the modes are set anew, and what was not committed begins again at its first block. A reader goes on where it stopped.',
    troubles: [sense(6, 0x29, 0x00), sense(6, 0x29, 0x07), sense(6, 0x28, 0x00), sense(6, 0x2a, 0x01)],
    endings: { load: 'done', ...lostPlace, unload: 'done' },
    messages: [interrupted],
  },
  {
    name: 'the drive tells of what does not matter here',
    injected: inPlace,
    outcome: 'The command is sent again, and nobody hears of it.',
    troubles: [sense(6, 0x3f, 0x01), sense(6, 0x5d, 0x00)],
    endings: throughout,
    messages: [],
  },
  {
    name: 'the drive did what it should, and remarks something',
    injected:
      'The command is carried out, and answered with CHECK CONDITION and these codes (bits and lengths as the drive gave them), once:',
    outcome:
      'RECOVERED ERROR, COMPLETED and NO SENSE end commands that did what was asked; that cleaning is asked for (0/00/17) is no failure.',
    troubles: [
      { ...sense(0, 0x00, 0x17), action: { kind: 'remark', sense: { key: 0, asc: 0x00, ascq: 0x17 } } },
      { ...sense(1, 0x17, 0x01), action: { kind: 'remark', sense: { key: 1, asc: 0x17, ascq: 0x01 } } },
      { ...sense(0xf, 0x00, 0x00), action: { kind: 'remark', sense: { key: 0xf, asc: 0x00, ascq: 0x00 } } },
      {
        text: 'deferred 1/0C/01',
        action: { kind: 'check', sense: { key: 1, asc: 0x0c, ascq: 0x01, deferred: true } },
      },
    ],
    endings: throughout,
    messages: [],
  },
  {
    name: 'the drive is busy',
    injected: "A status in place of the drive's answer, once:",
    outcome:
      'It is asked again, with growing delays, for a minute. Where several reads were on their way, the others were carried out, and it is asked for one at a time from then on.',
    troubles: [
      { text: 'BUSY', action: { kind: 'status', status: 0x08 } },
      { text: 'TASK SET FULL', action: { kind: 'status', status: 0x28 } },
    ],
    endings: { ...waiting, read: throughout.read },
    messages: [],
  },
  {
    name: 'the drive is busy for ever',
    injected: 'BUSY in place of every answer to commands of this kind:',
    outcome:
      'After a minute it is given up. Two cartridges with which it is so tell against the drive and not against the cartridges. What was staged stays so.',
    troubles: [{ text: 'BUSY', action: { kind: 'status', status: 0x08 } }],
    times: Number.POSITIVE_INFINITY,
    endings: {
      load: 'proves device.busy',
      append: 'proves device.busy',
      write: 'proves device.busy',
      commit: 'proves device.busy',
      labelWrite: 'waits device.busy',
    },
    messages: [
      'virtual:…/library drive 1: WRITE(6) ended with BUSY for a minute',
      'Wait until the device has finished what it does, then run the command again.',
    ],
  },
  {
    name: 'the drive loses its place each time',
    injected: 'CHECK CONDITION in place of every answer to commands of this kind:',
    outcome:
      'It is begun again twice, not for ever. What was staged stays so, and nothing is held against the cartridge.',
    troubles: [sense(6, 0x29, 0x00), sense(2, 0x04, 0x01)],
    times: Number.POSITIVE_INFINITY,
    endings: { read: 'ends drive.interrupted', labelWrite: 'ends drive.interrupted' },
    messages: [
      'drive … lost its place while cartridge G00002L9 was labelled: …',
      'What was committed before is safe. Look at the drive, its power and its cables, then run the command again.',
    ],
  },
  {
    name: 'another host has reserved the drive',
    injected: "RESERVATION CONFLICT in place of the drive's answer, once:",
    outcome: 'The command ends and says so; nothing was written.',
    troubles: [{ text: 'RESERVATION CONFLICT', action: { kind: 'status', status: 0x18 } }],
    endings: {
      load: 'ends device.reserved',
      look: 'ends device.reserved',
      append: 'ends device.reserved',
      write: 'ends device.reserved',
      commit: 'ends device.reserved',
      place: 'ends device.reserved',
      unload: 'done',
      labelWrite: 'ends device.reserved',
      labelCommit: 'ends device.reserved',
      labelRewind: 'ends device.reserved',
      labelRead: 'ends device.reserved',
      reach: 'ends device.reserved',
      read: 'ends device.reserved',
    },
    messages: [
      'virtual:…/library drive 1: … ended with RESERVATION CONFLICT',
      'Another host has reserved the device; stop the program there that uses it, then run the command again.',
    ],
  },
];

export const driveState: Chapter = {
  title: 'A drive that is not ready, or lost its place',
  introduction:
    'Each happens in each phase of writing (`staging flush`, behind a protected data set), labelling and restoring, where it says so once. In all of them: what was ' +
    'staged stays so until it is committed, what was committed is restored byte for byte, the protected data set on the same cartridge is not touched, and the same ' +
    'command does its work when the fault is gone.',
  scenarios: matrices.map(matrixScenario),
};
