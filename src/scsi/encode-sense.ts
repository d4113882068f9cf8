import { flagByte, putField } from '#src/base/put-field';
import type { SenseFields } from '#src/scsi/sense';
import { encodeSenseKeySpecific } from '#src/scsi/sense-key-specific';

const fits = (value: bigint, bits: number): boolean => value >= -(1n << BigInt(bits - 1)) && value < 1n << BigInt(bits);

/**
 * Sense data, fixed (18 bytes) unless `descriptor` is asked for (D_SENSE of the control mode page, or DESC of REQUEST SENSE).
 * INFORMATION that does not fit fixed format leaves VALID at zero, as SPC-5 (fixed format sense data) says.
 */
export function encodeSense(fields: SenseFields, format: 'fixed' | 'descriptor' = 'fixed'): Uint8Array {
  return format === 'fixed' ? encodeFixedSense(fields) : encodeDescriptorSense(fields);
}

function encodeFixedSense(fields: SenseFields): Uint8Array {
  const bytes = new Uint8Array(18);
  const { information, commandSpecific, specific } = fields;
  bytes[0] = fields.deferred ? 0x71 : 0x70;
  bytes[2] = fields.key | flagByte({ 7: fields.filemark, 6: fields.endOfMedium, 5: fields.incorrectLength });
  if (information !== undefined && fits(information, 32)) {
    bytes[0] |= 0x80;
    putField(bytes, 3, 4, information);
  }
  bytes[7] = bytes.length - 8;
  if (commandSpecific !== undefined && fits(commandSpecific, 32)) putField(bytes, 8, 4, commandSpecific);
  putField(bytes, 12, 1, fields.asc);
  putField(bytes, 13, 1, fields.ascq);
  putField(bytes, 14, 1, fields.fieldReplaceableUnit ?? 0);
  if (specific) bytes.set(encodeSenseKeySpecific(specific), 15);
  return bytes;
}

function encodeDescriptorSense(fields: SenseFields): Uint8Array {
  const { information, commandSpecific, specific, fieldReplaceableUnit } = fields;
  const descriptors: Uint8Array[] = [];
  if (information !== undefined) descriptors.push(longDescriptor(0x00, information, 0x80));
  if (commandSpecific !== undefined) descriptors.push(longDescriptor(0x01, commandSpecific, 0x00));
  if (specific) descriptors.push(Uint8Array.of(0x02, 0x06, 0, 0, ...encodeSenseKeySpecific(specific), 0));
  if (fieldReplaceableUnit !== undefined) descriptors.push(Uint8Array.of(0x03, 0x02, 0, fieldReplaceableUnit));
  const stream = flagByte({ 7: fields.filemark, 6: fields.endOfMedium, 5: fields.incorrectLength });
  if (stream !== 0) descriptors.push(Uint8Array.of(0x04, 0x02, 0, stream));
  const body = Buffer.concat(descriptors);
  return Uint8Array.of(
    fields.deferred ? 0x73 : 0x72,
    fields.key,
    fields.asc,
    fields.ascq,
    0,
    0,
    0,
    body.length,
    ...body,
  );
}

function longDescriptor(type: number, value: bigint, flags: number): Uint8Array {
  const bytes = Uint8Array.of(type, 0x0a, flags, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  putField(bytes, 4, 8, value);
  return bytes;
}
