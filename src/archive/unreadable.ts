import { type ByteString, bytesOf } from '#src/archive/byte-string';
import { systemCode } from '#src/archive/extract/target-failure';
import { escapePath } from '#src/base/bytes';
import { GrandsireError } from '#src/base/errors';

export const isMissing = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '');

/** What the system said when something at a path was to be read, as `file.vanished` or `file.unreadable`. Throws what is not from the system. */
export function unreadable(path: ByteString, error: unknown): GrandsireError {
  const code = systemCode(error);
  if (code === undefined) throw error;
  const shown = escapePath(bytesOf(path));
  return isMissing(error)
    ? new GrandsireError('file.vanished', {
        message: `${shown} vanished before it could be read`,
        remedy: 'Nothing needs to be done where it was meant to go; else run the backup again.',
        cause: error,
      })
    : new GrandsireError('file.unreadable', {
        message: `${shown} cannot be read (${code})`,
        remedy: 'Look at its permissions and at the file system it is on, and run the backup again.',
        cause: error,
      });
}

/** Whether it is what `unreadable` makes. */
export const isUnreadable = (error: unknown): error is GrandsireError =>
  error instanceof GrandsireError && ['file.vanished', 'file.unreadable'].includes(error.code);
