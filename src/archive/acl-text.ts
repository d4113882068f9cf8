/** Attributes that hold the ACLs of POSIX.1e draft 17 under Linux, and the keyword of pax under which `tar` keeps each. */
export const aclKeywords: ReadonlyMap<string, string> = new Map([
  ['system.posix_acl_access', 'SCHILY.acl.access'],
  ['system.posix_acl_default', 'SCHILY.acl.default'],
]);

const version = 2;
const headerBytes = 4;
const entryBytes = 8;

const tags: Readonly<Record<number, string>> = {
  1: 'user:',
  2: 'user',
  4: 'group:',
  8: 'group',
  16: 'mask:',
  32: 'other:',
};
const qualified = 0x02 | 0x08;

/**
 * The text form, with numbers for users and groups, of an ACL as the kernel hands it out (linux/posix_acl_xattr.h: version, then tag, permissions
 * and id, little-endian); undefined where the bytes are none.
 */
export function describeAcl(value: Uint8Array): string | undefined {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  if (value.length < headerBytes || (value.length - headerBytes) % entryBytes !== 0) return undefined;
  if (view.getUint32(0, true) !== version) return undefined;
  const entries: string[] = [];
  for (let at = headerBytes; at < value.length; at += entryBytes) {
    const tag = view.getUint16(at, true);
    const permissions = view.getUint16(at + 2, true);
    const name = tags[tag];
    if (name === undefined) return undefined;
    const who = (tag & qualified) === 0 ? name : `${name}:${view.getUint32(at + 4, true)}`;
    const letters = `${permissions & 4 ? 'r' : '-'}${permissions & 2 ? 'w' : '-'}${permissions & 1 ? 'x' : '-'}`;
    entries.push(`${who}:${letters}`);
  }
  return `${entries.join('\n')}\n`;
}
