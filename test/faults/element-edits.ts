import type { ElementStatus } from '#src/scsi/element-status';
import { encodeElementStatus } from '#src/scsi/encode-element-status';
import { parseElementStatus } from '#src/scsi/parse-element-status';
import { type ElementType, elementType } from '#src/scsi/read-element-status';
import { always, operation } from '#test/faults/library-bench';
import type { Fault } from '#test/support/faulty-transport';

const isAbout = (type: ElementType) => (cdb: Uint8Array) =>
  cdb[0] === operation.elements && (cdb[1] ?? 0) % 16 === elementType[type];

/** Every answer about elements of this type has other elements in it. */
export const elementsAre = (
  type: ElementType,
  edit: (elements: readonly ElementStatus[]) => readonly ElementStatus[],
): Fault => ({
  when: isAbout(type),
  ...always,
  action: {
    kind: 'answer',
    edit: (bytes, cdb) => {
      const elements = edit(parseElementStatus(bytes).elements);
      return encodeElementStatus(elements, { volumeTags: true, deviceIdentifiers: ((cdb[6] ?? 0) & 1) === 1 });
    },
  },
});

/** One element of this type is another; by its index. */
export const elementIs = (type: ElementType, index: number, change: Partial<ElementStatus>): Fault =>
  elementsAre(type, (elements) =>
    elements.map((element) => (element.address === firstOf(elements) + index ? { ...element, ...change } : element)),
  );

const firstOf = (elements: readonly ElementStatus[]): number =>
  Math.min(...elements.map(({ address }) => address as number));

/** Every answer about elements of this type has other bytes. */
export const bytesAre = (type: ElementType, edit: (bytes: Uint8Array) => Uint8Array): Fault => ({
  when: isAbout(type),
  ...always,
  action: { kind: 'answer', edit },
});
