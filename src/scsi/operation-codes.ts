/** Where the length of the data phase stands in the CDB. `blocks` holds only while FIXED (byte 1, bit 0) is set. */
export interface TransferField {
  readonly offset: number;
  readonly widthBytes: 1 | 2 | 3 | 4;
  readonly unit: 'bytes' | 'blocks';
}

export interface OperationDefinition {
  /** As the standards write it. */
  readonly name: string;
  readonly operationCode: number;
  /** Byte 1, bits 4–0, where one operation code carries several commands. */
  readonly serviceAction?: number;
  readonly direction: 'none' | 'in' | 'out';
  /**
   * CDB usage data (SPC-5, REPORT SUPPORTED OPERATION CODES) in hexadecimal: the operation code, then a one for every bit that is evaluated. Its
   * length is the length of the CDB. Bits that are zero here are reserved; a target refuses them.
   */
  readonly usage: string;
  readonly transfer?: TransferField;
  /** Length of the data-in where the CDB has no allocation length. */
  readonly fixedBytes?: number;
  /** Where the command is defined. */
  readonly standard: 'SPC-5' | 'SSC-5' | 'SMC-3';
}

const bytesAt = (offset: number, widthBytes: TransferField['widthBytes']): TransferField => ({
  offset,
  widthBytes,
  unit: 'bytes',
});
const blocksAt = (offset: number, widthBytes: TransferField['widthBytes']): TransferField => ({
  offset,
  widthBytes,
  unit: 'blocks',
});

/**
 * The commands that this program sends and that its virtual devices answer. The control byte is all zeros in the usage data:
 * NACA (SAM-5, CONTROL byte) is not supported by either side.
 */
