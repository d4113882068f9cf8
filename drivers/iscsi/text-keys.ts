import { protocolViolation } from '#drivers/iscsi/pdu';

export type TextKey = readonly [key: string, value: string];

/** `key=value` pairs, each ended by a zero byte (RFC 7143 6.1). */
export const encodeTextKeys = (keys: readonly TextKey[]): Buffer =>
  Buffer.from(keys.map(([key, value]) => `${key}=${value}\0`).join(''), 'utf8');

/** Keys have at most 63 characters (RFC 7143 6.1); a target that sends more pairs than this is not negotiating. */
const maxKeys = 4096;

/** In the order in which they came; throws `device.protocol` for what is no pair. */
export function parseTextKeys(data: Buffer): TextKey[] {
  const pairs = data
    .toString('utf8')
    .split('\0')
    .filter((pair) => pair !== '');
  if (pairs.length > maxKeys) throw protocolViolation(`${pairs.length} text keys at once`);
  return pairs.map((pair) => {
    const at = pair.indexOf('=');
    if (at < 1 || at > 63) throw protocolViolation(`${JSON.stringify(pair.slice(0, 80))} is no text key`);
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
}

/** Decimal, or hexadecimal with 0x; undefined for anything else and above 2⁶⁴. */
export function parseTextNumber(value: string): number | undefined {
  return /^(\d{1,20}|0[xX][0-9a-fA-F]{1,16})$/.test(value) ? Number(value) : undefined;
}

/** A binary value (RFC 7143 6.1): hexadecimal with 0x, base64 with 0b, at most `maxBytes`; undefined for anything else. */
export function parseTextBinary(value: string, maxBytes: number): Buffer | undefined {
  if (/^0[xX]([0-9a-fA-F]{2})*$/.test(value)) {
    const bytes = Buffer.from(value.slice(2), 'hex');
    return bytes.length <= maxBytes ? bytes : undefined;
  }
  if (!/^0[bB][A-Za-z0-9+/]+={0,2}$/.test(value)) return undefined;
  const bytes = Buffer.from(value.slice(2), 'base64');
  return bytes.length <= maxBytes ? bytes : undefined;
}
