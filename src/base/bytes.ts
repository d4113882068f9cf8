/** Lower-case hexadecimal without separators. */
export const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');

/** A `Buffer` over the same memory. */
export const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** True where the bytes are the UTF-8 form of some text (no overlong forms, no surrogates). */
export function isUtf8Text(bytes: Uint8Array): boolean {
  return Buffer.from(asBuffer(bytes).toString('utf8'), 'utf8').equals(bytes);
}

/**
 * How a name is shown and printed in JSON: UTF-8 text as it is, except that `\` becomes `\\`; bytes that are not UTF-8, and
 * control characters, become `\xHH`. `parseEscapedPath` is its inverse.
 */
export function escapePath(bytes: Uint8Array): string {
  const text = asBuffer(bytes).toString('utf8');
  if (!/[\\\u0000-\u001f\u007f\ufffd]/.test(text)) return text;
  let out = '';
  let position = 0;
  const buffer = asBuffer(bytes);
  while (position < buffer.length) {
    const length = utf8SequenceLength(buffer, position);
    const byte = buffer[position] as number;
    if (length === 0 || byte < 0x20 || byte === 0x7f) {
      out += `\\x${byte.toString(16).padStart(2, '0').toUpperCase()}`;
      position += 1;
    } else if (byte === 0x5c) {
      out += '\\\\';
      position += 1;
    } else {
      out += buffer.toString('utf8', position, position + length);
      position += length;
    }
  }
  return out;
}

/** The bytes that an escaped path (see `escapePath`) stands for; text without `\` stands for its UTF-8 form. */
export function parseEscapedPath(text: string): Buffer {
  if (!text.includes('\\')) return Buffer.from(text, 'utf8');
  const parts: Buffer[] = [];
  let rest = text;
  while (rest.length > 0) {
    const at = rest.indexOf('\\');
    if (at < 0) break;
    parts.push(Buffer.from(rest.slice(0, at), 'utf8'));
    const code = /^\\x([0-9A-Fa-f]{2})/.exec(rest.slice(at));
    if (code?.[1]) {
      parts.push(Buffer.from(code[1], 'hex'));
      rest = rest.slice(at + 4);
    } else {
      parts.push(Buffer.from('\\'));
      rest = rest.slice(at + (rest[at + 1] === '\\' ? 2 : 1));
    }
  }
  parts.push(Buffer.from(rest, 'utf8'));
  return Buffer.concat(parts);
}

/** Length (1–4) of the well-formed UTF-8 sequence at `position` (Unicode 15, table 3-7), or 0. */
function utf8SequenceLength(buffer: Buffer, position: number): number {
  const lead = buffer[position] as number;
  if (lead < 0x80) return 1;
  const length =
    lead >= 0xc2 && lead <= 0xdf ? 2 : lead >= 0xe0 && lead <= 0xef ? 3 : lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
  if (length === 0 || position + length > buffer.length) return 0;
  return isUtf8Text(buffer.subarray(position, position + length)) ? length : 0;
}
