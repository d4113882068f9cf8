import { DeviceError } from '#src/base/errors';

/** Operation codes of PDUs (RFC 7143 11.2.1.2); those from 20h on come from the target. */
export const opcode = {
  nopOut: 0x00,
  scsiCommand: 0x01,
  taskManagementRequest: 0x02,
  loginRequest: 0x03,
  textRequest: 0x04,
  dataOut: 0x05,
  logoutRequest: 0x06,
  nopIn: 0x20,
  scsiResponse: 0x21,
  taskManagementResponse: 0x22,
  loginResponse: 0x23,
  textResponse: 0x24,
  dataIn: 0x25,
  logoutResponse: 0x26,
  readyToTransfer: 0x31,
  asynchronousMessage: 0x32,
  reject: 0x3f,
} as const;

/** Length of the basic header segment. */
export const headerBytes = 48;

/** Initiator Task Tag or Target Transfer Tag of nothing in particular. */
export const reservedTag = 0xffff_ffff;

/** Data segments are padded to whole words of four bytes (RFC 7143 11.7.2). */
export const paddingOf = (lengthBytes: number): number => -lengthBytes & 3;

/** Serial number arithmetic modulo 2³² (RFC 7143 4.2.2.1, RFC 1982): whether `a` comes before `b`. */
export const isBefore = (a: number, b: number): boolean => a !== b && (b - a) >>> 0 < 0x8000_0000;

export const nextSerial = (a: number): number => (a + 1) >>> 0;

/** What the target said against the protocol. The connection on which it came is closed. */
export const protocolViolation = (what: string): DeviceError =>
  new DeviceError('device.protocol', {
    message: `the target broke the iSCSI protocol: ${what}`,
    remedy:
      'Run the command again; if it fails in the same way, report the message with make and firmware of the library.',
    usable: true,
  });
