import { FieldView } from '#src/base/field-view';
import type { Sense } from '#src/scsi/sense';
import { parseDescriptorSense } from '#src/scsi/sense-descriptors';
import type { SenseKey } from '#src/scsi/sense-key';
import { parseSenseKeySpecific } from '#src/scsi/sense-key-specific';

/**
 * Sense data in either format (SPC-5, sense data). Undefined where there is none: no bytes, or a response code that is not
 * 70h to 73h (a device that answers GOOD often sends zeros).
 */
export function parseSense(data: Uint8Array): Sense | undefined {
  const responseCode = (data[0] ?? 0) & 0x7f;
  const deferred = responseCode === 0x71 || responseCode === 0x73;
  if (responseCode === 0x70 || responseCode === 0x71) return parseFixedSense(data, deferred);
  if (responseCode === 0x72 || responseCode === 0x73) return parseDescriptorSense(data, deferred);
  return undefined;
}

function parseFixedSense(data: Uint8Array, deferred: boolean): Sense {
  const view = new FieldView(data);
  // ADDITIONAL SENSE LENGTH counts from byte 8; some devices say 0 and still send the whole 18 bytes.
  const announced = 8 + view.uint(7);
  const key = view.bits(2, 3, 0) as SenseKey;
  const specific = view.has(15, 3) && view.bit(15, 7) ? parseSenseKeySpecific(key, view.slice(15, 3)) : undefined;
  return {
    format: 'fixed',
    deferred,
    key,
    asc: view.has(12, 1) ? view.uint(12) : 0,
    ascq: view.has(13, 1) ? view.uint(13) : 0,
    filemark: view.bit(2, 7),
    endOfMedium: view.bit(2, 6),
    incorrectLength: view.bit(2, 5),
    ...(view.bit(0, 7) && view.has(3, 4) ? { information: view.bigInt(3, 4) } : {}),
    ...(view.has(8, 4) && view.uint(8, 4) !== 0 ? { commandSpecific: view.bigUint(8, 4) } : {}),
    ...(view.has(14, 1) && view.uint(14) !== 0 ? { fieldReplaceableUnit: view.uint(14) } : {}),
    ...(specific ? { specific } : {}),
    otherDescriptors: [],
    truncated: data.length < Math.min(18, Math.max(14, announced)) || data.length < announced,
  };
}
