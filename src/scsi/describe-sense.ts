import { additionalSenseCode, additionalSenseText } from '#src/scsi/additional-sense';
import type { SenseFields } from '#src/scsi/sense';
import { senseKeyText } from '#src/scsi/sense-key';

/** `medium error: unrecovered read error (3/11/00)`; of a deferred error, `deferred medium error: …`. */
export function describeSense(sense: Pick<SenseFields, 'key' | 'asc' | 'ascq' | 'deferred' | 'specific'>): string {
  const key = senseKeyText(sense.key).toLowerCase();
  const code = `${sense.key.toString(16).toUpperCase()}/${additionalSenseCode(sense.asc, sense.ascq)}`;
  const text = `${sense.deferred ? 'deferred ' : ''}${key}: ${additionalSenseText(sense.asc, sense.ascq)} (${code})`;
  const { specific } = sense;
  if (specific?.kind === 'field-pointer') {
    const bit = specific.bit === undefined ? '' : `, bit ${specific.bit}`;
    return `${text}, at byte ${specific.byte}${bit} of the ${specific.inCdb ? 'CDB' : 'parameter list'}`;
  }
  if (specific?.kind === 'progress') return `${text}, ${Math.floor((specific.numerator * 100) / 65536)} % done`;
  return text;
}
