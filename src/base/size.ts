const units: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/**
 * Bytes of a size as operators write it: `200GiB`, `1.5 TB`, or a bare count of bytes. Undefined where it is not a whole
 * number of bytes from 0 to 2^53−1.
 */
export function parseSize(value: string | number): number | undefined {
  const match = /^(\d{1,16}(?:\.\d{1,9})?) ?([A-Za-z]{1,3})?$/.exec(String(value).trim());
  if (!match) return undefined;
  const unit = match[2] === undefined ? 1 : Object.hasOwn(units, match[2]) ? units[match[2]] : undefined;
  if (unit === undefined) return undefined;
  const bytes = Number(match[1]) * unit;
  // 1.1 GiB is not a whole number of bytes; what was meant is clear.
  const whole = match[2] === undefined || unit === 1 ? bytes : Math.round(bytes);
  return Number.isSafeInteger(whole) ? whole : undefined;
}
