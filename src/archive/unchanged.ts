import type { FileStat } from '#src/archive/file-stat';
import type { KnownEntry } from '#src/archive/reference-reader';
import { versionFlags } from '#src/catalog/files';

/**
 * Whether an entry is as it was archived: same stamps, and those of then can be relied on (read whole, and not so young that a later change could
 * have left the same stamps).
 */
export function isUnchanged(
  stat: FileStat,
  known: KnownEntry,
  { ignoreInode }: { readonly ignoreInode: boolean },
): boolean {
  return (
    (known.flags & (versionFlags.fuzzy | versionFlags.young)) === 0 &&
    stat.type === known.type &&
    stat.mtimeSeconds === known.mtimeSeconds &&
    stat.mtimeNanoseconds === known.mtimeNanoseconds &&
    stat.ctimeSeconds === known.ctimeSeconds &&
    stat.ctimeNanoseconds === known.ctimeNanoseconds &&
    (stat.type !== 'file' || stat.sizeBytes === known.sizeBytes) &&
    (ignoreInode || stat.inode === known.inode)
  );
}
