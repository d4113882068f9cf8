import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import type { ChapCredentials, ChapSettings } from '#drivers/iscsi/chap';
import type { ChapAccount, IscsiSettings } from '#drivers/iscsi/config';
import { GrandsireError } from '#src/base/errors';

/** Longest secret that is taken for one. */
const maxSecretBytes = 255;
/** A secret with ends of lines in any manner. */
const maxFileBytes = 4096;

/** Reads the secrets at the moment of use; they are in no log, no message and no process title. Throws `config.invalid` naming the file. */
export function readChapSettings(chap: IscsiSettings['chap']): ChapSettings | undefined {
  if (!chap) return undefined;
  const ours = readAccount(chap);
  const target = chap.mutual && readAccount(chap.mutual);
  // One secret for both ways lets anybody answer our challenge by asking us (RFC 7143 9.2.1).
  if (target?.secret.equals(ours.secret)) {
    throw new GrandsireError('config.invalid', {
      message: `${chap.mutual?.place}: the secret of the target is the same as ours.`,
      remedy: 'Give the library another secret towards initiators, and write that into the file.',
    });
  }
  return { ours, target };
}

function readAccount({ user, passwordFile, place }: ChapAccount): ChapCredentials {
  const complain = (problem: string, remedy: string): GrandsireError =>
    new GrandsireError('config.invalid', { message: `${place}: ${passwordFile} ${problem}.`, remedy });
  let fd: number;
  try {
    // What is no file is refused below, and must not make us wait here (a pipe that nobody writes to).
    fd = openSync(passwordFile, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw complain(
      `cannot be read (${code})`,
      'Write the secret into this file, in one line, and make it readable by its owner only: chmod 600.',
    );
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile() || stats.size > maxFileBytes) {
      throw complain('is not a file with a secret', 'Write the secret into a file of its own, in one line.');
    }
    if ((stats.mode & 0o077) !== 0) {
      throw complain('can be read by others', `Take the rights of others away: chmod 600 ${passwordFile}.`);
    }
    const [line = Buffer.alloc(0), ...rest] = splitLines(readFileSync(fd));
    if (line.length === 0 || line.length > maxSecretBytes || rest.some(({ length }) => length > 0)) {
      throw complain(`does not hold one line of 1 to ${maxSecretBytes} bytes`, 'Write nothing but the secret into it.');
    }
    return { user, secret: line };
  } finally {
    closeSync(fd);
  }
}

function splitLines(bytes: Buffer): Buffer[] {
  const text = bytes.toString('latin1').split(/\r?\n/);
  return text.map((line) => Buffer.from(line, 'latin1'));
}
