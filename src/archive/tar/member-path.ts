import { streamLimits } from '#src/archive/tar/layout';
import { asBuffer } from '#src/base/bytes';

const [slash, dot] = [0x2f, 0x2e];
const empty = Buffer.alloc(0);

/** A path in the form of `MemberHeader.path`; a text instead says why it is none. */
export function parseMemberPath(bytes: Buffer, directory: boolean): Buffer | string {
  let start = 0;
  let end = bytes.length;
  if (end > streamLimits.pathBytes) return 'a path that is too long';
  if (bytes[0] === dot && (end === 1 || bytes[1] === slash)) start = Math.min(2, end);
  while (directory && end > start + 1 && bytes[end - 1] === slash) end -= 1;
  if (end === start) return directory && bytes.length > 0 ? empty : 'a member without a name';
  if (!isCleanPath(bytes.subarray(start, end)))
    return 'a path that is absolute, or has an empty part, `.` or `..` in it';
  return Buffer.from(bytes.subarray(start, end));
}

function isCleanPath(path: Buffer): boolean {
  if (path.includes(0)) return false;
  for (let from = 0; from <= path.length; ) {
    const at = path.indexOf(slash, from);
    const to = at < 0 ? path.length : at;
    const length = to - from;
    if (length === 0) return false;
    if (path[from] === dot && (length === 1 || (length === 2 && path[from + 1] === dot))) return false;
    from = to + 1;
  }
  return true;
}

/** What an absolute path of the catalog is below the directory that is restored to; undefined where it could lead out of it. */
export function relativePath(path: Uint8Array): Buffer | undefined {
  const bytes = asBuffer(path);
  if (bytes[0] !== slash || bytes.length > streamLimits.pathBytes) return undefined;
  const relative = bytes.subarray(1);
  return relative.length === 0 || isCleanPath(relative) ? relative : undefined;
}
