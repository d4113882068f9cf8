import { type Duration, hours, milliseconds, minutes, seconds } from '#src/base/duration';

const units: Readonly<Record<string, (n: number) => Duration>> = { ms: milliseconds, s: seconds, m: minutes, h: hours };

/** `30s`, `10m`, `2h`, `500ms`, or a bare number of seconds; undefined for anything else, and above 1000 hours. */
export function parseDuration(text: string): Duration | undefined {
  const match = /^(\d{1,9}) ?(ms|s|m|h)?$/.exec(text.trim());
  const duration = match && units[match[2] ?? 's']?.(Number(match[1]));
  return duration !== null && duration !== undefined && duration <= hours(1000) ? duration : undefined;
}
