import { constants } from 'node:os';
import {
  attempt,
  attributeName,
  boundCall,
  type CallName,
  firstPath,
  invoke,
  lastErrno,
  type PathBytes,
  PosixError,
  terminated,
} from '#src/base/posix/native-call';

// 64 KiB is the kernel's limit of a value and of a list of names (XATTR_SIZE_MAX, XATTR_LIST_MAX).
let attributeArea: Buffer | undefined;

function attributeResult(name: CallName, absent: number, call: (area: Buffer) => number): Buffer | undefined {
  attributeArea ??= Buffer.alloc(65_536);
  const length = call(attributeArea);
  if (length >= 0) return attributeArea.subarray(0, length);
  if (length === -absent || length === -constants.errno.EOPNOTSUPP) return undefined;
  throw new PosixError(name, -length);
}

function parseNames(list: Buffer | undefined): readonly Buffer[] {
  if (list === undefined || list.length === 0) return noNames;
  const names: Buffer[] = [];
  for (let start = 0; start < list.length; ) {
    const end = list.indexOf(0, start);
    if (end < 0) break;
    names.push(Buffer.from(list.subarray(start, end)));
    start = end + 1;
  }
  return names;
}

const noNames: readonly Buffer[] = [];

/** Names of the extended attributes of a path, a symbolic link at its end not followed; none where the file system has no such thing. */
export function llistxattr(path: PathBytes): readonly Buffer[] {
  const bytes = terminated(firstPath, path, 'llistxattr');
  return parseNames(
    attributeResult('llistxattr', constants.errno.EOPNOTSUPP, (area) =>
      attempt('llistxattr', bytes, area, area.length),
    ),
  );
}

/** As `llistxattr`, of an open file. */
export function flistxattr(fd: number): readonly Buffer[] {
  return parseNames(
    attributeResult('flistxattr', constants.errno.EOPNOTSUPP, (area) => attempt('flistxattr', fd, area, area.length)),
  );
}

/** An attribute's value, a symbolic link at the path's end not followed; undefined where there is none. */
export const lgetxattr = (path: PathBytes, name: PathBytes): Buffer | undefined => valueAt('lgetxattr', path, name);

/** As `lgetxattr`, but a symbolic link at the end of the path is followed: for `/proc/self/fd/N`. */
export const getxattr = (path: PathBytes, name: PathBytes): Buffer | undefined => valueAt('getxattr', path, name);

function valueAt(call: 'getxattr' | 'lgetxattr', path: PathBytes, name: PathBytes): Buffer | undefined {
  const bytes = terminated(firstPath, path, call);
  const key = terminated(attributeName, name, call);
  const value = attributeResult(call, constants.errno.ENODATA, (area) => attempt(call, bytes, key, area, area.length));
  return value === undefined ? undefined : Buffer.from(value);
}

/** As `lgetxattr`, of an open file. */
export function fgetxattr(fd: number, name: PathBytes): Buffer | undefined {
  const key = terminated(attributeName, name, 'fgetxattr');
  const value = attributeResult('fgetxattr', constants.errno.ENODATA, (area) =>
    attempt('fgetxattr', fd, key, area, area.length),
  );
  return value === undefined ? undefined : Buffer.from(value);
}

/** Sets an attribute of a path, a symbolic link at its end followed: for `/proc/self/fd/N`; ENOTSUP where the file system has no such thing. */
export function setxattr(path: PathBytes, name: PathBytes, value: Uint8Array): void {
  const bytes = terminated(firstPath, path, 'setxattr');
  invoke('setxattr', bytes, terminated(attributeName, name, 'setxattr'), value, value.length, 0);
}

/** As `setxattr`, of an open file (not one opened with O_PATH). */
export function fsetxattr(fd: number, name: PathBytes, value: Uint8Array): void {
  invoke('fsetxattr', fd, terminated(attributeName, name, 'fsetxattr'), value, value.length, 0);
}

/** Removes an attribute of a path, a symbolic link at its end followed: for `/proc/self/fd/N`; ENODATA where there is none. */
export function removexattr(path: PathBytes, name: PathBytes): void {
  const bytes = terminated(firstPath, path, 'removexattr');
  invoke('removexattr', bytes, terminated(attributeName, name, 'removexattr'));
}

const noPath = Buffer.alloc(1);

/** True where an open file has extended attributes at all. */
export function hasAttributes(fd: number): boolean {
  const call = boundCall('flistxattr');
  // Without room for an answer the length alone is told.
  const length = call(fd, noPath, 0);
  return length > 0 || (length === -1 && lastErrno() !== constants.errno.EOPNOTSUPP);
}
