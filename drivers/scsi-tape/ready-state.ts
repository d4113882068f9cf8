import type { Unforeseen } from '#drivers/scsi-tape/outcomes';
import { type CommandAnswer, summarizeSense } from '#src/device/execute-command';
import type { ReadyState } from '#src/device/tape-drive';
import { senseKey } from '#src/scsi/sense-key';

/** What an answer to TEST UNIT READY says (SPC-5, TEST UNIT READY responses; SSC-5). */
export function readyState(answer: CommandAnswer): ReadyState | Unforeseen {
  if (answer.kind === 'good') return { kind: 'ready' };
  const sense = summarizeSense(answer.sense);
  const { key, asc, ascq } = answer.sense;
  if (key === senseKey.noSense || key === senseKey.recoveredError) return { kind: 'ready' };
  if (asc === 0x3a) return { kind: 'no-medium' };
  if (asc === 0x30) return mediumState(ascq, sense);
  if (key === senseKey.notReady && asc === 0x04) {
    // 01 becoming ready, 07 operation in progress, 09 self-test.
    if (ascq === 0x01 || ascq === 0x07 || ascq === 0x09) return { kind: 'becoming-ready', sense };
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
