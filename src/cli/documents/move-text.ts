import type { MoveResult } from '#src/library/library-options';

/** A line for each movement; `nothing` where there was none. */
export const movesText = (moved: readonly MoveResult[], nothing: string): string =>
  moved.length === 0 ? nothing : moved.map(({ cartridge, from, to }) => `${cartridge}: ${from} -> ${to}\n`).join('');
