import { type Matrix, matrixScenario, sense, type Trouble } from '#test/faults/drive/trials';
import type { Chapter } from '#test/faults/scenario';

const inPlace = "CHECK CONDITION in place of the drive's answer, once:";

/** How a label, and how a restore, ends in which the drive does not take the cartridge. */
const notTaken = (label: 'ends' | 'refuses', code: string) =>
  ({
    labelLoad: `${label} ${code}`,
    labelUnload: 'done',
    restoreLoad: `nothing ${code}`,
    restoreUnload: 'done',
  }) as const satisfies Matrix['endings'];

const throughout = { labelLoad: 'done', labelUnload: 'done', restoreLoad: 'done', restoreUnload: 'done' } as const;
const waiting = { labelLoad: 'waits', labelUnload: 'waits', restoreLoad: 'waits', restoreUnload: 'waits' } as const;

const late: Trouble = {
  text: 'it was carried out, and the answer was late',
  action: { kind: 'time-out', at: 'after' },
};

const matrices: readonly Matrix[] = [
  {
    name: 'a cartridge that is not taken, to be labelled or restored from',
    injected: inPlace,
    outcome:
      'The label is not written; of a restore every file that lies there is named, where no other copy exists. A drive that reports such a thing as it unloads has done what it should.',
    troubles: [
      sense(2, 0x04, 0x03),
      sense(3, 0x53, 0x00),
      sense(7, 0x27, 0x00),
      sense(7, 0x74, 0x01),
      sense(8, 0x00, 0x05),
      sense(9, 0x80, 0x01),
      sense(0xd, 0x00, 0x02),
    ],
    endings: notTaken('ends', 'drive.load-failed'),
    messages: [
      'the drive in main/drive:1 did not take G00002L9 (failed): data protect: write protected (7/27/00)',
      'the drive in main/drive:1 did not take G00001L9 (failed): not ready: logical unit not ready, manual intervention required (2/04/03)',
    ],
  },
  {
    name: 'a cartridge that the drive cannot use, to be labelled or restored from',
    injected: inPlace,
    outcome: 'The cartridge is named; nothing else is held against it.',
    troubles: [sense(2, 0x30, 0x00)],
    endings: notTaken('refuses', 'cartridge.incompatible'),
    messages: ['the drive in main/drive:1 cannot use G00002L9: not ready: incompatible medium installed (2/30/00)'],
  },
  {
    name: 'a drive that takes its time, for a label or a restore',
    injected: inPlace,
    outcome: 'It is waited for.',
    troubles: [sense(2, 0x04, 0x01), { text: 'BUSY', action: { kind: 'status', status: 0x08 } }],
    endings: waiting,
    messages: [],
  },
  {
    name: 'a drive that sees no cartridge at first, for a label or a restore',
    injected: inPlace,
    outcome: 'It is given time; of a drive that unloads it is no news.',
    troubles: [sense(2, 0x3a, 0x00)],
    endings: { ...waiting, labelUnload: 'done', restoreUnload: 'done' },
    messages: [],
  },
  {
    name: 'a drive that has something to tell as it loads or unloads, for a label or a restore',
    injected: inPlace,
    outcome: 'Reset, changed medium, aborted command or a remark: what was not carried out is sent again.',
    troubles: [sense(6, 0x29, 0x00), sense(6, 0x28, 0x00), sense(0xb, 0x47, 0x00), sense(1, 0x17, 0x01)],
    endings: throughout,
    messages: [],
  },
  {
    name: 'an error of what was written before, for a label or a restore',
    injected: `Deferred (response code 71h), ${inPlace}`,
    outcome:
      'When it loads, it is of the cartridge before; told as it unloads, the operator is told to verify this one.',
    troubles: [
      { ...sense(3, 0x0c, 0x00), action: { kind: 'check', sense: { key: 3, asc: 0x0c, ascq: 0, deferred: true } } },
    ],
    endings: { ...throughout, labelUnload: 'told drive.late-error', restoreUnload: 'told drive.late-error' },
    messages: [
      'drive:1 of main reported when it unloaded G00002L9: deferred medium error: write error (3/0C/00). What was committed was on the medium before; see that it can be read: grandsire verify G00002L9.',
    ],
  },
  {
    name: 'a drive that fails as it loads or unloads, for a label or a restore',
    injected: 'CHECK CONDITION once, or a transport that fails from there on:',
    outcome: 'The drive is put out of use; what was labelled is labelled, and what was restored is there.',
    troubles: [
      sense(4, 0x53, 0x00),
      { text: 'the connection is lost and stays so', action: { kind: 'unreachable', stays: true } },
    ],
    endings: { labelLoad: 'out', labelUnload: 'told drive.down', restoreLoad: 'out', restoreUnload: 'told drive.down' },
    messages: [
      'drive:1 of main was put out of use: … LOAD UNLOAD failed: hardware error: media load or eject failed (4/53/00)…',
    ],
  },
  {
    name: 'a drive that refuses to load or unload, for a label or a restore',
    injected: inPlace,
    outcome: 'The command ends.',
    troubles: [sense(5, 0x24, 0x00)],
    endings: {
      labelLoad: 'ends device.rejected-command',
      labelUnload: 'done',
      restoreLoad: 'ends device.rejected-command',
      restoreUnload: 'done',
    },
    messages: ['virtual:…/library drive 1: TEST UNIT READY failed: illegal request: invalid field in CDB (5/24/00)'],
  },
  {
    name: 'a drive that does not answer in time as it loads or unloads, for a label or a restore',
    injected: 'The transport gives a command up, once, or has its connection again for the next one:',
    outcome: 'The cartridge is put away and mounted anew.',
    troubles: [late, { text: 'the connection broke off', action: { kind: 'unreachable', usable: true } }],
    endings: { labelLoad: 'resumes', labelUnload: 'done', restoreLoad: 'resumes', restoreUnload: 'done' },
    messages: [],
  },
  {
    name: 'a drive that never answers in time as it loads, for a restore',
    injected: 'The transport gives every such command up:',
    outcome: 'The second time is the last, also for the files of other segments; each is named.',
    troubles: [late],
    times: Number.POSITIVE_INFINITY,
    endings: { restoreLoad: 'nothing device.time-out' },
    messages: ['virtual:…/library drive 1 did not answer in time …'],
  },
];

export const driveLoadUnload: Chapter = {
  title: 'Loading and unloading, for a label or a restore',
  introduction:
    'What TEST UNIT READY and LOAD UNLOAD answer where the cartridge is not one of a run. Writing, verifying and labelling anew have these moments in their own chapters.',
  scenarios: matrices.map(matrixScenario),
};
