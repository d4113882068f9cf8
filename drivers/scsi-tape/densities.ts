import type { DriveParts } from '#drivers/scsi-tape/medium-state';
import { telemetry } from '#drivers/scsi-tape/telemetry';
import { timeLimits } from '#drivers/scsi-tape/time-limits';
import type { Cancellable, DensityCode } from '#src/device/tape-drive';
import { encodeReportDensitySupportCdb, parseDensitySupport } from '#src/scsi/report-density-support';

/** REPORT DENSITY SUPPORT of the drive; none where it does not tell. */
export function readDensities(parts: DriveParts, { signal }: Cancellable): Promise<readonly DensityCode[]> {
  return telemetry<readonly DensityCode[]>(parts, {
    ask: () => askDensities(parts, { signal }),
    otherwise: [],
    signal,
  });
}

async function askDensities({ unit }: DriveParts, { signal }: Cancellable): Promise<readonly DensityCode[]> {
  const buffer = new Uint8Array(4096);
  const answer = await unit.sendAside({
    cdb: encodeReportDensitySupportCdb({ allocationBytes: buffer.length }),
    data: { direction: 'in', buffer },
    timeout: timeLimits.inquiry,
    signal,
  });
  if (answer.kind === 'check') return [];
  const { densities } = parseDensitySupport(buffer.subarray(0, answer.transferredBytes));
  return densities.map(({ primaryDensityCode, writable }) => ({ code: primaryDensityCode, writable }));
}
