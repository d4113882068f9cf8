import type { ErrorCode } from '#src/base/error-codes';
import type { SenseKey } from '#src/scsi/sense-key';
import { status } from '#src/scsi/status';
import { check } from '#test/faults/library-bench';
import type { FaultAction } from '#test/support/faulty-transport';

/** What a changer can answer whatever it is asked, and what is said then. */
export interface ChangerTrouble {
  /** As the page has it. */
  readonly answer: string;
  readonly action: FaultAction;
  readonly code: ErrorCode;
  /** Behind the name of the command. */
  readonly failure: string;
  readonly remedy: string;
}

/** Key, and the codes as the page has them: `04/03`. */
function sense(key: SenseKey, codes: string): FaultAction {
  const [asc = 0, ascq = 0] = codes.split('/').map((code) => Number.parseInt(code, 16));
  return check(key, asc, ascq);
}

const notReady = (codes: string, text: string, remedy: string): ChangerTrouble => ({
  answer: `NOT READY ${codes}`,
  action: sense(0x2, codes),
  code: 'device.not-ready',
  failure: `failed: not ready: ${text} (2/${codes})`,
  remedy: `${remedy}, then run the command again.`,
});

const hardware = (codes: string, text: string): ChangerTrouble => ({
  answer: `HARDWARE ERROR ${codes}`,
  action: sense(0x4, codes),
  code: 'device.hardware-error',
  failure: `failed: hardware error: ${text} (4/${codes})`,
  remedy:
    'Look at the display of the device, power-cycle it, then run `grandsire library inventory`; if it fails again it needs service.',
});

const aborted = (codes: string, text: string): ChangerTrouble => ({
  answer: `ABORTED COMMAND ${codes}`,
  action: sense(0xb, codes),
  code: 'device.aborted-command',
  failure: `failed: aborted command: ${text} (B/${codes})`,
  remedy: 'Look at cables and adapters (a parity or link error is likely), then run the command again.',
});

export const troubles = {
  becomingReady: notReady(
    '04/01',
    'logical unit is in process of becoming ready',
    'Wait until the device shows that it is ready',
  ),
  needsSomebody: notReady(
    '04/03',
    'logical unit not ready, manual intervention required',
    'The device waits for somebody: do what its display asks for',
  ),
  offline: notReady('04/12', 'logical unit not ready, offline', 'Put the device online at its panel'),
  openDoor: notReady(
    '04/83',
    'vendor-specific condition',
    'Look at the display of the device (a door may be open, or a magazine out; the code is the maker’s own)',
  ),
  positioning: hardware('15/01', 'mechanical positioning error'),
  component: hardware('40/80', 'diagnostic failure on component 80h'),
  internal: hardware('44/00', 'internal target failure'),
  stuck: hardware('53/00', 'media load or eject failed'),
  parity: aborted('47/00', 'SCSI parity error'),
  dataPhase: aborted('4B/00', 'data phase error'),
  busy: {
    answer: 'BUSY',
    action: { kind: 'status', status: status.busy },
    code: 'device.busy',
    failure: 'ended with BUSY for a minute',
    remedy: 'Wait until the device has finished what it does, then run the command again.',
  },
  reserved: {
    answer: 'RESERVATION CONFLICT',
    action: { kind: 'status', status: status.reservationConflict },
    code: 'device.reserved',
    failure: 'ended with RESERVATION CONFLICT',
    remedy: 'Another host has reserved the device; stop the program there that uses it, then run the command again.',
  },
} as const satisfies Record<string, ChangerTrouble>;
