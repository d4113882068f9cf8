import { FieldView } from '#src/base/field-view';
import { putField } from '#src/base/put-field';
import { type CdbResult, newCdb, readCdb } from '#src/scsi/cdb';

export interface ReadBlockLimitsCommand {
  readonly op: 'readBlockLimits';
}

/** READ BLOCK LIMITS data (SSC-5). */
export interface BlockLimits {
  /** Block lengths are multiples of 2^granularity bytes; 0 to 31. */
  readonly granularity: number;
  /** 0 means that no maximum is reported. */
  readonly maximumBlockBytes: number;
  readonly minimumBlockBytes: number;
}

export const encodeReadBlockLimitsCdb = (): Uint8Array => newCdb('readBlockLimits');

export const parseReadBlockLimitsCdb = (cdb: Uint8Array): CdbResult<ReadBlockLimitsCommand> =>
  readCdb('readBlockLimits', cdb, () => ({ op: 'readBlockLimits' }));

export function encodeBlockLimits({ granularity, maximumBlockBytes, minimumBlockBytes }: BlockLimits): Uint8Array {
  const data = new Uint8Array(6);
  data[0] = granularity & 0x1f;
  putField(data, 1, 3, maximumBlockBytes);
  putField(data, 4, 2, minimumBlockBytes);
  return data;
}

export function parseBlockLimits(data: Uint8Array): BlockLimits & { readonly truncated: boolean } {
  const view = new FieldView(data);
  return {
    granularity: view.bits(0, 4, 0),
    maximumBlockBytes: view.uint(1, 3),
    minimumBlockBytes: view.uint(4, 2),
    truncated: view.truncated,
  };
}
