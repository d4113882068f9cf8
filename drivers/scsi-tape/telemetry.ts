import type { Positioning } from '#drivers/scsi-tape/positioning';
import type { TapeUnit } from '#drivers/scsi-tape/tape-unit';
import { throwIfAborted } from '#src/base/errors';

export interface TelemetryQuestion<T> {
  readonly ask: () => Promise<T>;
  readonly otherwise: T;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks for something that is only worth knowing: neither a refusal nor a time-out (seen on busy drives, LTFS #505) fails the job.
 * A time-out may have reset the drive, so it is asked whether it still stands where it stood. One that cannot tell, or stands elsewhere,
 * surfaces as an attention, which costs the segment and not the job.
 */
export async function telemetry<T>(
  { unit, positioning }: { readonly unit: TapeUnit; readonly positioning: Positioning },
  { ask, otherwise, signal }: TelemetryQuestion<T>,
): Promise<T> {
  const wasLost = unit.lost;
  const before = unit.count.place;
  try {
    return await ask();
  } catch (cause) {
    throwIfAborted(signal);
    if (!wasLost && !(await positioning.isStillAt(before, signal))) {
      const text = `no answer about the drive's condition: ${cause instanceof Error ? cause.message : String(cause)}`;
      unit.raise({ kind: 'attention', sense: { key: 0x6, asc: 0x29, ascq: 0x00, deferred: false, text } });
    }
    return otherwise;
  }
}
