import { flagByte, putField } from '#src/base/put-field';
import { type CdbResult, newCdb, readCdb } from '#src/scsi/cdb';
import { type ElementAddress, elementAddress } from '#src/scsi/element-address';

/** The device looks at all of its elements (bar codes too); minutes in a large library. */
export interface InitializeElementStatusCommand {
  readonly op: 'initializeElementStatus';
}

export interface InitializeRange {
  readonly first: ElementAddress;
  /** 0 reaches to the last element (SMC-3, NUMBER OF ELEMENTS). */
  readonly count: number;
}

export interface InitializeElementStatusWithRangeCommand {
  readonly op: 'initializeElementStatusWithRange';
  /** Absent: all elements. */
  readonly range?: InitializeRange;
  /** FAST: look for media, do not read volume tags. */
  readonly fast: boolean;
}

export const encodeInitializeElementStatusCdb = (): Uint8Array => newCdb('initializeElementStatus');

export const parseInitializeElementStatusCdb = (cdb: Uint8Array): CdbResult<InitializeElementStatusCommand> =>
  readCdb('initializeElementStatus', cdb, () => ({ op: 'initializeElementStatus' }));

export function encodeInitializeElementStatusWithRangeCdb({
  range,
  fast,
}: {
  readonly range?: InitializeRange;
  readonly fast?: boolean;
} = {}): Uint8Array {
  const cdb = newCdb('initializeElementStatusWithRange');
  cdb[1] = flagByte({ 0: range !== undefined, 1: fast });
  putField(cdb, 2, 2, range?.first ?? 0);
  putField(cdb, 6, 2, range?.count ?? 0);
  return cdb;
}

export const parseInitializeElementStatusWithRangeCdb = (
  cdb: Uint8Array,
): CdbResult<InitializeElementStatusWithRangeCommand> =>
  readCdb('initializeElementStatusWithRange', cdb, (fields) => ({
    op: 'initializeElementStatusWithRange',
    ...(fields.bit(1, 0) ? { range: { first: elementAddress(fields.uint(2, 2)), count: fields.uint(6, 2) } } : {}),
    fast: fields.bit(1, 1),
  }));
