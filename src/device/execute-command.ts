import { type Duration, milliseconds, seconds } from '#src/base/duration';
import { DeviceError } from '#src/base/errors';
import { growingDelays, type Pause } from '#src/base/pause';
import type { DataPhase, ExecuteOptions, ScsiTransport } from '#src/device/scsi-transport';
import type { SenseSummary } from '#src/device/sense-outcome';
import { describeSense } from '#src/scsi/describe-sense';
import { definitionOf, findOperation } from '#src/scsi/operation-codes';
import { parseSense } from '#src/scsi/parse-sense';
import type { Sense } from '#src/scsi/sense';
import { senseKey } from '#src/scsi/sense-key';
import { status, statusText } from '#src/scsi/status';

/** What a device answered, with the statuses that only say "not now" already dealt with. */
export type CommandAnswer =
  | { readonly kind: 'good'; readonly transferredBytes: number }
  | { readonly kind: 'check'; readonly sense: Sense; readonly transferredBytes: number };

export interface CommandOptions {
  readonly timeout: Duration;
  readonly pause: Pause;
  readonly signal?: AbortSignal | undefined;
}

/** Asked again after BUSY or TASK SET FULL for about so long: a drive that cleans or a gateway that fails over needs half a minute. */
const busyLimit = seconds(60);

/**
 * Sends one command and waits for its status. It lives beside the contracts because the tape driver and the changer driver both
 * need it and may not import each other.
 *
 * Throws what the transport throws, and `DeviceError` for a status that is neither GOOD nor CHECK CONDITION with sense data.
 */
export async function executeCommand(
  transport: ScsiTransport,
  cdb: Uint8Array,
  data: DataPhase,
  { timeout, pause, signal }: CommandOptions,
): Promise<CommandAnswer> {
  let delays: ReturnType<typeof growingDelays> | undefined;
  for (let waited = 0; ; ) {
    const answer = await attemptCommand(transport, cdb, data, { timeout, signal });
    if ('kind' in answer) return answer;
    if (waited >= busyLimit) throw unusableStatus(transport, cdb, answer.notNow);
    delays ??= growingDelays(milliseconds(100), seconds(10));
    const delay = delays.next().value;
    await pause(delay, signal);
    waited += delay;
  }
}

/** Sends one command once; `notNow` is the status BUSY or TASK SET FULL: it was not carried out. Throws as `executeCommand` does. */
export async function attemptCommand(
  transport: ScsiTransport,
  cdb: Uint8Array,
  data: DataPhase,
  options: ExecuteOptions,
): Promise<CommandAnswer | { readonly notNow: number }> {
  const result = await transport.execute(cdb, data, options);
  const { transferredBytes } = result;
  if (result.status === status.good || result.status === status.conditionMet) return { kind: 'good', transferredBytes };
  if (result.status === status.checkCondition) {
    const sense = parseSense(result.sense);
    if (sense) return { kind: 'check', sense, transferredBytes };
  }
  if (result.status === status.busy || result.status === status.taskSetFull) return { notNow: result.status };
  throw unusableStatus(transport, cdb, result.status);
}

/** The part of sense data that outcomes carry. */
export const summarizeSense = (sense: Sense): SenseSummary => ({
  key: sense.key,
  asc: sense.asc,
  ascq: sense.ascq,
  deferred: sense.deferred,
  text: describeSense(sense),
});

/** SPACE ALLOCATION FAILED WRITE PROTECT: the trouble is behind the device, nothing is wrong with the medium. */
export const isStorageFull = ({ asc, ascq }: Pick<Sense, 'asc' | 'ascq'>): boolean => asc === 0x27 && ascq === 0x07;

/** The failure that sense data amounts to where no outcome of the contract stands for it. */
export function senseError(transport: ScsiTransport, cdb: Uint8Array, sense: Sense): DeviceError {
  const what = `${transport.address}: ${commandName(cdb)} failed: ${describeSense(sense)}`;
  const details = { asc: sense.asc, ascq: sense.ascq, key: sense.key, deferred: sense.deferred };
  if (isStorageFull(sense)) {
    return new DeviceError('device.storage-full', {
      message: what,
      remedy:
        'Make room on the disk that holds the cartridges of the library, then run the command again; what was committed before is safe.',
      usable: true,
      details,
    });
  }
  switch (sense.key) {
    case senseKey.hardwareError:
      return new DeviceError('device.hardware-error', {
        message: what,
        remedy:
          'Look at the display of the device, power-cycle it, then run `grandsire library inventory`; if it fails again it needs service.',
        usable: false,
        details,
      });
    case senseKey.illegalRequest:
      return new DeviceError('device.rejected-command', {
        message: what,
        remedy:
          'Run `grandsire library inventory`, then the command again; if the device refuses it again, report the message.',
        usable: true,
        details,
      });
    case senseKey.notReady:
      return new DeviceError('device.not-ready', {
        message: what,
        remedy: `${notReadyRemedy(sense)}, then run the command again.`,
        usable: true,
        details,
      });
    case senseKey.abortedCommand:
      return new DeviceError('device.aborted-command', {
        message: what,
        remedy: 'Look at cables and adapters (a parity or link error is likely), then run the command again.',
        usable: true,
        details,
      });
    default:
      return new DeviceError('device.unexpected-sense', {
        message: what,
        remedy: 'Run the command again; if it fails in the same way, report the message.',
        usable: true,
        details,
      });
  }
}

/** What has to happen at the device before it is ready (SPC-5, additional sense codes; 80h and up are the makers' own). */
function notReadyRemedy({ asc, ascq }: Sense): string {
  if (asc === 0x04 && ascq === 0x03) return 'The device waits for somebody: do what its display asks for';
  if (asc === 0x04 && ascq === 0x12) return 'Put the device online at its panel';
  if (asc >= 0x80 || ascq >= 0x80) {
    return 'Look at the display of the device (a door may be open, or a magazine out; the code is the maker’s own)';
  }
  return 'Wait until the device shows that it is ready';
}

/** As the standard writes it. */
export function commandName(cdb: Uint8Array): string {
  const operation = findOperation(cdb);
  return operation
    ? definitionOf(operation).name
    : `command ${(cdb[0] ?? 0).toString(16).padStart(2, '0').toUpperCase()}h`;
}

function unusableStatus(transport: ScsiTransport, cdb: Uint8Array, code: number): DeviceError {
  const message = `${transport.address}: ${commandName(cdb)} ended with ${statusText(code)}`;
  if (code === status.reservationConflict) {
    return new DeviceError('device.reserved', {
      message,
      remedy: 'Another host has reserved the device; stop the program there that uses it, then run the command again.',
      usable: true,
    });
  }
  if (code === status.busy || code === status.taskSetFull) {
    return new DeviceError('device.busy', {
      message: `${message} for a minute`,
      remedy: 'Wait until the device has finished what it does, then run the command again.',
      usable: true,
    });
  }
  return new DeviceError('device.protocol', {
    message: code === status.checkCondition ? `${message} without sense data` : message,
    remedy: 'Run the command again; if it fails in the same way, report the message.',
    usable: true,
  });
}
