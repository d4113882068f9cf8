import { type Matrix, matrixScenario, outOfUse, sense } from '#test/faults/drive/trials';
import type { Chapter } from '#test/faults/scenario';

const inPlace = "CHECK CONDITION in place of the drive's answer, once:";

/** Neither the medium's nor certainly the drive's: the next cartridge shows. */
const unclear = (code: string) =>
  ({
    look: `next ${code}`,
    append: `next ${code}`,
    write: `next ${code}`,
    commit: `next ${code}`,
    place: `next ${code}`,
    unload: 'done',
    labelWrite: `ends ${code}`,
    labelCommit: `ends ${code}`,
    labelRewind: `ends ${code}`,
    labelRead: `ends ${code}`,
    reach: `lacks ${code}`,
    read: `lacks ${code}`,
  }) as const satisfies Matrix['endings'];

/** The command ends with the same failure wherever it comes. */
const endsWith = (code: string) =>
  ({
    look: `ends ${code}`,
    append: `ends ${code}`,
    write: `ends ${code}`,
    commit: `ends ${code}`,
    place: `ends ${code}`,
    unload: 'done',
    labelWrite: `ends ${code}`,
    labelCommit: `ends ${code}`,
    labelRewind: `ends ${code}`,
    labelRead: `ends ${code}`,
    reach: `ends ${code}`,
    read: `ends ${code}`,
  }) as const satisfies Matrix['endings'];

/** It lies in the medium, whatever the drive was doing. */
const ofTheMedium = {
  look: 'next cartridge.unreadable',
  append: 'next cartridge.contradicts-catalog',
  write: 'next cartridge.write-failed',
  commit: 'next cartridge.write-failed',
  place: 'next cartridge.write-failed',
  labelWrite: 'ends cartridge.label-failed',
  labelCommit: 'ends cartridge.label-failed',
  labelRewind: 'ends cartridge.label-failed',
  labelRead: 'ends cartridge.label-failed',
  reach: 'lacks volume.damaged-tape-file',
  read: 'lacks cartridge.unreadable-block',
} as const satisfies Matrix['endings'];

/** DATA PROTECT where nothing is written: of a read it says that there is no key; of the rest it means nothing, and is said as it is. */
const protectedElsewhere = {
  load: 'next drive.load-failed',
  look: 'next cartridge.unreadable',
  append: 'next device.unexpected-sense',
  place: 'next device.unexpected-sense',
  unload: 'done',
  labelRewind: 'ends device.unexpected-sense',
  labelRead: 'ends cartridge.label-failed',
  reach: 'lacks device.unexpected-sense',
  read: 'lacks cartridge.unreadable-block',
} as const satisfies Matrix['endings'];

const writeFailed =
  'drive … reported … while tape file … of cartridge G00001L9 was written; the run goes on with the next cartridge. What was committed before stays good: "grandsire verify G00001L9" reads it back. The rest goes to another cartridge.';

