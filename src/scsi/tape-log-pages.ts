import { FieldView } from '#src/base/field-view';
import { flagByte, putField } from '#src/base/put-field';
import type { LogPage, LogParameter } from '#src/scsi/log-sense';

/** Log pages of tape drives that are decoded here; TapeAlert is in `tape-alert.ts`. */
export const tapeLogPage = {
  supportedPages: 0x00,
  sequentialAccessDevice: 0x0c,
  deviceStatus: 0x11,
  tapeAlertResponse: 0x12,
  tapeAlert: 0x2e,
  tapeCapacity: 0x31,
} as const;

type Parameters = Pick<LogPage, 'parameters'>;

/** The unsigned value of a parameter; undefined where it is missing, empty or longer than eight bytes. */
export function logCounter({ parameters }: Parameters, code: number): bigint | undefined {
  const value = parameters.find((parameter) => parameter.code === code)?.value;
  if (value === undefined || value.length === 0 || value.length > 8) return undefined;
  return new FieldView(value).bigUint(0, value.length);
}

/** Control byte 00h: a counter; 03h: a binary list parameter (SPC-5, FORMAT AND LINKING). */
function binaryParameter(code: number, widthBytes: number, value: bigint | number): LogParameter {
  const bytes = new Uint8Array(widthBytes);
  putField(bytes, 0, widthBytes, value);
  return { code, control: 0x03, value: bytes };
}

/** Sequential-access device log page, 0Ch (SSC-5). Bytes since the load; what the drive does not report is absent. */
export interface SequentialAccessCounters {
  readonly receivedBytes?: bigint;
  readonly writtenBytes?: bigint;
  readonly readBytes?: bigint;
  readonly sentBytes?: bigint;
  /** 10⁶ bytes from the beginning of the partition to end of data, native. */
  readonly toEndOfDataMegabytes?: bigint;
  readonly toEarlyWarningMegabytes?: bigint;
  readonly earlyWarningToEndMegabytes?: bigint;
  readonly toPositionMegabytes?: bigint;
  readonly cleaningRequired?: boolean;
}

const counterCodes = {
  receivedBytes: 0x0000,
  writtenBytes: 0x0001,
  readBytes: 0x0002,
  sentBytes: 0x0003,
  toEndOfDataMegabytes: 0x0004,
  toEarlyWarningMegabytes: 0x0005,
  earlyWarningToEndMegabytes: 0x0006,
  toPositionMegabytes: 0x0007,
} as const satisfies Record<Exclude<keyof SequentialAccessCounters, 'cleaningRequired'>, number>;

const cleaningRequiredCode = 0x0100;

export function parseSequentialAccessCounters(page: Parameters): SequentialAccessCounters {
  const found = Object.entries(counterCodes).flatMap(([name, code]) => {
    const value = logCounter(page, code);
    return value === undefined ? [] : [[name, value] as const];
  });
  const cleaning = logCounter(page, cleaningRequiredCode);
  return { ...Object.fromEntries(found), ...(cleaning === undefined ? {} : { cleaningRequired: cleaning !== 0n }) };
}

export function encodeSequentialAccessCounters(counters: SequentialAccessCounters): LogPage {
  const parameters = (Object.keys(counterCodes) as (keyof typeof counterCodes)[]).flatMap((name) => {
    const value = counters[name];
    return value === undefined ? [] : [{ ...binaryParameter(counterCodes[name], 8, value), control: 0x00 }];
  });
  const cleaning = counters.cleaningRequired;
  if (cleaning !== undefined) parameters.push(binaryParameter(cleaningRequiredCode, 8, cleaning ? 1 : 0));
  return { page: tapeLogPage.sequentialAccessDevice, subpage: 0, parameters };
}

/** DT DEVICE ACTIVITY (ADC-4, very high frequency data). */
export const driveActivity = [
  'none',
  'cleaning',
  'loading',
  'unloading',
  'other-medium',
  'reading',
  'writing',
  'locating',
  'rewinding',
  'erasing',
  'formatting',
  'calibrating',
  'other-device',
  'microcode-update',
  'reading-encrypted',
  'writing-encrypted',
] as const;

/** What drives report in the DT device status log page, 11h, parameter 0000h (ADC-4, very high frequency data). */
export interface DriveStatus {
  readonly mediumPresent: boolean;
  readonly mediumThreaded: boolean;
  readonly mediumMounted: boolean;
  readonly writeProtected: boolean;
  readonly compressionEnabled: boolean;
  readonly cleaningRequired: boolean;
  readonly cleaningRequested: boolean;
  /** TAFC: TapeAlert flags changed since they were last read. */
  readonly tapeAlertChanged: boolean;
  /** Undefined for a reserved number. */
  readonly activity?: (typeof driveActivity)[number];
}

/** Undefined where the parameter is missing or short. */
export function parseDriveStatus({ parameters }: Parameters): DriveStatus | undefined {
  const value = parameters.find(({ code }) => code === 0x0000)?.value;
  if (value === undefined || value.length < 4) return undefined;
  const view = new FieldView(value);
  const activity = driveActivity[view.uint(2)];
  return {
    mediumPresent: view.bit(1, 4),
    mediumThreaded: view.bit(1, 1),
    mediumMounted: view.bit(1, 0),
    writeProtected: view.bit(0, 3),
    compressionEnabled: view.bit(0, 4),
    cleaningRequired: view.bit(0, 1),
    cleaningRequested: view.bit(0, 2),
    tapeAlertChanged: view.bit(3, 0),
    ...(activity === undefined ? {} : { activity }),
  };
}

export function encodeDriveStatus(status: DriveStatus): LogPage {
  const value = Uint8Array.of(
    flagByte({
      4: status.compressionEnabled,
      3: status.writeProtected,
      2: status.cleaningRequested,
      1: status.cleaningRequired,
    }),
    flagByte({ 4: status.mediumPresent, 1: status.mediumThreaded, 0: status.mediumMounted }),
    status.activity === undefined ? 0 : driveActivity.indexOf(status.activity),
    flagByte({ 0: status.tapeAlertChanged }),
  );
  return { page: tapeLogPage.deviceStatus, subpage: 0, parameters: [{ code: 0x0000, control: 0x03, value }] };
}

/** Tape capacity log page, 31h, of LTO drives: 2²⁰ bytes, native, of the main and the alternate partition. */
export interface TapeCapacity {
  readonly remainingMebibytes?: bigint;
  readonly alternateRemainingMebibytes?: bigint;
  readonly maximumMebibytes?: bigint;
  readonly alternateMaximumMebibytes?: bigint;
}

const capacityCodes = {
  remainingMebibytes: 0x0001,
  alternateRemainingMebibytes: 0x0002,
  maximumMebibytes: 0x0003,
  alternateMaximumMebibytes: 0x0004,
} as const satisfies Record<keyof TapeCapacity, number>;

export function parseTapeCapacity(page: Parameters): TapeCapacity {
  const found = Object.entries(capacityCodes).flatMap(([name, code]) => {
    const value = logCounter(page, code);
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(found);
}

export function encodeTapeCapacity(capacity: TapeCapacity): LogPage {
  const parameters = (Object.keys(capacityCodes) as (keyof TapeCapacity)[]).flatMap((name) => {
    const value = capacity[name];
    return value === undefined ? [] : [binaryParameter(capacityCodes[name], 4, value)];
  });
  return { page: tapeLogPage.tapeCapacity, subpage: 0, parameters };
}
