import type { MoveOutcome } from '#src/device/media-changer';
import type { Sense } from '#src/scsi/sense';
import { senseKey } from '#src/scsi/sense-key';

/**
 * What a refused MOVE MEDIUM says (SMC-3; SPC-5, additional sense codes). Undefined: hardware trouble, or a mistake of ours.
 */
export function moveOutcome(
  { key, asc, ascq }: Sense,
  { fromDrive }: { readonly fromDrive: boolean },
): MoveOutcome | undefined {
  if (key === senseKey.unitAttention) return { kind: 'inventory-changed' };
  if (key !== senseKey.illegalRequest && key !== senseKey.notReady) return undefined;
  const code = (asc << 8) | ascq;
  switch (code) {
    case 0x3b0d:
      return { kind: 'destination-full' };
    case 0x3b0e:
      return { kind: 'source-empty' };
    case 0x5303: // medium removal prevented by data transfer element
      return { kind: 'drive-not-unloaded' };
    case 0x5302:
      // A drive that has threaded the cartridge prevents its removal as well as PREVENT ALLOW does; unloading answers both.
      return fromDrive ? { kind: 'drive-not-unloaded' } : { kind: 'removal-prevented' };
    case 0x3b12: // magazine removed
    case 0x3b13: // magazine inserted
    case 0x3b11: // magazine not accessible
    case 0x3b15: // magazine unlocked
      return { kind: 'inventory-changed' };
    default:
      // Makers have codes of their own for a drive that was not unloaded, all of them 3B/80 and up (3B/90 in StorageTek's and others' manuals).
      return fromDrive && asc === 0x3b && ascq >= 0x80 ? { kind: 'drive-not-unloaded' } : undefined;
  }
}
