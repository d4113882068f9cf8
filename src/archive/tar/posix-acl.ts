import { isUtf8Text } from '#src/base/bytes';

/** Names of the extended attributes in which Linux keeps ACLs (linux/posix_acl_xattr.h). */
export const aclAttributes = { access: 'system.posix_acl_access', default: 'system.posix_acl_default' } as const;

/** Tags of linux/posix_acl.h, in the order in which entries must stand. */
const tags = { userOwner: 0x01, user: 0x02, groupOwner: 0x04, group: 0x08, mask: 0x10, other: 0x20 } as const;
const [versionBytes, entryBytes, version, noId] = [4, 8, 2, 0xffff_ffff];
const maximumEntries = 8191;

interface AclEntry {
  readonly tag: number;
  /** Read 4, write 2, execute 1. */
  readonly permissions: number;
  /** `noId` where the tag has none. */
  readonly id: number;
}

/**
 * The attribute's value for an ACL in text form (POSIX.1e draft 17, clause 23.3, long and with numeric ids): one entry a line, or with commas, in any order.
 * Undefined where it is none, which includes ids given by name.
 */
export function encodeAcl(text: Buffer): Buffer | undefined {
  if (!isUtf8Text(text)) return undefined;
  const entries: AclEntry[] = [];
  for (const line of text.toString('utf8').split(/[\n,]/)) {
    const words = line.replace(/#.*/, '').trim();
    if (words === '') continue;
    const entry = parseEntry(words);
    if (entry === undefined || entries.length === maximumEntries) return undefined;
    entries.push(entry);
  }
  entries.sort((a, b) => a.tag - b.tag || a.id - b.id);
  return isValid(entries) ? encodeEntries(entries) : undefined;
}

function parseEntry(text: string): AclEntry | undefined {
  const match = /^(u|user|g|group|m|mask|o|other):([0-9]{0,10}):([r-][w-][x-])$/.exec(text);
  if (!match) return undefined;
  const [, kind = '', id = '', letters = ''] = match;
  const tag = tagOf(kind.charAt(0), id !== '');
  if (tag === undefined || (id !== '' && Number(id) >= noId)) return undefined;
  const permissions = (letters[0] === 'r' ? 4 : 0) | (letters[1] === 'w' ? 2 : 0) | (letters[2] === 'x' ? 1 : 0);
  return { tag, permissions, id: id === '' ? noId : Number(id) };
}

function tagOf(letter: string, named: boolean): number | undefined {
  if (letter === 'u') return named ? tags.user : tags.userOwner;
  if (letter === 'g') return named ? tags.group : tags.groupOwner;
  if (named) return undefined;
  return letter === 'm' ? tags.mask : tags.other;
}

/** posix_acl_valid() of the kernel: the three owners once, a mask where somebody is named, nobody twice. */
function isValid(entries: readonly AclEntry[]): boolean {
  const count = (tag: number): number => entries.filter((entry) => entry.tag === tag).length;
  if (count(tags.userOwner) !== 1 || count(tags.groupOwner) !== 1 || count(tags.other) !== 1) return false;
  if (count(tags.mask) > 1 || (count(tags.mask) === 0 && count(tags.user) + count(tags.group) > 0)) return false;
  return entries.every((entry, index) => {
    const previous = entries[index - 1];
    return previous === undefined || previous.tag !== entry.tag || previous.id !== entry.id;
  });
}

function encodeEntries(entries: readonly AclEntry[]): Buffer {
  const value = Buffer.alloc(versionBytes + entries.length * entryBytes);
  value.writeUInt32LE(version, 0);
  for (const [index, { tag, permissions, id }] of entries.entries()) {
    const at = versionBytes + index * entryBytes;
    value.writeUInt16LE(tag, at);
    value.writeUInt16LE(permissions, at + 2);
    value.writeUInt32LE(id, at + 4);
  }
  return value;
}
