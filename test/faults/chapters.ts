import { driveAlerts } from '#test/faults/drive/alerts';
import { driveEndOfMedium } from '#test/faults/drive/end-of-medium';
import { driveErrors } from '#test/faults/drive/errors';
import { driveExtremes } from '#test/faults/drive/extremes';
import { driveField } from '#test/faults/drive/field';
import { driveLink } from '#test/faults/drive/link';
import { driveLoadUnload } from '#test/faults/drive/load-unload';
import { driveOther } from '#test/faults/drive/other-drive';
import { drivePlaceless } from '#test/faults/drive/placeless';
import { driveState } from '#test/faults/drive/state';
import { driveVerifyRelabel } from '#test/faults/drive/verify-relabel';
import { chapter as libraryAnswers } from '#test/faults/library-answers';
import { chapter as libraryDrives } from '#test/faults/library-drives';
import { chapter as libraryElements } from '#test/faults/library-elements';
import { chapter as libraryHands } from '#test/faults/library-hands';
import { chapter as libraryMoves } from '#test/faults/library-moves';
import { chapter as libraryStuck } from '#test/faults/library-stuck';
import { chapter as others } from '#test/faults/others';
import type { Chapter } from '#test/faults/scenario';

/** Every chapter of `docs/faults.md`, in the order in which they are printed. */
export const chapters: readonly Chapter[] = [
  driveField,
  driveState,
  driveErrors,
  driveEndOfMedium,
  driveLink,
  driveOther,
  driveVerifyRelabel,
  driveLoadUnload,
  driveAlerts,
  drivePlaceless,
  driveExtremes,
  libraryAnswers,
  libraryElements,
  libraryDrives,
  libraryMoves,
  libraryStuck,
  libraryHands,
  others,
];
