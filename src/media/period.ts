/** How long something is protected, as operators write it. Days are calendar days of the rotation, not 24 hours. */
export type Period =
  | { readonly kind: 'forever' }
  | {
      readonly kind: 'calendar';
      readonly unit: 'days' | 'weeks' | 'months' | 'years' /** 1–9999. */;
      readonly count: number;
    };

/** `14 days`, `5 weeks`, `12 months`, `1 year`, `forever`; undefined for anything else. */
export function parsePeriod(text: string): Period | undefined {
  const words = text.trim();
  if (words === 'forever') return { kind: 'forever' };
  const match = /^([1-9]\d{0,3}) ?(day|week|month|year)s?$/.exec(words);
  if (!match) return undefined;
  return { kind: 'calendar', unit: `${match[2]}s` as 'days' | 'weeks' | 'months' | 'years', count: Number(match[1]) };
}

/** The inverse of `parsePeriod`. */
export function describePeriod(period: Period): string {
  if (period.kind === 'forever') return 'forever';
  return `${period.count} ${period.count === 1 ? period.unit.slice(0, -1) : period.unit}`;
}
