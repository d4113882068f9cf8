/**
 * Fields of a structure that a device sent. Reading never throws: what lies beyond the end reads as zero (or as the bytes
 * that are there) and sets `truncated`, because devices send fewer bytes than their own headers announce.
 */
export class FieldView {
  readonly bytes: Uint8Array;
  #truncated = false;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get lengthBytes(): number {
    return this.bytes.length;
  }

  /** True once something beyond the end was asked for. */
  get truncated(): boolean {
    return this.#truncated;
  }

  has(offset: number, lengthBytes: number): boolean {
    return offset >= 0 && offset + lengthBytes <= this.bytes.length;
  }

  /** Unsigned big-endian, 1 to 6 bytes. */
  uint(offset: number, widthBytes: 1 | 2 | 3 | 4 | 5 | 6 = 1): number {
    let value = 0;
    for (let index = 0; index < widthBytes; index++) value = value * 256 + this.#byte(offset + index);
    return value;
  }

  /** Unsigned big-endian of any width, 8 bytes unless told. */
  bigUint(offset: number, widthBytes = 8): bigint {
    let value = 0n;
    for (let index = 0; index < widthBytes; index++) value = (value << 8n) | BigInt(this.#byte(offset + index));
    return value;
  }

  /** Signed (two's complement) big-endian of any width, 8 bytes unless told. */
  bigInt(offset: number, widthBytes = 8): bigint {
    return BigInt.asIntN(8 * widthBytes, this.bigUint(offset, widthBytes));
  }

  bit(offset: number, bit: number): boolean {
    return ((this.#byte(offset) >> bit) & 1) === 1;
  }

  /** The field from bit `high` down to bit `low` of one byte, as the standards draw them. */
  bits(offset: number, high: number, low: number): number {
    return (this.#byte(offset) >> low) & ((1 << (high - low + 1)) - 1);
  }

  /** A view of at most `lengthBytes` bytes of the same memory. */
  slice(offset: number, lengthBytes: number): Uint8Array {
    if (!this.has(offset, lengthBytes)) this.#truncated = true;
    const start = Math.min(Math.max(0, offset), this.bytes.length);
    return this.bytes.subarray(start, Math.max(start, Math.min(this.bytes.length, offset + lengthBytes)));
  }

  /** See `deviceText`. */
  text(offset: number, lengthBytes: number): string {
    return deviceText(this.slice(offset, lengthBytes));
  }

  #byte(offset: number): number {
    const value = this.bytes[offset];
    if (value === undefined) {
      this.#truncated = true;
      return 0;
    }
    return value;
  }
}

/**
 * ASCII that a device or a cartridge sent: padding (spaces, NULs) at both ends is dropped and what is not printable ASCII
 * becomes `?`, so that the text can be shown on a terminal and compared with another field that is padded differently.
 */
export function deviceText(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : byte === 0 ? '\0' : '?';
  }
  return text.replace(/^[\0 ]+|[\0 ]+$/g, '').replaceAll('\0', '?');
}
