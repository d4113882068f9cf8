import { wrongCartridges } from '#test/faults/drive/exchanged';
import { type Matrix, matrixScenario, sense } from '#test/faults/drive/trials';
import type { Chapter } from '#test/faults/scenario';

const inPlace = "CHECK CONDITION in place of the drive's answer, once:";

/** The same from the old label on. */
const lostPlace = {
  verifyLook: 'done',
  verifyReach: 'resumes',
  verifyRead: 'resumes',
  relabelLook: 'done',
  relabelReach: 'resumes',
  relabelWrite: 'resumes',
  relabelText: 'resumes',
  relabelCommit: 'resumes',
  relabelRewind: 'done',
  relabelRead: 'done',
} as const satisfies Matrix['endings'];

/** Whatever was going on, the cartridge is mounted anew, and it ends well. */
const mountedAnew = {
  verifyLoad: 'resumes',
  verifyLook: 'resumes',
  verifyReach: 'resumes',
  verifyRead: 'resumes',
  verifyUnload: 'done',
  relabelLoad: 'resumes',
  relabelLook: 'resumes',
  relabelReach: 'resumes',
  relabelWrite: 'resumes',
  relabelText: 'resumes',
  relabelCommit: 'resumes',
  relabelRewind: 'resumes',
  relabelRead: 'resumes',
  relabelUnload: 'done',
} as const satisfies Matrix['endings'];

const outOfUse: Matrix['endings'] = {
  verifyLoad: 'out',
  verifyLook: 'out',
  verifyReach: 'out',
  verifyRead: 'out',
  verifyUnload: 'told drive.down',
  relabelLoad: 'out',
  relabelLook: 'out',
  relabelReach: 'out',
  relabelWrite: 'out',
  relabelText: 'out',
  relabelCommit: 'out',
  relabelRewind: 'out',
  relabelRead: 'out',
  relabelUnload: 'told drive.down',
};

const labelFailed = {
  relabelWrite: 'ends cartridge.label-failed',
  relabelText: 'ends cartridge.label-failed',
  relabelCommit: 'ends cartridge.label-failed',
  relabelRead: 'ends cartridge.label-failed',
} as const satisfies Matrix['endings'];