export const operations = {
  testUnitReady: {
    name: 'TEST UNIT READY',
    operationCode: 0x00,
    direction: 'none',
    usage: '000000000000',
    standard: 'SPC-5',
  },
  rewind: { name: 'REWIND', operationCode: 0x01, direction: 'none', usage: '010100000000', standard: 'SSC-5' },
  requestSense: {
    name: 'REQUEST SENSE',
    operationCode: 0x03,
    direction: 'in',
    usage: '03010000ff00',
    transfer: bytesAt(4, 1),
    standard: 'SPC-5',
  },
  readBlockLimits: {
    name: 'READ BLOCK LIMITS',
    operationCode: 0x05,
    direction: 'in',
    usage: '050000000000',
    fixedBytes: 6,
    standard: 'SSC-5',
  },
  initializeElementStatus: {
    name: 'INITIALIZE ELEMENT STATUS',
    operationCode: 0x07,
    direction: 'none',
    usage: '070000000000',
    standard: 'SMC-3',
  },
  read6: {
    name: 'READ(6)',
    operationCode: 0x08,
    direction: 'in',
    usage: '0803ffffff00',
    transfer: blocksAt(2, 3),
    standard: 'SSC-5',
  },
  write6: {
    name: 'WRITE(6)',
    operationCode: 0x0a,
    direction: 'out',
    usage: '0a01ffffff00',
    transfer: blocksAt(2, 3),
    standard: 'SSC-5',
  },
  writeFilemarks6: {
    name: 'WRITE FILEMARKS(6)',
    operationCode: 0x10,
    direction: 'none',
    usage: '1001ffffff00',
    standard: 'SSC-5',
  },
  space6: { name: 'SPACE(6)', operationCode: 0x11, direction: 'none', usage: '110fffffff00', standard: 'SSC-5' },
  inquiry: {
    name: 'INQUIRY',
    operationCode: 0x12,
    direction: 'in',
    usage: '1201ffffff00',
    transfer: bytesAt(3, 2),
    standard: 'SPC-5',
  },
  modeSelect6: {
    name: 'MODE SELECT(6)',
    operationCode: 0x15,
    direction: 'out',
    usage: '15110000ff00',
    transfer: bytesAt(4, 1),
    standard: 'SPC-5',
  },
  erase6: { name: 'ERASE(6)', operationCode: 0x19, direction: 'none', usage: '190300000000', standard: 'SSC-5' },
  modeSense6: {
    name: 'MODE SENSE(6)',
    operationCode: 0x1a,
    direction: 'in',
    usage: '1a08ffffff00',
    transfer: bytesAt(4, 1),
    standard: 'SPC-5',
  },
  loadUnload: { name: 'LOAD UNLOAD', operationCode: 0x1b, direction: 'none', usage: '1b0100000f00', standard: 'SSC-5' },
  preventAllow: {
    name: 'PREVENT ALLOW MEDIUM REMOVAL',
    operationCode: 0x1e,
    direction: 'none',
    usage: '1e0000000300',
    standard: 'SSC-5',
  },
  locate10: {
    name: 'LOCATE(10)',
    operationCode: 0x2b,
    direction: 'none',
    usage: '2b0700ffffffff00ff00',
    standard: 'SSC-5',
  },
  readPosition: {
    name: 'READ POSITION',
    operationCode: 0x34,
    direction: 'in',
    usage: '341f0000000000ffff00',
    transfer: bytesAt(7, 2),
    standard: 'SSC-5',
  },
  initializeElementStatusWithRange: {
    name: 'INITIALIZE ELEMENT STATUS WITH RANGE',
    operationCode: 0x37,
    direction: 'none',
    usage: '3703ffff0000ffff0000',
    standard: 'SMC-3',
  },
  reportDensitySupport: {
    name: 'REPORT DENSITY SUPPORT',
    operationCode: 0x44,
    direction: 'in',
    usage: '44030000000000ffff00',
    transfer: bytesAt(7, 2),
    standard: 'SSC-5',
  },
  logSense: {
    name: 'LOG SENSE',
    operationCode: 0x4d,
    direction: 'in',
    usage: '4d01ffff00ffffffff00',
    transfer: bytesAt(7, 2),
    standard: 'SPC-5',
  },
  modeSelect10: {
    name: 'MODE SELECT(10)',
    operationCode: 0x55,
    direction: 'out',
    usage: '55110000000000ffff00',
    transfer: bytesAt(7, 2),
    standard: 'SPC-5',
  },
  modeSense10: {
    name: 'MODE SENSE(10)',
    operationCode: 0x5a,
    direction: 'in',
    usage: '5a18ffff000000ffff00',
    transfer: bytesAt(7, 2),
    standard: 'SPC-5',
  },
  readAttribute: {
    name: 'READ ATTRIBUTE',
    operationCode: 0x8c,
    direction: 'in',
    usage: '8c1fffff00ff00ffffffffffffff0100',
    transfer: bytesAt(10, 4),
    standard: 'SPC-5',
  },
  space16: {
    name: 'SPACE(16)',
    operationCode: 0x91,
    direction: 'none',
    usage: '910f0000ffffffffffffffff00000000',
    standard: 'SSC-5',
  },
  locate16: {
    name: 'LOCATE(16)',
    operationCode: 0x92,
    direction: 'none',
    usage: '923b01ffffffffffffffffff00000000',
    standard: 'SSC-5',
  },
  reportLuns: {
    name: 'REPORT LUNS',
    operationCode: 0xa0,
    direction: 'in',
    usage: 'a000ff000000ffffffff0000',
    transfer: bytesAt(6, 4),
    standard: 'SPC-5',
  },
  reportSupportedOperationCodes: {
    name: 'REPORT SUPPORTED OPERATION CODES',
    operationCode: 0xa3,
    serviceAction: 0x0c,
    direction: 'in',
    usage: 'a30c87ffffffffffffff0000',
    transfer: bytesAt(6, 4),
    standard: 'SPC-5',
  },
  moveMedium: {
    name: 'MOVE MEDIUM',
    operationCode: 0xa5,
    direction: 'none',
    usage: 'a500ffffffffffff00000100',
    standard: 'SMC-3',
  },
  readElementStatus: {
    name: 'READ ELEMENT STATUS',
    operationCode: 0xb8,
    direction: 'in',
    usage: 'b81fffffffff03ffffff0000',
    transfer: bytesAt(7, 3),
    standard: 'SMC-3',
  },
} as const satisfies Record<string, OperationDefinition>;

export type OperationName = keyof typeof operations;

export const operationNames = Object.keys(operations) as readonly OperationName[];

const allOperations: ReadonlySet<OperationName> = new Set(operationNames);

const byCode = new Map<number, readonly OperationName[]>();
for (const name of operationNames) {
  const { operationCode } = operations[name];
  byCode.set(operationCode, [...(byCode.get(operationCode) ?? []), name]);
}

export const definitionOf = (name: OperationName): OperationDefinition => operations[name];

/** Length in bytes of the CDB of a command. */
export const cdbLengthBytes = (name: OperationName): number => operations[name].usage.length / 2;

/** CDB usage data (SPC-5, one_command parameter data format): operation code, then the bits that are evaluated. */
export const cdbUsage = (name: OperationName): Uint8Array =>
  Uint8Array.from(Buffer.from(operations[name].usage, 'hex'));

/** The command that a CDB asks for, or undefined where this program does not know its operation code and service action. */
export function findOperation(cdb: Uint8Array): OperationName | undefined {
  const candidates = byCode.get(cdb[0] ?? -1) ?? [];
  return candidates.find((name) => {
    const { serviceAction } = definitionOf(name);
    return serviceAction === undefined || serviceAction === ((cdb[1] ?? 0) & 0x1f);
  });
}

/** True where one of `among` has this operation code; then a wrong service action is 5/24/00, not 5/20/00. */
export const isKnownOperationCode = (
  operationCode: number,
  among: ReadonlySet<OperationName> = allOperations,
): boolean => (byCode.get(operationCode) ?? []).some((name) => among.has(name));