const matrices: readonly Matrix[] = [
  {
    name: 'the medium is bad',
    injected: inPlace,
    outcome:
      'The cartridge becomes suspect with that reason, and no plan names it until it was looked into; what is committed on it stays good and is read. A label that succeeds (anew, once what is on it is free) lifts the suspicion.',
    troubles: [
      sense(3, 0x0c, 0x00),
      sense(3, 0x11, 0x00),
      sense(3, 0x14, 0x00),
      sense(3, 0x31, 0x00),
      sense(3, 0x50, 0x00),
      sense(3, 0x53, 0x00),
    ],
    endings: { load: 'next drive.load-failed', ...ofTheMedium, unload: 'done' },
    messages: [
      writeFailed,
      'the drive in main/drive:1 did not take G00001L9 (failed): medium error: …',
      'cartridge G00002L9 (main/slot:2) could not be labelled: medium error: write error (3/0C/00)',
      'Clean the drive and try once more: grandsire cartridge label G00002L9; if it fails again, retire the cartridge.',
    ],
  },
  {
    name: 'an error of what was written before',
    injected: `Deferred (response code 71h), ${inPlace}`,
    outcome:
      'Whichever command carries it, everything since the last commit is condemned, not the last block. Told when the cartridge is unloaded, everything was committed before, and the operator is told to verify it.',
    troubles: [
      { ...sense(3, 0x0c, 0x00), action: { kind: 'check', sense: { key: 3, asc: 0x0c, ascq: 0x00, deferred: true } } },
      { ...sense(4, 0x44, 0x00), action: { kind: 'check', sense: { key: 4, asc: 0x44, ascq: 0x00, deferred: true } } },
      {
        ...sense(3, 0x50, 0x00),
        text: '3/50/00 write append error (73h, descriptor format)',
        action: { kind: 'check', format: 'descriptor', sense: { key: 3, asc: 0x50, ascq: 0x00, deferred: true } },
      },
      { ...sense(0xd, 0x00, 0x02), action: { kind: 'check', sense: { key: 0xd, asc: 0, ascq: 2, deferred: true } } },
    ],
    endings: { load: 'done', ...ofTheMedium, unload: 'told drive.late-error' },
    messages: [
      writeFailed,
      'drive:1 of main reported when it unloaded G00001L9: deferred …. What was committed was on the medium before; see that it can be read: grandsire verify G00001L9.',
    ],
  },
  {
    name: 'the drive has a fault of its own',
    injected: inPlace,
    outcome:
      'The drive is put out of use with that reason until an inventory finds it well, and the work goes on in another one. Here there is none; the cartridge is not suspected, and what was staged stays so.',
    troubles: [sense(4, 0x44, 0x00), sense(4, 0x40, 0x01), sense(4, 0x15, 0x01)],
    endings: outOfUse,
    messages: ['drive:1 of main was put out of use: virtual:…/library drive 1: WRITE(6) failed: hardware error: …'],
  },
  {
    name: 'the drive refuses a command that it must know',
    injected: inPlace,
    outcome:
      'The command ends. A READ POSITION that is refused leaves the place unproved: what was written is not committed, and the next cartridge is written.',
    troubles: [sense(5, 0x24, 0x00), sense(5, 0x2c, 0x00)],
    endings: {
      load: 'ends device.rejected-command',
      ...endsWith('device.rejected-command'),
      place: 'next cartridge.write-failed',
    },
    messages: [
      'virtual:…/library drive 1: WRITE(6) failed: illegal request: …',
      'drive … does not know where the medium stands, which should stand at … while tape file … of cartridge G00001L9 was written',
    ],
    unnamedIn: ['place'],
  },
  {
    name: 'the drive cannot write this format',
    injected: inPlace,
    outcome: 'Said of a write, it is the cartridge that is passed over.',
    troubles: [sense(5, 0x30, 0x05), sense(7, 0x30, 0x05)],
    endings: {
      load: 'next cartridge.incompatible',
      look: 'next cartridge.unreadable',
      write: 'next cartridge.write-failed',
      commit: 'next cartridge.write-failed',
      labelWrite: 'ends cartridge.label-failed',
      read: 'lacks cartridge.unreadable-block',
    },
    messages: [writeFailed],
  },
  {
    name: 'the cartridge is write-protected after all',
    injected: inPlace,
    outcome: 'Mode sense said otherwise. It is booked as write-protected, with what the drive said, and passed over.',
    troubles: [sense(7, 0x27, 0x00), sense(7, 0x5a, 0x01)],
    endings: {
      ...protectedElsewhere,
      write: 'next cartridge.write-protected',
      commit: 'next cartridge.write-protected',
      labelWrite: 'refuses cartridge.write-protected',
      labelCommit: 'refuses cartridge.write-protected',
    },
    messages: [
      'cartridge G00001L9 (main/slot:1) is write-protected: data protect: …; the run goes on with the next cartridge. If it may be written to, move its write-protect switch, then have it looked at: grandsire cartridge identify G00001L9.',
    ],
  },
  {
    name: 'the cartridge is a WORM one, and something stands there',
    injected: inPlace,
    outcome: 'Nothing can be written over it: the cartridge is booked as write-protected, and passed over.',
    troubles: [sense(7, 0x30, 0x0c)],
    endings: {
      look: 'next cartridge.unreadable',
      write: 'next cartridge.write-protected',
      commit: 'next cartridge.write-protected',
      labelWrite: 'refuses cartridge.write-protected',
      labelCommit: 'refuses cartridge.write-protected',
      labelRead: 'ends cartridge.label-failed',
      read: 'lacks cartridge.unreadable-block',
    },
    messages: ['cartridge G00001L9 (main/slot:1) is write-protected: data protect: …'],
  },
  {
    name: 'the drive has no key for the cartridge',
    injected: inPlace,
    outcome: 'The cartridge is passed over; files of which another copy exists are restored from that.',
    troubles: [sense(7, 0x74, 0x01), sense(7, 0x74, 0x00)],
    endings: {
      ...protectedElsewhere,
      write: 'next cartridge.write-failed',
      commit: 'next cartridge.write-failed',
      labelWrite: 'ends cartridge.label-failed',
      labelCommit: 'ends cartridge.label-failed',
    },
    messages: ['cartridge G00001L9 (main/slot:1), tape file 1: data protect: …'],
  },
  {
    name: 'the disk behind a virtual drive is full',
    injected: inPlace,
    outcome: 'Nothing is wrong with the cartridge; the command ends.',
    troubles: [sense(7, 0x27, 0x07)],
    endings: endsWith('device.storage-full'),
    messages: [
      'Make room on the disk that holds the cartridges of the library, then run the command again; what was committed before is safe.',
    ],
  },
  {
    name: 'nothing is written there',
    injected: inPlace,
    outcome:
      'Where the catalog says otherwise the cartridge is named and left as it is; it is never taken for a blank one that may be labelled.',
    troubles: [sense(8, 0x00, 0x05), sense(8, 0x14, 0x03), sense(8, 0x00, 0x00)],
    endings: {
      load: 'next drive.load-failed',
      look: 'next cartridge.unexpectedly-blank',
      append: 'next cartridge.contradicts-catalog',
      write: 'next cartridge.write-failed',
      commit: 'next cartridge.write-failed',
      place: 'next device.unexpected-sense',
      unload: 'done',
      labelWrite: 'ends cartridge.label-failed',
      labelCommit: 'ends cartridge.label-failed',
      labelRewind: 'ends device.unexpected-sense',
      labelRead: 'ends cartridge.label-failed',
      reach: 'lacks volume.damaged-tape-file',
      read: 'lacks volume.damaged-tape-file',
    },
    messages: [
      'cartridge G00001L9 (main/slot:1) is blank, and the catalog says that volume … is on it',
      'cartridge G00001L9 (main/slot:1), tape file 1: it ends … bytes before its descriptor says',
    ],
    unnamedIn: ['look', 'append', 'labelRead', 'reach', 'read'],
  },
  {
    name: 'a key that no tape drive should answer',
    injected: inPlace,
    outcome:
      'It may be either, so that the next cartridge is taken; a second one with which it is so tells against the drive.',
    troubles: [sense(9, 0x80, 0x01), sense(0xa, 0x00, 0x00), sense(0xc, 0x00, 0x00), sense(0xe, 0x1d, 0x00)],
    endings: { load: 'next drive.load-failed', ...unclear('device.unexpected-sense') },
    messages: [
      'virtual:…/library drive 1: WRITE(6) failed: vendor specific: …',
      'Run the command again; if it fails in the same way, report the message.',
    ],
  },
];

export const driveErrors: Chapter = {
  title: 'A drive that reports an error',
  introduction:
    'Each sense key in each phase in which it can come. What lies in the medium makes the run go on with the next cartridge; what lies in the drive ends the command, and ' +
    'what is staged stays so.',
  scenarios: matrices.map(matrixScenario),
};
