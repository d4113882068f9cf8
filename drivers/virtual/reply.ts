import type { SenseFields } from '#src/scsi/sense';

/** How a command ended, before it is put into a status byte and sense data. */
export type Reply =
  /** `data` is cut to the allocation length by the port; `transferredBytes` counts what a READ put into the buffer itself. */
  | { readonly status: 'good'; readonly data?: Uint8Array; readonly transferredBytes?: number }
  | { readonly status: 'check'; readonly sense: SenseFields; readonly transferredBytes?: number };

export const good = (data?: Uint8Array): Reply => (data ? { status: 'good', data } : { status: 'good' });

export const check = (sense: SenseFields, transferredBytes = 0): Reply => ({
  status: 'check',
  sense,
  transferredBytes,
});

/** INVALID FIELD IN CDB, at a byte (and its most significant wrong bit). */
export const invalidCdbField = (byte: number, bit?: number): Reply =>
  check({
    ...sense.invalidFieldInCdb,
    specific: { kind: 'field-pointer', inCdb: true, byte, ...(bit === undefined ? {} : { bit }) },
  });

/** INVALID FIELD IN PARAMETER LIST, at a byte of the data-out. */
export const invalidParameter = (byte: number): Reply =>
  check({ ...sense.invalidFieldInParameterList, specific: { kind: 'field-pointer', inCdb: false, byte } });

/** Sense keys and additional sense codes that these devices answer with (SPC-5, ASC and ASCQ assignments). */
export const sense = {
  noSense: { key: 0x0, asc: 0x00, ascq: 0x00 },
  filemarkDetected: { key: 0x0, asc: 0x00, ascq: 0x01 },
  endOfMediumDetected: { key: 0x0, asc: 0x00, ascq: 0x02 },
  beginningOfMediumDetected: { key: 0x0, asc: 0x00, ascq: 0x04 },
  initializingCommandRequired: { key: 0x2, asc: 0x04, ascq: 0x02 },
  cleaningCartridgeInstalled: { key: 0x2, asc: 0x30, ascq: 0x03 },
  cleaningFailure: { key: 0x2, asc: 0x30, ascq: 0x07 },
  mediumNotPresent: { key: 0x2, asc: 0x3a, ascq: 0x00 },
  writeError: { key: 0x3, asc: 0x0c, ascq: 0x00 },
  unrecoveredReadError: { key: 0x3, asc: 0x11, ascq: 0x00 },
  incompatibleMedium: { key: 0x3, asc: 0x30, ascq: 0x00 },
  internalTargetFailure: { key: 0x4, asc: 0x44, ascq: 0x00 },
  parameterListLengthError: { key: 0x5, asc: 0x1a, ascq: 0x00 },
  invalidElementAddress: { key: 0x5, asc: 0x21, ascq: 0x01 },
  invalidFieldInCdb: { key: 0x5, asc: 0x24, ascq: 0x00 },
  invalidFieldInParameterList: { key: 0x5, asc: 0x26, ascq: 0x00 },
  savingNotSupported: { key: 0x5, asc: 0x39, ascq: 0x00 },
  destinationFull: { key: 0x5, asc: 0x3b, ascq: 0x0d },
  sourceEmpty: { key: 0x5, asc: 0x3b, ascq: 0x0e },
  /** Vendor-specific; SMC-3 has none for it. Quantum and Exabyte loaders: "loaded inside the drive and not accessible". */
  sourceNotUnloaded: { key: 0x5, asc: 0x3b, ascq: 0x90 },
  removalPrevented: { key: 0x5, asc: 0x53, ascq: 0x02 },
  notReadyToReady: { key: 0x6, asc: 0x28, ascq: 0x00 },
  importExportAccessed: { key: 0x6, asc: 0x28, ascq: 0x01 },
  powerOn: { key: 0x6, asc: 0x29, ascq: 0x00 },
  modeParametersChanged: { key: 0x6, asc: 0x2a, ascq: 0x01 },
  writeProtected: { key: 0x7, asc: 0x27, ascq: 0x00 },
  /** What is behind the device has no room: nothing is wrong with the medium. Assigned to disks; no tape drive has this trouble. */
  spaceAllocationFailed: { key: 0x7, asc: 0x27, ascq: 0x07 },
  cannotWriteIncompatibleFormat: { key: 0x7, asc: 0x30, ascq: 0x05 },
  wormOverwrite: { key: 0x7, asc: 0x30, ascq: 0x0c },
  endOfDataDetected: { key: 0x8, asc: 0x00, ascq: 0x05 },
  dataPhaseError: { key: 0xb, asc: 0x4b, ascq: 0x00 },
  volumeOverflow: { key: 0xd, asc: 0x00, ascq: 0x02 },
} as const satisfies Record<string, SenseFields>;
