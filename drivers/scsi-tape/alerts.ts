import { tapeAlertName } from '#drivers/scsi-tape/alert-names';
import type { DriveAbilities } from '#drivers/scsi-tape/capabilities';
import type { DriveParts } from '#drivers/scsi-tape/medium-state';
import { isRefusedOperation } from '#drivers/scsi-tape/refusal';
import type { TapeUnit } from '#drivers/scsi-tape/tape-unit';
import { telemetry } from '#drivers/scsi-tape/telemetry';
import { timeLimits } from '#drivers/scsi-tape/time-limits';
import type { Cancellable, TapeAlert } from '#src/device/tape-drive';
import { encodeLogSenseCdb, parseLogPage, parseSupportedLogPages } from '#src/scsi/log-sense';

/** Log pages of SSC-5. TapeAlert Response does not clear what it reports; TapeAlert does, for everybody. */
const logPage = { supported: 0x00, tapeAlertResponse: 0x12, tapeAlert: 0x2e } as const;

/** The flags that are set now; none where the drive has neither page. */
export function readAlerts(parts: DriveParts, { signal }: Cancellable): Promise<readonly TapeAlert[]> {
  return telemetry<readonly TapeAlert[]>(parts, { ask: () => askAlerts(parts, { signal }), otherwise: [], signal });
}

async function askAlerts({ unit, abilities }: DriveParts, { signal }: Cancellable): Promise<readonly TapeAlert[]> {
  const pages = parseSupportedLogPages(await readLog(unit, abilities, { page: logPage.supported, signal }));
  let flags: readonly number[] = [];
  if (pages.includes(logPage.tapeAlertResponse)) {
    flags = responseFlags(await readLog(unit, abilities, { page: logPage.tapeAlertResponse, signal }));
  } else if (pages.includes(logPage.tapeAlert)) {
    flags = alertFlags(await readLog(unit, abilities, { page: logPage.tapeAlert, signal }));
  }
  return flags.map((flag) => ({ flag, name: tapeAlertName(flag) }));
}

async function readLog(
  unit: TapeUnit,
  abilities: DriveAbilities,
  { page, signal }: Cancellable & { readonly page: number },
): Promise<Uint8Array> {
  if (!abilities.can('logSense')) return new Uint8Array(0);
  const buffer = new Uint8Array(4096);
  const answer = await unit.sendAside({
    cdb: encodeLogSenseCdb({ page, allocationBytes: buffer.length }),
    data: { direction: 'in', buffer },
    timeout: timeLimits.inquiry,
    signal,
  });
  if (answer.kind === 'good') return buffer.subarray(0, answer.transferredBytes);
  if (isRefusedOperation(answer.sense)) abilities.refused('logSense');
  return new Uint8Array(0);
}

/** Parameter 0: 64 bits, flag 1 is the most significant (SSC-5, TapeAlert response log page). */
function responseFlags(data: Uint8Array): readonly number[] {
  const bits = parseLogPage(data).parameters.find(({ code }) => code === 0)?.value ?? new Uint8Array(0);
  const flags: number[] = [];
  for (let flag = 1; flag <= Math.min(64, 8 * bits.length); flag++) {
    const byte = bits[(flag - 1) >> 3] ?? 0;
    if ((byte & (0x80 >> ((flag - 1) & 7))) !== 0) flags.push(flag);
  }
  return flags;
}

/** One parameter a flag, its code the flag's number, bit 0 of its one byte the flag (SSC-5, TapeAlert log page). */
const alertFlags = (data: Uint8Array): readonly number[] =>
  parseLogPage(data)
    .parameters.filter(({ code, value }) => code >= 1 && code <= 64 && ((value[0] ?? 0) & 1) !== 0)
    .map(({ code }) => code);
