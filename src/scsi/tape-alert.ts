import { FieldView } from '#src/base/field-view';
import { encodeLogPage, type LogPage, parseLogPage } from '#src/scsi/log-sense';
import { tapeLogPage } from '#src/scsi/tape-log-pages';

/** `critical`: data or the drive is in danger; `warning`: look at it; `information`. */
export type TapeAlertSeverity = 'critical' | 'warning' | 'information';

export interface TapeAlertFlag {
  /** 1 to 64. */
  readonly flag: number;
  readonly name: string;
  readonly severity: TapeAlertSeverity;
}

/** Flags of tape drives (SSC-5, TapeAlert flags): severity and name. Those missing are reserved. */
const flags: Readonly<Record<number, readonly ['C' | 'W' | 'I', string]>> = {
  1: ['W', 'read warning'],
  2: ['W', 'write warning'],
  3: ['W', 'hard error'],
  4: ['C', 'medium'],
  5: ['C', 'read failure'],
  6: ['C', 'write failure'],
  7: ['W', 'medium life'],
  8: ['W', 'not data grade'],
  9: ['C', 'write protect'],
  10: ['I', 'medium removal prevented'],
  11: ['I', 'cleaning medium'],
  12: ['I', 'unsupported format'],
  13: ['C', 'recoverable mechanical cartridge failure'],
  14: ['C', 'unrecoverable mechanical cartridge failure'],
  15: ['W', 'memory chip in cartridge failure'],
  16: ['C', 'forced eject'],
  17: ['W', 'read only format'],
  18: ['W', 'tape directory corrupted on load'],
  19: ['I', 'nearing medium life'],
  20: ['C', 'cleaning required'],
  21: ['W', 'cleaning requested'],
  22: ['C', 'expired cleaning medium'],
  23: ['C', 'invalid cleaning tape'],
  24: ['W', 'retension requested'],
  25: ['W', 'multi-port interface error on a primary port'],
  26: ['W', 'cooling fan failure'],
  27: ['W', 'power supply failure'],
  28: ['W', 'power consumption'],
  29: ['W', 'drive preventive maintenance required'],
  30: ['C', 'hardware A'],
  31: ['C', 'hardware B'],
  32: ['W', 'primary interface'],
  33: ['C', 'eject volume'],
  34: ['W', 'microcode update failure'],
  35: ['W', 'drive humidity'],
  36: ['W', 'drive temperature'],
  37: ['W', 'drive voltage'],
  38: ['C', 'predictive failure'],
  39: ['W', 'diagnostics required'],
  40: ['C', 'loader hardware A'],
  41: ['C', 'loader stray tape'],
  42: ['W', 'loader hardware B'],
  43: ['C', 'loader door'],
  44: ['C', 'loader hardware C'],
  45: ['C', 'loader magazine'],
  46: ['W', 'loader predictive failure'],
  49: ['W', 'diminished native capacity'],
  50: ['W', 'lost statistics'],
  51: ['W', 'tape directory invalid at unload'],
  52: ['C', 'tape system area write failure'],
  53: ['C', 'tape system area read failure'],
  54: ['C', 'no start of data'],
  55: ['C', 'loading or threading failure'],
  56: ['C', 'unrecoverable unload failure'],
  57: ['C', 'automation interface failure'],
  58: ['C', 'microcode failure'],
  59: ['W', 'WORM volume integrity check failed'],
  60: ['W', 'WORM volume overwrite attempted'],
  61: ['W', 'encryption policy violation'],
};

const severities = { C: 'critical', W: 'warning', I: 'information' } as const;

/** A reserved number is a warning named `reserved flag N`: new drives set flags that are younger than this table. */
export function tapeAlertFlag(flag: number): TapeAlertFlag {
  const [severity, name] = flags[flag] ?? (['W', `reserved flag ${flag}`] as const);
  return { flag, name, severity: severities[severity] };
}

/**
 * The flags that are set, ascending, from the TapeAlert response log page (12h: reading does not clear them), the TapeAlert
 * log page (2Eh: reading clears them), or undefined where the answer is another page.
 */
export function parseTapeAlerts(data: Uint8Array): readonly TapeAlertFlag[] | undefined {
  const { page, parameters } = parseLogPage(data);
  if (page === tapeLogPage.tapeAlertResponse) {
    const bits = parameters.find(({ code }) => code === 0x0000)?.value ?? new Uint8Array(0);
    return parseTapeAlertBits(bits);
  }
  if (page !== tapeLogPage.tapeAlert) return undefined;
  const set = parameters.filter(({ code, value }) => code >= 1 && code <= 64 && ((value[0] ?? 0) & 0x01) === 1);
  return set.map(({ code }) => tapeAlertFlag(code)).sort((a, b) => a.flag - b.flag);
}

/** Eight bytes, flag 1 is the first bit (also MAM attribute 0002h). */
export function parseTapeAlertBits(bits: Uint8Array): readonly TapeAlertFlag[] {
  const view = new FieldView(bits.subarray(0, 8));
  const set: TapeAlertFlag[] = [];
  for (let flag = 1; flag <= 8 * view.lengthBytes; flag++) {
    if (view.bit((flag - 1) >> 3, 7 - ((flag - 1) & 7))) set.push(tapeAlertFlag(flag));
  }
  return set;
}

export function encodeTapeAlertBits(set: Iterable<number>): Uint8Array {
  const bits = new Uint8Array(8);
  for (const flag of set) bits[(flag - 1) >> 3] = (bits[(flag - 1) >> 3] ?? 0) | (0x80 >> ((flag - 1) & 7));
  return bits;
}

/** Page 12h. Control byte 03h: binary list parameter. */
export function encodeTapeAlertResponsePage(set: Iterable<number>): Uint8Array {
  return encodeLogPage({
    page: tapeLogPage.tapeAlertResponse,
    subpage: 0,
    parameters: [{ code: 0, control: 0x03, value: encodeTapeAlertBits(set) }],
  });
}

/** Page 2Eh: all 64 flags, one byte each. */
export function encodeTapeAlertPage(set: ReadonlySet<number>): Uint8Array {
  const parameters: LogPage['parameters'] = Array.from({ length: 64 }, (_, index) => ({
    code: index + 1,
    control: 0x00,
    value: Uint8Array.of(set.has(index + 1) ? 1 : 0),
  }));
  return encodeLogPage({ page: tapeLogPage.tapeAlert, subpage: 0, parameters });
}
