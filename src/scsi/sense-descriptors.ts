import { FieldView } from '#src/base/field-view';
import type { Sense, SenseFields, UnknownSenseDescriptor } from '#src/scsi/sense';
import type { SenseKey } from '#src/scsi/sense-key';
import { parseSenseKeySpecific } from '#src/scsi/sense-key-specific';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Descriptor format sense data (SPC-5, descriptor format sense data). */
export function parseDescriptorSense(data: Uint8Array, deferred: boolean): Sense {
  const view = new FieldView(data);
  const key = view.bits(1, 3, 0) as SenseKey;
  const end = 8 + view.uint(7);
  const found: Mutable<Partial<SenseFields>> = {};
  const otherDescriptors: UnknownSenseDescriptor[] = [];
  let offset = 8;
  // Each step goes forward by at least two bytes, whatever the lengths say.
  while (offset + 2 <= Math.min(end, data.length)) {
    const lengthBytes = 2 + view.uint(offset + 1);
    const descriptor = view.slice(offset, Math.min(lengthBytes, end - offset));
    if (!readDescriptor(key, descriptor, found)) {
      otherDescriptors.push({ type: view.uint(offset), data: Uint8Array.from(descriptor.subarray(2)) });
    }
    offset += lengthBytes;
  }
  return {
    format: 'descriptor',
    deferred,
    key,
    asc: view.uint(2),
    ascq: view.uint(3),
    filemark: false,
    endOfMedium: false,
    incorrectLength: false,
    ...found,
    otherDescriptors,
    truncated: view.truncated || data.length < end || offset > end,
  };
}

function readDescriptor(key: SenseKey, bytes: Uint8Array, into: Mutable<Partial<SenseFields>>): boolean {
  const view = new FieldView(bytes);
  switch (view.uint(0)) {
    case 0x00: // information; byte 2, bit 7 is VALID
      if (view.bit(2, 7) && view.has(4, 8)) into.information = view.bigInt(4);
      return true;
    case 0x01: // command specific information
      if (view.has(4, 8) && view.bigUint(4) !== 0n) into.commandSpecific = view.bigUint(4);
      return true;
    case 0x02: {
      // sense key specific; SKSV is bit 7 of byte 4
      const specific = view.has(4, 3) && view.bit(4, 7) ? parseSenseKeySpecific(key, view.slice(4, 3)) : undefined;
      if (specific) into.specific = specific;
      return true;
    }
    case 0x03: // field replaceable unit
      if (view.has(3, 1) && view.uint(3) !== 0) into.fieldReplaceableUnit = view.uint(3);
      return true;
    case 0x04: // stream commands (SSC-5, stream commands sense data descriptor)
      if (view.has(3, 1)) {
        into.filemark = view.bit(3, 7);
        into.endOfMedium = view.bit(3, 6);
        into.incorrectLength = view.bit(3, 5);
      }
      return true;
    default:
      return false;
  }
}
