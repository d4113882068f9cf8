/** `1 segment`, `2 segments`, `0 entries`: a count with its noun, in the singular where it is one. */
export const countOf = (count: number, thing: string, things = `${thing}s`): string =>
  `${count} ${count === 1 ? thing : things}`;
