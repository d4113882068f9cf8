import type { Duration } from '#src/base/duration';

/** `8 s`, `3 min 20 s`, `2 h 05 min`: the two largest units. */
export function formatDuration(duration: Duration): string {
  const total = Math.round(duration / 1000);
  if (total < 60) return `${total} s`;
  const pad = (n: number): string => String(n).padStart(2, '0');
  if (total < 3600) return `${Math.floor(total / 60)} min ${pad(total % 60)} s`;
  return `${Math.floor(total / 3600)} h ${pad(Math.floor((total % 3600) / 60))} min`;
}
