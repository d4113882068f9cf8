import { type Matrix, matrixScenario, sense } from '#test/faults/drive/trials';
import type { Chapter } from '#test/faults/scenario';

const inPlace = "CHECK CONDITION in place of the drive's answer, once:";
const surroundings = { lesser: true } as const;

const matrices: readonly Matrix[] = [
  {
    name: 'the drive does not know its place, and was reset',
    injected: inPlace,
    outcome:
      'As on a drive that knows it: from the label on, what was not committed begins again, never in the middle.',
    troubles: [sense(6, 0x29, 0x00), sense(2, 0x04, 0x01), sense(0xb, 0x47, 0x00)],
    surroundings,
    endings: {
      append: 'again',
      write: 'again',
      commit: 'again',
      lookBack: 'again',
      labelWrite: 'resumes',
      labelCommit: 'resumes',
      reach: 'resumes',
      read: 'resumes',
    },
    messages: [
      'drive … lost its place while tape file … of cartridge G00001L9 was written: …; what was not committed is written again',
    ],
  },
  {
    name: 'the drive does not know its place, and the medium is bad',
    injected: inPlace,
    outcome: 'As on a drive that knows it. A tape file that cannot be looked at again is not committed.',
    troubles: [
      sense(3, 0x0c, 0x00),
      { ...sense(3, 0x11, 0x00), action: { kind: 'check', sense: { key: 3, asc: 0x11, ascq: 0, deferred: true } } },
    ],
    surroundings,
    endings: {
      append: 'next cartridge.contradicts-catalog',
      write: 'next cartridge.write-failed',
      commit: 'next cartridge.write-failed',
      lookBack: 'next cartridge.write-failed',
      labelWrite: 'ends cartridge.label-failed',
      read: 'lacks cartridge.unreadable-block',
    },
    messages: ['drive … reported … while tape file … of cartridge G00001L9 was written'],
  },
  {
    name: 'the drive does not know its place, and does not answer in time',
    injected: 'The transport gives a command up, once:',
    outcome: 'Nothing since the last commit counts: from the label on it is written again on the same cartridge.',
    troubles: [{ text: 'it was carried out, and the answer was late', action: { kind: 'time-out', at: 'after' } }],
    surroundings,
    endings: {
      append: 'again device.time-out',
      write: 'again device.time-out',
      commit: 'again device.time-out',
      lookBack: 'again device.time-out',
      read: 'resumes',
    },
    messages: ['virtual:…/library drive 1 did not answer in time'],
  },
];

export const drivePlaceless: Chapter = {
  title: 'A drive that does not know where the medium stands',
  introduction:
    'READ POSITION tells nothing and there is no LOCATE. A commit is proved by spacing back over the tape file, reading its descriptor and going forward again.',
  scenarios: matrices.map(matrixScenario),
};
