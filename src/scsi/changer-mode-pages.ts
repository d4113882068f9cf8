import { FieldView } from '#src/base/field-view';
import { flagByte, putField } from '#src/base/put-field';
import { type ElementAddress, elementAddress } from '#src/scsi/element-address';
import type { ModePage } from '#src/scsi/mode-parameters';
import type { ElementType } from '#src/scsi/read-element-status';

/** Mode pages of medium changers (SMC-3). */
export const changerModePage = {
  elementAddressAssignment: 0x1d,
  transportGeometry: 0x1e,
  deviceCapabilities: 0x1f,
} as const;

export interface ElementAssignment {
  readonly first: ElementAddress;
  readonly count: number;
}

/** Element address assignment mode page, 1Dh (SMC-3). */
export type ElementAddressAssignment = Readonly<Record<ElementType, ElementAssignment>>;

/** Order of the pairs in the page. */
const order = ['transport', 'storage', 'importExport', 'drive'] as const satisfies readonly ElementType[];

export function parseElementAddressAssignment({
  body,
}: Pick<ModePage, 'body'>): ElementAddressAssignment & { readonly truncated: boolean } {
  const view = new FieldView(body);
  const pair = (index: number): ElementAssignment => ({
    first: elementAddress(view.uint(4 * index, 2)),
    count: view.uint(4 * index + 2, 2),
  });
  const [transport, storage, importExport, drive] = [pair(0), pair(1), pair(2), pair(3)];
  return { transport, storage, importExport, drive, truncated: view.truncated };
}

export function encodeElementAddressAssignment(assignment: ElementAddressAssignment): ModePage {
  const body = new Uint8Array(18);
  order.forEach((type, index) => {
    putField(body, 4 * index, 2, assignment[type].first);
    putField(body, 4 * index + 2, 2, assignment[type].count);
  });
  return { page: changerModePage.elementAddressAssignment, subpage: 0, savable: false, body };
}

/** One transport element of the transport geometry parameters mode page, 1Eh (SMC-3). */
export interface TransportGeometry {
  /** ROTATE: it can turn media over. */
  readonly canInvert: boolean;
  /** Its number in the set of transport elements, from 0. */
  readonly member: number;
}

/** One entry for each transport element, two bytes each. */
export function parseTransportGeometry({ body }: Pick<ModePage, 'body'>): readonly TransportGeometry[] {
  const view = new FieldView(body);
  const geometry: TransportGeometry[] = [];
  for (let offset = 0; offset + 2 <= body.length; offset += 2) {
    geometry.push({ canInvert: view.bit(offset, 0), member: view.uint(offset + 1) });
  }
  return geometry;
}

export function encodeTransportGeometry(geometry: readonly TransportGeometry[]): ModePage {
  const body = Uint8Array.from(geometry.flatMap(({ canInvert, member }) => [flagByte({ 0: canInvert }), member]));
  return { page: changerModePage.transportGeometry, subpage: 0, savable: false, body };
}

/** From one type of element to others. */
export type ElementTypes = Readonly<Record<ElementType, boolean>>;

/** Device capabilities mode page, 1Fh (SMC-3). */
export interface ChangerCapabilities {
  /** StorDT, StorI/E, StorST, StorMT: these elements can keep a medium. */
  readonly canStore: ElementTypes;
  /** `move.storage.drive`: MOVE MEDIUM from a storage element to a drive. */
  readonly move: Readonly<Record<ElementType, ElementTypes>>;
  /** The same for EXCHANGE MEDIUM. */
  readonly exchange: Readonly<Record<ElementType, ElementTypes>>;
}

const typesAt = (view: FieldView, offset: number): ElementTypes => ({
  transport: view.bit(offset, 0),
  storage: view.bit(offset, 1),
  importExport: view.bit(offset, 2),
  drive: view.bit(offset, 3),
});

const typesByte = ({ transport, storage, importExport, drive }: ElementTypes): number =>
  flagByte({ 0: transport, 1: storage, 2: importExport, 3: drive });

/** Rows in the order MT, ST, I/E, DT from `offset`. */
const matrixAt = (view: FieldView, offset: number): Record<ElementType, ElementTypes> => ({
  transport: typesAt(view, offset),
  storage: typesAt(view, offset + 1),
  importExport: typesAt(view, offset + 2),
  drive: typesAt(view, offset + 3),
});

export function parseChangerCapabilities({
  body,
}: Pick<ModePage, 'body'>): ChangerCapabilities & { readonly truncated: boolean } {
  const view = new FieldView(body);
  const [canStore, move, exchange] = [typesAt(view, 0), matrixAt(view, 2), matrixAt(view, 10)];
  return { canStore, move, exchange, truncated: view.truncated };
}

export function encodeChangerCapabilities({ canStore, move, exchange }: ChangerCapabilities): ModePage {
  const body = new Uint8Array(18);
  body[0] = typesByte(canStore);
  order.forEach((type, index) => {
    body[2 + index] = typesByte(move[type]);
    body[10 + index] = typesByte(exchange[type]);
  });
  return { page: changerModePage.deviceCapabilities, subpage: 0, savable: false, body };
}
