import type { Sense } from '#src/scsi/sense';

/**
 * Unit attentions that say nothing of the medium or its place (SPC-5, table of additional sense codes). The command was not
 * carried out and is sent again.
 *
 * 2A/01 (mode parameters changed) is harmless only when we changed them: somebody else may have set a fixed block size.
 */
export function isHarmlessAttention({ asc, ascq }: Pick<Sense, 'asc' | 'ascq'>, changesModeItself: boolean): boolean {
  switch (asc) {
    case 0x2a:
      // 02 log parameters, 03–05 reservations and registrations, 09 capacity data: not what lies where.
      return ascq === 0x01 ? changesModeItself : ascq >= 0x02 && ascq <= 0x09;
    case 0x3f:
      // 01 microcode, 03 inquiry data, 04/05 operating definition and identifier, 0E reported LUNs.
      return true;
    case 0x5d:
      // Failure prediction threshold exceeded: telemetry, also told by TapeAlert.
      return true;
    default:
      return false;
  }
}
