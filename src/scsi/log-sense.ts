import { FieldView } from '#src/base/field-view';
import { flagByte, putField } from '#src/base/put-field';
import { type CdbResult, newCdb, readCdb } from '#src/scsi/cdb';

/** PC field of LOG SENSE (SPC-5): which values are wanted. Most counters are in the cumulative values. */
const pageControls = ['thresholdCurrent', 'cumulative', 'thresholdDefault', 'cumulativeDefault'] as const;

export type LogPageControl = (typeof pageControls)[number];

export interface LogSenseFields {
  readonly page: number;
  readonly subpage?: number;
  readonly control?: LogPageControl;
  /** Parameters with a lower code are left out. */
  readonly parameterPointer?: number;
  readonly savePages?: boolean;
  readonly allocationBytes: number;
}

export interface LogSenseCommand extends Required<LogSenseFields> {
  readonly op: 'logSense';
}

export interface LogParameter {
  readonly code: number;
  /** DU, TSD, ETC, TMC and format bits as the device sent them. */
  readonly control: number;
  readonly value: Uint8Array;
}

export interface LogPage {
  readonly page: number;
  readonly subpage: number;
  readonly parameters: readonly LogParameter[];
}

export interface ParsedLogPage extends LogPage {
  /** The whole page as it would be with a large enough allocation length. */
  readonly availableBytes: number;
  /** What follows the header, for pages that are not made of parameters (00h: the list of pages). */
  readonly body: Uint8Array;
  readonly truncated: boolean;
}

export function encodeLogSenseCdb(fields: LogSenseFields): Uint8Array {
  const cdb = newCdb('logSense');
  cdb[1] = flagByte({ 0: fields.savePages });
  cdb[2] = (pageControls.indexOf(fields.control ?? 'cumulative') << 6) | (fields.page & 0x3f);
  putField(cdb, 3, 1, fields.subpage ?? 0);
  putField(cdb, 5, 2, fields.parameterPointer ?? 0);
  putField(cdb, 7, 2, fields.allocationBytes);
  return cdb;
}

export const parseLogSenseCdb = (cdb: Uint8Array): CdbResult<LogSenseCommand> =>
  readCdb('logSense', cdb, (fields) => ({
    op: 'logSense',
    page: fields.bits(2, 5, 0),
    subpage: fields.uint(3),
    control: pageControls[fields.bits(2, 7, 6)] ?? 'cumulative',
    parameterPointer: fields.uint(5, 2),
    savePages: fields.bit(1, 0),
    allocationBytes: fields.uint(7, 2),
  }));

/** Header and parameters of a log page (SPC-5, log parameters); a parameter that is cut short is kept as far as it goes. */
export function parseLogPage(data: Uint8Array): ParsedLogPage {
  const header = new FieldView(data);
  const page = header.bits(0, 5, 0);
  const availableBytes = 4 + header.uint(2, 2);
  const body = data.subarray(4, availableBytes);
  const view = new FieldView(body);
  const parameters: LogParameter[] = [];
  let offset = 0;
  while (page !== 0 && offset + 4 <= body.length) {
    const valueBytes = view.uint(offset + 3);
    parameters.push({
      code: view.uint(offset, 2),
      control: view.uint(offset + 2),
      value: view.slice(offset + 4, valueBytes),
    });
    offset += 4 + valueBytes;
  }
  const isCut =
    header.truncated || view.truncated || data.length < availableBytes || (page !== 0 && offset < body.length);
  return { page, subpage: header.bit(0, 6) ? header.uint(1) : 0, parameters, availableBytes, body, truncated: isCut };
}

export function encodeLogPage({ page, subpage, parameters }: LogPage): Uint8Array {
  const body = parameters.map(({ code, control, value }) =>
    Buffer.concat([Uint8Array.of(code >> 8, code & 0xff, control, value.length), value]),
  );
  return withLogHeader(page, subpage, Buffer.concat(body));
}

/** Log page 00h: the pages that there are. */
export function encodeSupportedLogPages(pages: readonly number[]): Uint8Array {
  return withLogHeader(0x00, 0x00, Uint8Array.from(pages));
}

/** The page codes that log page 00h lists. */
export const parseSupportedLogPages = (data: Uint8Array): readonly number[] =>
  Array.from(parseLogPage(data).body, (code) => code & 0x3f);

function withLogHeader(page: number, subpage: number, body: Uint8Array): Uint8Array {
  const data = new Uint8Array(4 + body.length);
  data[0] = (page & 0x3f) | flagByte({ 6: subpage !== 0 });
  data[1] = subpage;
  putField(data, 2, 2, body.length);
  data.set(body, 4);
  return data;
}
