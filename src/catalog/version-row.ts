import { type EntryType, entryTypes } from '#src/catalog/files';

/** What a row says beside its directory and its name. Times as in `FileTime`; `inode` in decimal digits; `flags` of `versionFlags`. */
export interface RowValues {
  readonly type: EntryType;
  readonly flags: number;
  readonly sizeBytes: number;
  readonly mtimeSeconds: number;
  readonly mtimeNanoseconds: number;
  readonly ctimeSeconds: number;
  readonly ctimeNanoseconds: number;
  readonly inode: string;
}

/** A name that is no UTF-8 text stands in a row as an array of one string of hexadecimal digits. */
export const byteNameJson = (bytes: Buffer): string => `["${bytes.toString('hex')}"]`;

/** Longer inode numbers may exceed what a JSON number and a signed column take: they stay text. */
const longestInodeNumber = 18;

/**
 * One row of `VersionBatch.rows`, as JSON: an array in the order and form of the catalog's columns, so that nothing is computed once a row there.
 *
 * @param directory index in `VersionBatch.directories`
 * @param name JSON of the text, or `byteNameJson`
 */
export function encodeVersionRow(
  directory: number,
  name: string,
  values: RowValues,
  place: { readonly segment: number; readonly offset: number },
): string {
  const { mtimeSeconds, mtimeNanoseconds, inode } = values;
  const kind = entryTypes.indexOf(values.type) | (values.flags << 3);
  const inodeJson = inode.length <= longestInodeNumber ? inode : `"${inode}"`;
  return (
    `[${directory},${name},${place.segment},${place.offset},${kind},${values.sizeBytes},${mtimeSeconds},${mtimeNanoseconds}` +
    `,${values.ctimeSeconds - mtimeSeconds},${values.ctimeNanoseconds - mtimeNanoseconds},${inodeJson}]`
  );
}
