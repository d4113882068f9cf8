import { FieldView } from '#src/base/field-view';
import { putField } from '#src/base/put-field';
import type { SenseKey } from '#src/scsi/sense-key';

/** What the three sense-key-specific bytes mean depends on the sense key (SPC-5, sense key specific sense data). */
export type SenseKeySpecific =
  | { readonly kind: 'field-pointer'; readonly inCdb: boolean; readonly byte: number; readonly bit?: number }
  | { readonly kind: 'actual-retry-count'; readonly count: number }
  /** In 65,536ths of the whole. */
  | { readonly kind: 'progress'; readonly numerator: number }
  | { readonly kind: 'segment-pointer'; readonly inDescriptor: boolean; readonly byte: number; readonly bit?: number }
  | { readonly kind: 'unit-attention-queue'; readonly overflow: boolean };

/** Bytes with SKSV set: bytes 15–17 of fixed sense, bytes 4–6 of the descriptor of type 02h. */
export function parseSenseKeySpecific(key: SenseKey, bytes: Uint8Array): SenseKeySpecific | undefined {
  const view = new FieldView(bytes);
  const pointer = () => ({ byte: view.uint(1, 2), ...(view.bit(0, 3) ? { bit: view.bits(0, 2, 0) } : {}) });
  switch (key) {
    case 0x5:
      return { kind: 'field-pointer', inCdb: view.bit(0, 6), ...pointer() };
    case 0x1:
    case 0x3:
    case 0x4:
      return { kind: 'actual-retry-count', count: view.uint(1, 2) };
    case 0x0:
    case 0x2:
      return { kind: 'progress', numerator: view.uint(1, 2) };
    case 0xa:
      return { kind: 'segment-pointer', inDescriptor: view.bit(0, 5), ...pointer() };
    case 0x6:
      return { kind: 'unit-attention-queue', overflow: view.bit(0, 0) };
    default:
      return undefined;
  }
}

/** The three bytes, SKSV set. */
export function encodeSenseKeySpecific(specific: SenseKeySpecific): Uint8Array {
  const bytes = new Uint8Array(3);
  bytes[0] = 0x80;
  switch (specific.kind) {
    case 'field-pointer':
    case 'segment-pointer': {
      const isFirst = specific.kind === 'field-pointer' ? specific.inCdb : specific.inDescriptor;
      if (isFirst) bytes[0] |= specific.kind === 'field-pointer' ? 0x40 : 0x20;
      if (specific.bit !== undefined) bytes[0] |= 0x08 | specific.bit;
      putField(bytes, 1, 2, specific.byte);
      break;
    }
    case 'actual-retry-count':
      putField(bytes, 1, 2, specific.count);
      break;
    case 'progress':
      putField(bytes, 1, 2, specific.numerator);
      break;
    case 'unit-attention-queue':
      if (specific.overflow) bytes[0] |= 0x01;
      break;
  }
  return bytes;
}
