import type { WantedVersion } from '#src/archive/extract/extractor';
import { type FileVersion, versionFlags } from '#src/catalog/files';

/**
 * Versions in the order of (data set, segment, offset), as the catalog gives them, those at one place taken together: names of one inode. The one under which the content
 * stands comes first where it is among them. At most the names of one inode are held.
 */
export async function* groupMembers(pages: AsyncIterable<readonly FileVersion[]>): AsyncGenerator<WantedVersion> {
  let group: FileVersion[] = [];
  for await (const page of pages) {
    for (const version of page) {
      const first = group[0];
      if (first !== undefined && !isSamePlace(first, version)) {
        yield joined(group);
        group = [];
      }
      group.push(version);
    }
  }
  if (group.length > 0) yield joined(group);
}

const isSamePlace = (a: FileVersion, b: FileVersion): boolean =>
  a.offset === b.offset && a.segment === b.segment && a.dataSet === b.dataSet;

function joined(group: readonly FileVersion[]): WantedVersion {
  const first = group.find(({ flags }) => (flags & versionFlags.hardLink) === 0) ?? (group[0] as FileVersion);
  const names = group.filter((version) => version !== first).map(({ path }) => path);
  return names.length === 0 ? first : { ...first, names };
}
