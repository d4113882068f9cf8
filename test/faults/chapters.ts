import type { Chapter } from '#test/faults/scenario';

/** Every chapter of `docs/faults.md`, in the order in which they are printed. */
export const chapters: readonly Chapter[] = [];
