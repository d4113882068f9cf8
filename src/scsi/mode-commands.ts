import { flagByte, putField } from '#src/base/put-field';
import { type CdbResult, newCdb, readCdb } from '#src/scsi/cdb';

/** PC field of MODE SENSE (SPC-5): which values are wanted. */
export const pageControl = { current: 0, changeable: 1, default: 2, saved: 3 } as const;

export type PageControl = keyof typeof pageControl;

const pageControls = ['current', 'changeable', 'default', 'saved'] as const satisfies readonly PageControl[];

export interface ModeSenseFields {
  /** 3Fh asks for all pages. */
  readonly page: number;
  /** FFh asks for all subpages. */
  readonly subpage?: number;
  readonly control?: PageControl;
  /** DBD: without block descriptors. A tape's density and block length are in the block descriptor. */
  readonly noBlockDescriptors?: boolean;
  readonly allocationBytes: number;
}

export interface ModeSenseCommand extends Required<ModeSenseFields> {
  readonly op: 'modeSense6' | 'modeSense10';
}

export interface ModeSelectFields {
  /** SP: keep the values over a power cycle too. */
  readonly savePages?: boolean;
  readonly parameterListBytes: number;
}

export interface ModeSelectCommand extends Required<ModeSelectFields> {
  readonly op: 'modeSelect6' | 'modeSelect10';
  /** PF: the pages have the format of the standard. */
  readonly pageFormat: boolean;
}

function putModeSense(cdb: Uint8Array, { page, subpage, control, noBlockDescriptors }: ModeSenseFields): void {
  cdb[1] = flagByte({ 3: noBlockDescriptors });
  cdb[2] = (pageControl[control ?? 'current'] << 6) | (page & 0x3f);
  putField(cdb, 3, 1, subpage ?? 0);
}

/** At most 255 bytes of answer. The answer is read with `parseModeParameters6`. */
export function encodeModeSense6Cdb(fields: ModeSenseFields): Uint8Array {
  const cdb = newCdb('modeSense6');
  putModeSense(cdb, fields);
  putField(cdb, 4, 1, fields.allocationBytes);
  return cdb;
}

/** At most 65,535 bytes of answer. The answer is read with `parseModeParameters10`. */
export function encodeModeSense10Cdb(fields: ModeSenseFields): Uint8Array {
  const cdb = newCdb('modeSense10');
  putModeSense(cdb, fields);
  putField(cdb, 7, 2, fields.allocationBytes);
  return cdb;
}

function parseModeSense(op: ModeSenseCommand['op'], cdb: Uint8Array): CdbResult<ModeSenseCommand> {
  return readCdb(op, cdb, (fields) => ({
    op,
    page: fields.bits(2, 5, 0),
    subpage: fields.uint(3),
    control: pageControls[fields.bits(2, 7, 6)] ?? 'current',
    noBlockDescriptors: fields.bit(1, 3),
    allocationBytes: op === 'modeSense6' ? fields.uint(4) : fields.uint(7, 2),
  }));
}

export const parseModeSense6Cdb = (cdb: Uint8Array): CdbResult<ModeSenseCommand> => parseModeSense('modeSense6', cdb);

/** LLBAA is accepted and means nothing to a tape or a changer. */
export const parseModeSense10Cdb = (cdb: Uint8Array): CdbResult<ModeSenseCommand> => parseModeSense('modeSense10', cdb);

/** PF is always set. The data-out is made with `encodeModeParameters6`. */
export function encodeModeSelect6Cdb({ savePages, parameterListBytes }: ModeSelectFields): Uint8Array {
  const cdb = newCdb('modeSelect6');
  cdb[1] = flagByte({ 4: true, 0: savePages });
  putField(cdb, 4, 1, parameterListBytes);
  return cdb;
}

/** PF is always set. The data-out is made with `encodeModeParameters10`. */
export function encodeModeSelect10Cdb({ savePages, parameterListBytes }: ModeSelectFields): Uint8Array {
  const cdb = newCdb('modeSelect10');
  cdb[1] = flagByte({ 4: true, 0: savePages });
  putField(cdb, 7, 2, parameterListBytes);
  return cdb;
}

function parseModeSelect(op: ModeSelectCommand['op'], cdb: Uint8Array): CdbResult<ModeSelectCommand> {
  return readCdb(op, cdb, (fields) => ({
    op,
    pageFormat: fields.bit(1, 4),
    savePages: fields.bit(1, 0),
    parameterListBytes: op === 'modeSelect6' ? fields.uint(4) : fields.uint(7, 2),
  }));
}

export const parseModeSelect6Cdb = (cdb: Uint8Array): CdbResult<ModeSelectCommand> =>
  parseModeSelect('modeSelect6', cdb);

export const parseModeSelect10Cdb = (cdb: Uint8Array): CdbResult<ModeSelectCommand> =>
  parseModeSelect('modeSelect10', cdb);
