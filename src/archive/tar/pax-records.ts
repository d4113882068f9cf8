/** One record of a pax extended header. `value` is a view into the header. */
export interface PaxRecord {
  readonly keyword: string;
  readonly value: Buffer;
}

const [space, newline, equals, zero] = [0x20, 0x0a, 0x3d, 0x30];

/**
 * The records of a pax extended header, "%d %s=%s\n" each, the number being the length of the whole record (POSIX.1-2017, pax, "pax Extended Header");
 * a text instead says what is wrong with them. Keywords keep their bytes as latin1.
 */
export function parsePaxRecords(bytes: Buffer): readonly PaxRecord[] | string {
  const records: PaxRecord[] = [];
  let start = 0;
  while (start < bytes.length) {
    let at = start;
    let length = 0;
    while (at < bytes.length && bytes[at] !== space) {
      const digit = (bytes[at] as number) - zero;
      if (digit < 0 || digit > 9 || at - start > 7)
        return `the length of an extended record at its byte ${start} is not a number`;
      length = length * 10 + digit;
      at += 1;
    }
    const end = start + length;
    if (at === start || end > bytes.length || end < at + 3)
      return `an extended record at byte ${start} has a wrong length`;
    if (bytes[end - 1] !== newline) return `an extended record at byte ${start} does not end where its length says`;
    const separator = bytes.indexOf(equals, at + 1);
    if (separator < 0 || separator >= end - 1 || separator === at + 1)
      return `an extended record at byte ${start} has no keyword`;
    records.push({
      keyword: bytes.toString('latin1', at + 1, separator),
      value: bytes.subarray(separator + 1, end - 1),
    });
    start = end;
  }
  return records;
}

/** Seconds and nanoseconds of a decimal number, `-1.5` being 2 seconds before 1970 and half of one after that; undefined where it is none. */
export function parsePaxTime(value: Buffer): { readonly seconds: number; readonly nanoseconds: number } | undefined {
  const negative = value[0] === minus;
  const start = negative ? 1 : 0;
  const point = value.indexOf(dot);
  const end = point < 0 ? value.length : point;
  const seconds = end - start > 15 ? undefined : digits(value, start, end);
  const fraction = value.length - end > 31 ? undefined : digits(value, end + 1, value.length);
  if (seconds === undefined || end === start || (point >= 0 && fraction === undefined)) return undefined;
  const nanoseconds =
    point < 0 ? 0 : (digits(value, end + 1, Math.min(value.length, end + 10)) ?? 0) * scale(value.length - end - 1);
  if (!negative) return { seconds, nanoseconds };
  if (nanoseconds === 0) return { seconds: seconds === 0 ? 0 : -seconds, nanoseconds: 0 };
  return { seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds };
}

const [minus, dot] = [0x2d, 0x2e];

/** What the last of so many digits of a fraction, nine at the most, counts in nanoseconds. */
const scale = (count: number): number => 10 ** Math.max(9 - count, 0);

/** The number that these digits make, 0 for none; undefined where one is not a digit. */
function digits(bytes: Buffer, start: number, end: number): number | undefined {
  let number = 0;
  for (let at = start; at < end; at++) {
    const digit = (bytes[at] as number) - zero;
    if (digit < 0 || digit > 9) return undefined;
    number = number * 10 + digit;
  }
  return number;
}

/** A decimal number from 0 to `maximum`; undefined where it is none. */
export function parsePaxNumber(value: Buffer, maximum: number): number | undefined {
  if (value.length === 0 || value.length > 16) return undefined;
  const number = digits(value, 0, value.length);
  return number !== undefined && number <= maximum ? number : undefined;
}
