import { bug } from '#src/base/errors';

/**
 * Writes an unsigned big-endian number; a negative one is written as two's complement. A value that does not fit is an
 * error of the caller and throws `internal.bug`: cut silently it would become another address on the medium.
 */
export function putField(bytes: Uint8Array, offset: number, widthBytes: number, value: number | bigint): void {
  if (typeof value === 'number' && !Number.isSafeInteger(value))
    throw bug(`field at byte ${offset}: ${value} is not an integer`);
  const wide = BigInt(value);
  const limit = 1n << BigInt(8 * widthBytes);
  if (wide >= limit || wide < -(limit >> 1n))
    throw bug(`field at byte ${offset}: ${wide} does not fit in ${widthBytes} bytes`);
  if (offset < 0 || offset + widthBytes > bytes.length)
    throw bug(`field at byte ${offset}: beyond ${bytes.length} bytes`);
  let rest = BigInt.asUintN(8 * widthBytes, wide);
  for (let index = widthBytes - 1; index >= 0; index--) {
    bytes[offset + index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
}

/** Writes printable ASCII, left-aligned and padded with spaces (SPC-5, ASCII data field requirements); throws `internal.bug` where it does not fit. */
export function putText(bytes: Uint8Array, offset: number, widthBytes: number, text: string): void {
  if (text.length > widthBytes || !/^[\x20-\x7e]*$/.test(text)) {
    throw bug(
      `field at byte ${offset}: ${JSON.stringify(text)} is not at most ${widthBytes} printable ASCII characters`,
    );
  }
  if (offset < 0 || offset + widthBytes > bytes.length)
    throw bug(`field at byte ${offset}: beyond ${bytes.length} bytes`);
  bytes.fill(0x20, offset, offset + widthBytes);
  for (let index = 0; index < text.length; index++) bytes[offset + index] = text.charCodeAt(index);
}

/** The byte with bit number `n` set where the n-th name of `flags` is true: `flagByte({ 0: immediate, 2: hold })`. */
export function flagByte(flags: Readonly<Record<number, boolean | undefined>>): number {
  let byte = 0;
  for (const [bit, isSet] of Object.entries(flags)) if (isSet) byte |= 1 << Number(bit);
  return byte;
}
