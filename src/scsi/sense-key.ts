/** Sense keys (SPC-5, SENSE KEY field). */
export const senseKey = {
  noSense: 0x0,
  recoveredError: 0x1,
  notReady: 0x2,
  mediumError: 0x3,
  hardwareError: 0x4,
  illegalRequest: 0x5,
  unitAttention: 0x6,
  dataProtect: 0x7,
  blankCheck: 0x8,
  vendorSpecific: 0x9,
  copyAborted: 0xa,
  abortedCommand: 0xb,
  reserved: 0xc,
  volumeOverflow: 0xd,
  miscompare: 0xe,
  completed: 0xf,
} as const;

export type SenseKey = (typeof senseKey)[keyof typeof senseKey];

const names = [
  'NO SENSE',
  'RECOVERED ERROR',
  'NOT READY',
  'MEDIUM ERROR',
  'HARDWARE ERROR',
  'ILLEGAL REQUEST',
  'UNIT ATTENTION',
  'DATA PROTECT',
  'BLANK CHECK',
  'VENDOR SPECIFIC',
  'COPY ABORTED',
  'ABORTED COMMAND',
  'RESERVED',
  'VOLUME OVERFLOW',
  'MISCOMPARE',
  'COMPLETED',
] as const;

export const senseKeyText = (key: SenseKey): string => names[key];

/**
 * These end commands that did what was asked, save for what the bits say (SPC-5, sense keys): NO SENSE carries "cleaning requested" (00/17), too, in the middle of
 * a write.
 */
export const isBenign = ({ key }: { readonly key: SenseKey }): boolean =>
  key === senseKey.noSense || key === senseKey.recoveredError || key === senseKey.completed;