const matrices: readonly Matrix[] = [
  {
    name: 'the medium is bad while it is verified, or labelled anew',
    injected: inPlace,
    outcome:
      'Verifying names the tape file and reads the others. Labelling leaves a cartridge as it is whose label or end cannot be read; where the new label fails, the cartridge carries none, is suspect, and can be labelled once more.',
    troubles: [sense(3, 0x11, 0x00), { ...sense(3, 0x0c, 0x00, { deferred: true }), text: 'deferred 3/0C/00' }],
    endings: {
      verifyLook: 'refuses cartridge.unreadable',
      verifyReach: 'names volume.damaged-tape-file',
      verifyRead: 'names cartridge.unreadable-block',
      relabelLook: 'refuses cartridge.unreadable',
      relabelReach: 'refuses cartridge.contradicts-catalog',
      ...labelFailed,
      relabelRewind: 'ends cartridge.label-failed',
    },
    messages: [
      'cartridge G00001L9 (main/slot:1) cannot be read at its beginning: medium error: unrecovered read error (3/11/00)',
      'cartridge G00001L9 (main/slot:1), tape file …: medium error: unrecovered read error (3/11/00)',
      'cartridge G00001L9 (main/slot:1) could not be labelled: medium error: unrecovered read error (3/11/00)',
      'Clean the drive and try once more: grandsire cartridge label G00001L9; if it fails again, retire the cartridge.',
    ],
  },
  {
    name: 'the drive has a fault of its own while it verifies, or labels anew',
    injected: inPlace,
    outcome:
      'The drive is put out of use, and nothing is held against the cartridge. What was not verified, or not labelled, is once there is a drive.',
    troubles: [sense(4, 0x44, 0x00)],
    endings: outOfUse,
    messages: ['drive:1 of main was put out of use: … failed: hardware error: internal target failure (4/44/00)'],
  },
  {
    name: 'the drive loses its place while it verifies, or labels anew',
    injected: inPlace,
    outcome:
      'The label is read anew before anything else: another cartridge may be in the drive. Verifying goes on where it was; labelling begins again, with all its questions.',
    troubles: [sense(6, 0x29, 0x00), sense(6, 0x28, 0x00), sense(2, 0x04, 0x01)],
    endings: lostPlace,
    messages: [],
  },
  {
    name: 'the cartridge turns out to be protected while it is verified, or labelled anew',
    injected: inPlace,
    outcome:
      'It is booked as write-protected, with what the drive said. The old volume is given up from the intent on; when the switch is moved, the cartridge is labelled by the same command.',
    troubles: [sense(7, 0x27, 0x00)],
    endings: {
      verifyLook: 'refuses cartridge.unreadable',
      verifyRead: 'names cartridge.unreadable-block',
      relabelLook: 'refuses cartridge.unreadable',
      relabelWrite: 'refuses cartridge.write-protected',
      relabelText: 'refuses cartridge.write-protected',
      relabelCommit: 'refuses cartridge.write-protected',
      relabelRead: 'ends cartridge.label-failed',
    },
    messages: ['cartridge G00001L9 (main/slot:1) is write-protected: data protect: write protected (7/27/00)'],
  },
  {
    name: 'nothing is written where data should be, while it is verified, or labelled anew',
    injected: inPlace,
    outcome:
      'A cartridge that is blank where the catalog has a volume is refused, also for labelling: another one may carry its barcode.',
    troubles: [sense(8, 0x00, 0x05)],
    endings: {
      verifyLook: 'refuses cartridge.unexpectedly-blank',
      verifyReach: 'names volume.damaged-tape-file',
      verifyRead: 'names volume.damaged-tape-file',
      relabelLook: 'refuses cartridge.unexpectedly-blank',
      relabelReach: 'done',
      ...labelFailed,
    },
    messages: [
      'cartridge G00001L9 (main/slot:1) is blank, and the catalog says that volume … is on it',
      'cartridge G00001L9 (main/slot:1) could not be labelled: …',
    ],
    unnamedIn: ['verifyLook', 'verifyReach', 'verifyRead', 'relabelLook', 'relabelRead'],
  },
  {
    name: 'the drive does not answer in time while it verifies, or labels anew',
    injected: 'The transport gives a command up, once:',
    outcome:
      'The cartridge is mounted anew, and the label written again from its first block. Verifying names the tape file, and reads the others.',
    troubles: [{ text: 'it was carried out, and the answer was late', action: { kind: 'time-out', at: 'after' } }],
    endings: { ...mountedAnew, verifyReach: 'names device.time-out', verifyRead: 'names device.time-out' },
    messages: ['virtual:…/library drive 1 did not answer in time'],
  },
  {
    name: 'the connection to the drive breaks off while it verifies, or labels anew, and comes back',
    injected: 'The transport loses its connection, and has it again for the next command:',
    outcome: 'The cartridge is mounted anew; verifying goes on with the tape file, labelling begins again.',
    troubles: [{ text: 'after it was carried out', action: { kind: 'unreachable', usable: true, at: 'after' } }],
    endings: mountedAnew,
    messages: [],
  },
  {
    name: 'the connection to the drive is lost for good while it verifies, or labels anew',
    injected: 'The transport fails from there on:',
    outcome: 'The drive is put out of use, with its cartridge in it, until it can be reached again.',
    troubles: [
      { text: 'after it was carried out', action: { kind: 'unreachable', stays: true, at: 'after' } },
      { text: 'before the command reached the drive', action: { kind: 'unreachable', stays: true } },
    ],
    endings: outOfUse,
    messages: ['drive:1 of main was put out of use: the drive cannot be reached: …'],
  },
];

export const driveVerifyRelabel: Chapter = {
  title: 'Verifying, and labelling anew',
  introduction:
    '`grandsire verify`, and `grandsire cartridge label` of a cartridge on which nothing is protected any more (*relabel*). After each, `grandsire catalog check` finds nothing; ' +
    'what still carries the old label is still known as the old volume, with all its files; what carries it no longer is named as what it is; and the same command does its work when the fault is gone.',
  scenarios: [...matrices.map(matrixScenario), ...wrongCartridges],
};
