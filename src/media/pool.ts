import type { Period } from '#src/media/period';

/** Cartridges that share rules. */
export interface Pool {
  readonly name: string;
  /** The pool whose free cartridges this one may draw; they return to it when nothing on them is protected any more. */
  readonly draw?: string;
  /** How long what is written here is protected; absent for a pool that nothing is written under (scratch). */
  readonly protect?: Period;
  /** Written once and never recycled: takes WORM cartridges only, and every other pool takes none. Default false. */
  readonly worm?: boolean;
  /** Its cartridges are taken off the site after the run. Default false. */
  readonly leavesSite?: boolean;
  /** How many copies the policy makes of what is written here. Default 1. */
  readonly copies?: number;
}
