/** Status codes (SAM-5, status codes). */
export const status = {
  good: 0x00,
  checkCondition: 0x02,
  conditionMet: 0x04,
  busy: 0x08,
  reservationConflict: 0x18,
  taskSetFull: 0x28,
  acaActive: 0x30,
  taskAborted: 0x40,
} as const;

const names: Readonly<Record<number, string>> = {
  [status.good]: 'GOOD',
  [status.checkCondition]: 'CHECK CONDITION',
  [status.conditionMet]: 'CONDITION MET',
  [status.busy]: 'BUSY',
  [status.reservationConflict]: 'RESERVATION CONFLICT',
  [status.taskSetFull]: 'TASK SET FULL',
  [status.acaActive]: 'ACA ACTIVE',
  [status.taskAborted]: 'TASK ABORTED',
};

/** As the standard writes it, or the number where it has no name. */
export const statusText = (code: number): string =>
  names[code] ?? `status ${code.toString(16).padStart(2, '0').toUpperCase()}h`;
