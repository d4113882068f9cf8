import type { Warning } from '#src/cli/command';
import type { Context } from '#src/cli/context';
import type { App } from '#src/compose';
import type { Library } from '#src/library/library';

export interface LibraryWork {
  /** Name of the library. */
  readonly name: string;
  /** The command as those read it who wait for it: `drive load G00001L9`. */
  readonly job: string;
}

/**
 * Opens a library for the length of a command and collects what is told beside the work. Where the work fails these are notes, so that they are
 * not lost with its result.
 */
export async function useLibrary<T>(
  { context, app }: { readonly context: Context; readonly app: App },
  { name, job }: LibraryWork,
  work: (library: Library) => Promise<T>,
): Promise<{ readonly value: T; readonly warnings: readonly Warning[] }> {
  // Each use of the lease looks anew and tells the same again.
  const warnings = new Map<string, Warning>();
  const { wait, note, signal } = context;
  const told = ({ code, message }: Warning): void => void warnings.set(`${code} ${message}`, { code, message });
  try {
    await using library = await app.openLibrary(name, { job, wait, warn: told, note, signal });
    return { value: await work(library), warnings: [...warnings.values()] };
  } catch (failure) {
    for (const { code, message } of warnings.values()) note(`warning: ${message} (${code})`);
    throw failure;
  }
}
