import picomatch from 'picomatch';
import { type ByteString, bytesOf, utf8TextOf } from '#src/archive/byte-string';

/** What a run is to archive; plain data, so that it can be handed to a thread. */
export interface Selection {
  /** Absolute paths. */
  readonly roots: readonly Uint8Array[];
  /**
   * Globs over absolute paths: `*` and `?` stay within a name, `**` spans directories, `{a,b}` and `[abc]` choose; names that begin with a dot are
   * nothing special. A pattern without a leading slash is matched anywhere: `*.o` is `**` + `/*.o`. A directory that matches is left out with all that
   * lies in it, and so is one where the pattern ends in `/**`.
   */
  readonly excludes: readonly string[];
  /** Directories that are never archived, whatever is asked for: the staging area, the catalog. */
  readonly never: readonly Uint8Array[];
  /** Stay on the file system of each root. */
  readonly oneFileSystem: boolean;
}

/** Tells by its absolute path whether an entry is left out. */
export type Exclusion = (path: ByteString) => boolean;

/** Patterns see text; of a name that is not UTF-8 each wrong byte is U+FFFD. */
export function createExclusion({ excludes }: Pick<Selection, 'excludes'>): Exclusion {
  if (excludes.length === 0) return () => false;
  const patterns = excludes.flatMap((pattern) => {
    const anchored = pattern.startsWith('/') || pattern.startsWith('**/') ? pattern : `**/${pattern}`;
    const itself = anchored.replace(/\/\*\*$/, '').replace(/\/$/, '');
    return itself === '' ? [anchored] : [itself];
  });
  const matches = picomatch(patterns, { dot: true, nonegate: true, noextglob: true });
  return (path) => matches(utf8TextOf(path) ?? bytesOf(path).toString('utf8'));
}

/** Roots as walked: each once, in byte order. One below another stays a root of its own, and is passed over when the walk of the other meets it. */
export function normaliseRoots(roots: readonly ByteString[]): readonly ByteString[] {
  return [...new Set(roots.map((root) => root.replace(/\/+$/, '') || '/'))].sort();
}
