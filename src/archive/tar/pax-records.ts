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
  const match = /^(-?)([0-9]{1,15})(?:\.([0-9]{0,30}))?$/.exec(value.toString('latin1'));
  if (!match) return undefined;
  const seconds = Number(match[2]);
  const nanoseconds = Number((match[3] ?? '').slice(0, 9).padEnd(9, '0'));
  if (match[1] === '') return { seconds, nanoseconds };
  if (nanoseconds === 0) return { seconds: seconds === 0 ? 0 : -seconds, nanoseconds: 0 };
  return { seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds };
}

/** A decimal number from 0 to `maximum`; undefined where it is none. */
export function parsePaxNumber(value: Buffer, maximum: number): number | undefined {
  const text = value.toString('latin1');
  if (!/^[0-9]{1,16}$/.test(text)) return undefined;
  const number = Number(text);
  return number <= maximum ? number : undefined;
}
