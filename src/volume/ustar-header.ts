/** The members that this program adds of its own (descriptors, README, index parts): regular files with plain names. */
export interface PlainMember {
  /** ASCII, 1–100 bytes. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Whole seconds since 1970, ≥ 0. */
  readonly modifiedSeconds: number;
}

export const tarBlockBytes = 512;

/** Bytes that fill the data of a member up to a whole number of tar blocks. */
export const tarPaddingBytes = (sizeBytes: number): number =>
  (tarBlockBytes - (sizeBytes % tarBlockBytes)) % tarBlockBytes;

/** POSIX.1-2017 pax, "ustar Interchange Format": sizes of 8 GiB and more as GNU's base-256. */
export function encodeUstarHeader({ name, sizeBytes, modifiedSeconds }: PlainMember): Buffer {
  const header = Buffer.alloc(tarBlockBytes);
  header.write(name, 0, 100, 'latin1');
  header.write('0000644\0', 100, 'latin1');
  header.write('0000000\0', 108, 'latin1');
  header.write('0000000\0', 116, 'latin1');
  if (sizeBytes < 8 ** 11) header.write(`${sizeBytes.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  else {
    header[124] = 0x80;
    header.writeBigUInt64BE(BigInt(sizeBytes), 128);
  }
  header.write(`${Math.max(0, modifiedSeconds).toString(8).padStart(11, '0')}\0`, 136, 'latin1');
  header.write('0', 156, 'latin1');
  header.write('ustar\x0000root', 257, 'latin1');
  header.write('root', 297, 'latin1');
  header.write(`${ustarChecksum(header).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

/** Sum of all bytes with the checksum field taken as spaces. */
function ustarChecksum(header: Uint8Array): number {
  let sum = 8 * 0x20;
  for (let i = 0; i < tarBlockBytes; i += 1) if (i < 148 || i >= 156) sum += header[i] as number;
  return sum;
}

/** A whole member: header, data, padding. */
export function encodePlainMember(name: string, data: Uint8Array, modifiedSeconds: number): Buffer {
  const header = encodeUstarHeader({ name, sizeBytes: data.length, modifiedSeconds });
  return Buffer.concat([header, data, Buffer.alloc(tarPaddingBytes(data.length))]);
}

/** The two zero blocks that end an archive. */
export const tarEnd = (): Buffer => Buffer.alloc(2 * tarBlockBytes);

/**
 * Parses the header of a plain member. Undefined where the bytes are not one (wrong magic or checksum, no regular file, a name or size that
 * this program never writes).
 */
export function parseUstarHeader(bytes: Uint8Array): PlainMember | undefined {
  if (bytes.length < tarBlockBytes) return undefined;
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, tarBlockBytes);
  if (header.toString('latin1', 257, 263) !== 'ustar\0') return undefined;
  if (header[156] !== 0x30 && header[156] !== 0) return undefined;
  if (octal(header, 148, 8) !== ustarChecksum(header)) return undefined;
  const end = header.indexOf(0);
  const name = header.toString('latin1', 0, end < 0 || end > 100 ? 100 : end);
  const sizeBytes = header[124] === 0x80 ? Number(header.readBigUInt64BE(128)) : octal(header, 124, 12);
  const modifiedSeconds = octal(header, 136, 12);
  if (sizeBytes === undefined || modifiedSeconds === undefined || !Number.isSafeInteger(sizeBytes) || name.length === 0)
    return undefined;
  return { name, sizeBytes, modifiedSeconds };
}

/** An octal field ended by NUL or space; undefined where there is anything else in it. */
function octal(header: Buffer, offset: number, length: number): number | undefined {
  const text = header
    .toString('latin1', offset, offset + length)
    .replace(/[\0 ]+$/, '')
    .replace(/^ +/, '');
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : undefined;
}
