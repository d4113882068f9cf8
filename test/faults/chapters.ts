import { driveErrors } from '#test/faults/drive/errors';
import { driveExtremes } from '#test/faults/drive/extremes';
import { driveField } from '#test/faults/drive/field';
import { driveLink } from '#test/faults/drive/link';
import { drivePlaceless } from '#test/faults/drive/placeless';
import { driveState } from '#test/faults/drive/state';
import type { Chapter } from '#test/faults/scenario';

/** Every chapter of `docs/faults.md`, in the order in which they are printed. */
export const chapters: readonly Chapter[] = [
  driveField,
  driveState,
  driveErrors,
  driveLink,
  drivePlaceless,
  driveExtremes,
];
