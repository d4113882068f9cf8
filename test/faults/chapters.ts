import { driveErrors } from '#test/faults/drive/errors';
import { driveLink } from '#test/faults/drive/link';
import { driveState } from '#test/faults/drive/state';
import type { Chapter } from '#test/faults/scenario';

/** Every chapter of `docs/faults.md`, in the order in which they are printed. */
export const chapters: readonly Chapter[] = [driveState, driveErrors, driveLink];
