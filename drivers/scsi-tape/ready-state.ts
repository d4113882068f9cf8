import type { Unforeseen } from '#drivers/scsi-tape/outcomes';
import { type CommandAnswer, summarizeSense } from '#src/device/execute-command';
import type { ReadyState } from '#src/device/tape-drive';
import { senseKey } from '#src/scsi/sense-key';

/**
 * ASCQ of LOGICAL UNIT NOT READY that pass by themselves: 01 becoming ready, 04 format in progress, 05 rebuild, 06 recalculation, 07 operation in progress, 08 long
 * write, 09 self-test, 14 space allocation, 1A start or stop in progress. The others want somebody: 03 manual intervention, 12 off line, 22 power cycle required.
 */
const passing: readonly number[] = [0x01, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x14, 0x1a];

/** What an answer to TEST UNIT READY says (SPC-5, TEST UNIT READY responses; SSC-5). */
export function readyState(answer: CommandAnswer): ReadyState | Unforeseen {
  if (answer.kind === 'good') return { kind: 'ready' };
  const sense = summarizeSense(answer.sense);
  const { key, asc, ascq } = answer.sense;
  if (key === senseKey.noSense || key === senseKey.recoveredError) return { kind: 'ready' };
  if (asc === 0x3a) return { kind: 'no-medium' };
  if (asc === 0x30) return mediumState(ascq, sense);
  if (key === senseKey.notReady && asc === 0x04) {
    if (passing.includes(ascq)) return { kind: 'becoming-ready', sense };
    if (ascq === 0x02) return { kind: 'not-loaded', sense };
    return { kind: 'failed', sense };
  }
  if (key === senseKey.illegalRequest || key === senseKey.abortedCommand)
    return { kind: 'unforeseen', sense: answer.sense };
  return { kind: 'failed', sense };
}

/** 30/03 cleaning cartridge installed, 30/07 cleaning failure, 30/0A cleaning request rejected: the cartridge cleans. */
function mediumState(ascq: number, sense: ReturnType<typeof summarizeSense>): ReadyState {
  const isCleaning = ascq === 0x03 || ascq === 0x07 || ascq === 0x0a;
  return isCleaning ? { kind: 'cleaning-cartridge', sense } : { kind: 'incompatible-medium', sense };
}
