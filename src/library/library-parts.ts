import type { DriveBays } from '#src/library/drives/drive-bays';
import type { DriveExperience } from '#src/library/drives/drive-experience';
import type { LibraryOptions } from '#src/library/library-options';
import type { Robot } from '#src/library/robot/robot';

/** What those who work with a library share: whoever needs a part of it says which. */
export interface LibraryParts {
  readonly options: Pick<LibraryOptions, 'name' | 'catalog' | 'clock' | 'warn' | 'note' | 'virtual'>;
  readonly robot: Robot;
  readonly bays: DriveBays;
  readonly experience: DriveExperience;
  /** Numbers of the drives that are mounted by this process. */
  readonly busy: Set<number>;
  /** Numbers of the drives that are still getting ready what a dead process loaded. */
  readonly threading: Set<number>;
}
