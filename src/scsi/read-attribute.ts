import { FieldView } from '#src/base/field-view';
import { flagByte, putField } from '#src/base/put-field';
import { type CdbResult, invalidField, newCdb, readCdb } from '#src/scsi/cdb';

/** Service actions of READ ATTRIBUTE (SPC-5) that are supported here. */
const serviceActions = { values: 0x00, list: 0x01, volumes: 0x02, partitions: 0x03, supported: 0x05 } as const;

export type AttributeQuery = 'values' | 'list' | 'volumes' | 'partitions' | 'supported';

export interface ReadAttributeFields {
  readonly query: AttributeQuery;
  readonly volume?: number;
  readonly partition?: number;
  /** Attributes with a lower identifier are left out. */
  readonly firstAttribute?: number;
  /** CACHE: values from the drive's memory will do. */
  readonly cached?: boolean;
  readonly allocationBytes: number;
}

export interface ReadAttributeCommand extends Required<ReadAttributeFields> {
  readonly op: 'readAttribute';
}

/** FORMAT field of an attribute (SPC-5, MAM attribute format). */
export const attributeFormat = { binary: 0b00, ascii: 0b01, text: 0b10 } as const;

export interface MediumAttribute {
  readonly identifier: number;
  readonly readOnly: boolean;
  readonly format: number;
  readonly value: Uint8Array;
}

export interface MediumAttributes {
  readonly attributes: readonly MediumAttribute[];
  readonly availableBytes: number;
  readonly truncated: boolean;
}

export function encodeReadAttributeCdb(fields: ReadAttributeFields): Uint8Array {
  const cdb = newCdb('readAttribute');
  cdb[1] = serviceActions[fields.query];
  putField(cdb, 5, 1, fields.volume ?? 0);
  putField(cdb, 7, 1, fields.partition ?? 0);
  putField(cdb, 8, 2, fields.firstAttribute ?? 0);
  putField(cdb, 10, 4, fields.allocationBytes);
  cdb[14] = flagByte({ 0: fields.cached });
  return cdb;
}

export const parseReadAttributeCdb = (cdb: Uint8Array): CdbResult<ReadAttributeCommand> =>
  readCdb('readAttribute', cdb, (fields) => {
    const action = fields.bits(1, 4, 0);
    const query = (Object.keys(serviceActions) as AttributeQuery[]).find((key) => serviceActions[key] === action);
    if (query === undefined) return invalidField(1, 4);
    return {
      op: 'readAttribute',
      query,
      volume: fields.uint(5),
      partition: fields.uint(7),
      firstAttribute: fields.uint(8, 2),
      allocationBytes: fields.uint(10, 4),
      cached: fields.bit(14, 0),
    };
  });

/** ATTRIBUTE VALUES data (SPC-5); an attribute whose value is cut short is left out, and `truncated` says so. */
export function parseAttributeValues(data: Uint8Array): MediumAttributes {
  const view = new FieldView(data);
  const availableBytes = 4 + view.uint(0, 4);
  const end = Math.min(availableBytes, data.length);
  const attributes: MediumAttribute[] = [];
  let offset = 4;
  while (offset + 5 <= end) {
    const valueBytes = view.uint(offset + 3, 2);
    if (offset + 5 + valueBytes > end) break;
    attributes.push({
      identifier: view.uint(offset, 2),
      readOnly: view.bit(offset + 2, 7),
      format: view.bits(offset + 2, 1, 0),
      value: Uint8Array.from(view.slice(offset + 5, valueBytes)),
    });
    offset += 5 + valueBytes;
  }
  return { attributes, availableBytes, truncated: view.truncated || data.length < availableBytes || offset !== end };
}

export function encodeAttributeValues(attributes: readonly MediumAttribute[]): Uint8Array {
  const body = attributes.map(({ identifier, readOnly, format, value }) => {
    const header = new Uint8Array(5);
    putField(header, 0, 2, identifier);
    header[2] = flagByte({ 7: readOnly }) | (format & 0x03);
    putField(header, 3, 2, value.length);
    return Buffer.concat([header, value]);
  });
  return withLength(Buffer.concat(body));
}

/** ATTRIBUTE LIST and SUPPORTED ATTRIBUTES data: identifiers only. */
export function parseAttributeList(data: Uint8Array): {
  readonly identifiers: readonly number[];
  readonly truncated: boolean;
} {
  const view = new FieldView(data);
  const availableBytes = 4 + view.uint(0, 4);
  const identifiers: number[] = [];
  for (let offset = 4; offset + 2 <= Math.min(availableBytes, data.length); offset += 2) {
    identifiers.push(view.uint(offset, 2));
  }
  return { identifiers, truncated: view.truncated || data.length < availableBytes };
}

export function encodeAttributeList(identifiers: readonly number[]): Uint8Array {
  const body = new Uint8Array(2 * identifiers.length);
  identifiers.forEach((identifier, index) => {
    putField(body, 2 * index, 2, identifier);
  });
  return withLength(body);
}

/** LOGICAL VOLUME LIST and PARTITION LIST data: the first number and how many there are. */
export function encodeNumberedList(first: number, count: number): Uint8Array {
  return Uint8Array.of(0, 2, first & 0xff, count & 0xff);
}

export function parseNumberedList(data: Uint8Array): {
  readonly first: number;
  readonly count: number;
  readonly truncated: boolean;
} {
  const view = new FieldView(data);
  return { first: view.uint(2), count: view.uint(3), truncated: view.truncated };
}

function withLength(body: Uint8Array): Uint8Array {
  const data = new Uint8Array(4 + body.length);
  putField(data, 0, 4, body.length);
  data.set(body, 4);
  return data;
}
