import { aclKeywords, describeAcl } from '#src/archive/acl-text';
import { type ByteString, byteStringOf } from '#src/archive/byte-string';
import type { FileOperations } from '#src/archive/file-operations';
import type { PaxRecord } from '#src/archive/tar-header';

const none: readonly PaxRecord[] = [];

/** As GNU tar writes it: `=` would end the keyword. */
const escapeKeyword = (name: ByteString): ByteString => name.replaceAll('%', '%25').replaceAll('=', '%3D');

/** Extended attributes and ACLs of an entry as records of its extended header, in the order of their names. */
export function attributeRecords(files: FileOperations, of: number | ByteString): readonly PaxRecord[] {
  const names = files.attributeNames(of);
  if (names.length === 0) return none;
  const records: PaxRecord[] = [];
  for (const bytes of names) {
    const value = files.attribute(of, bytes);
    // Removed since its name was read.
    if (value === undefined) continue;
    const name = byteStringOf(bytes);
    const keyword = aclKeywords.get(name);
    if (keyword === undefined) {
      records.push({ keyword: `SCHILY.xattr.${escapeKeyword(name)}`, value: byteStringOf(value) });
    } else {
      const text = describeAcl(value);
      if (text !== undefined) records.push({ keyword, value: text });
    }
  }
  return records.sort((a, b) => (a.keyword < b.keyword ? -1 : 1));
}
