import { join } from 'node:path';
import { type DriveSite, protectedCartridge } from '#test/faults/drive/drive-site';
import type { Fault, FaultAction } from '#test/support/faulty-transport';

export const op = {
  testUnitReady: 0x00,
  rewind: 0x01,
  read: 0x08,
  write: 0x0a,
  writeFilemarks: 0x10,
  space: 0x11,
  loadUnload: 0x1b,
  locate10: 0x2b,
  readPosition: 0x34,
  reportDensity: 0x44,
  logSense: 0x4d,
  readAttribute: 0x8c,
  locate16: 0x92,
} as const;

/** A moment in the use of a drive at which something can go wrong: the command line, and which of the commands to the drive. */
export interface Phase {
  /** As `docs/faults.md` has it. */
  readonly text: string;
  readonly command: (site: DriveSite) => readonly string[];
  readonly faults: (action: FaultAction, times?: number) => readonly Fault[];
}

export const flush = (): readonly string[] => ['staging', 'flush'];
export const label = (): readonly string[] => ['cartridge', 'label', 'G00002L9', '--yes'];
export const restore = ({ folder, template }: DriveSite): readonly string[] => [
  ...['restore', 'run', template.source, '--dataset', template.written],
  ...['--to', join(folder, 'to'), '--overwrite'],
];

export const verify = (): readonly string[] => ['verify', protectedCartridge];
/** A month later, when nothing protects any more what is on it. */
export const relabel = (site: DriveSite): readonly string[] => {
  site.passDays(30);
  return ['cartridge', 'label', protectedCartridge, '--yes'];
};

const at =
  (when: Fault['when'], nth = 1): Phase['faults'] =>
  (action, times = 1) => [{ when, nth, times, action }];

/** The first command of this kind behind a filemark that was written. */
const afterFilemark =
  (operationCode: number): Phase['faults'] =>
  (action, times = 1) => {
    let isWritten = false;
    const when = (cdb: Uint8Array): boolean => {
      isWritten ||= cdb[0] === op.writeFilemarks;
      return isWritten && cdb[0] === operationCode;
    };
    return [{ when, times, action }];
  };

/** On drives that cannot locate, going somewhere is spacing over blocks. */
const going = [op.locate16, op.locate10, op.space];

export const phases = {
  load: { text: 'flush: loading (TEST UNIT READY)', command: flush, faults: at(op.testUnitReady) },
  look: { text: 'flush: the label is read', command: flush, faults: at(op.read) },
  append: { text: 'flush: on the way to the append point', command: flush, faults: at(going) },
  write: { text: 'flush: a block in the middle of a segment', command: flush, faults: at(op.write, 3) },
  commit: { text: 'flush: the filemark that synchronises', command: flush, faults: at(op.writeFilemarks) },
  place: { text: 'flush: the position is read back', command: flush, faults: afterFilemark(op.readPosition) },
  lookBack: { text: 'flush: what was written is looked at again', command: flush, faults: afterFilemark(op.read) },
  unload: { text: 'flush: unloading', command: flush, faults: at(op.loadUnload) },
  labelWrite: { text: 'label: its first block', command: label, faults: at(op.write) },
  labelCommit: { text: 'label: its filemark', command: label, faults: at(op.writeFilemarks) },
  labelRewind: { text: 'label: rewinding behind it', command: label, faults: afterFilemark(op.rewind) },
  labelRead: { text: 'label: it is read back', command: label, faults: afterFilemark(op.read) },
  labelLoad: { text: 'label: loading (TEST UNIT READY)', command: label, faults: at(op.testUnitReady) },
  labelUnload: { text: 'label: unloading', command: label, faults: at(op.loadUnload) },
  restoreLoad: { text: 'restore: loading (TEST UNIT READY)', command: restore, faults: at(op.testUnitReady) },
  restoreUnload: { text: 'restore: unloading', command: restore, faults: at(op.loadUnload) },
  reach: { text: 'restore: on the way to a segment', command: restore, faults: at(going) },
  read: { text: 'restore: a block in the middle of a segment', command: restore, faults: at(op.read, 3) },
  verifyLoad: { text: 'verify: loading (TEST UNIT READY)', command: verify, faults: at(op.testUnitReady) },
  verifyLook: { text: 'verify: the label is read', command: verify, faults: at(op.read) },
  verifyReach: { text: 'verify: on the way to a tape file', command: verify, faults: at(going) },
  verifyRead: { text: 'verify: a block in the middle of a segment', command: verify, faults: at(op.read, 6) },
  verifyUnload: { text: 'verify: unloading', command: verify, faults: at(op.loadUnload) },
  relabelLoad: { text: 'relabel: loading (TEST UNIT READY)', command: relabel, faults: at(op.testUnitReady) },
  relabelLook: { text: 'relabel: the old label is read', command: relabel, faults: at(op.read) },
  relabelReach: { text: 'relabel: on the way to the end of the old volume', command: relabel, faults: at(going) },
  relabelWrite: { text: 'relabel: the first block', command: relabel, faults: at(op.write) },
  relabelText: { text: 'relabel: the second block', command: relabel, faults: at(op.write, 2) },
  relabelCommit: { text: 'relabel: the filemark', command: relabel, faults: at(op.writeFilemarks) },
  relabelRewind: { text: 'relabel: rewinding behind it', command: relabel, faults: afterFilemark(op.rewind) },
  relabelRead: { text: 'relabel: it is read back', command: relabel, faults: afterFilemark(op.read) },
  relabelUnload: { text: 'relabel: unloading', command: relabel, faults: at(op.loadUnload) },
} as const satisfies Record<string, Phase>;

export type PhaseName = keyof typeof phases;
