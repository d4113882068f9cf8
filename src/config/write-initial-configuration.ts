import { existsSync, mkdirSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GrandsireError } from '#src/base/errors';
import type { TimeZone } from '#src/base/time-zone';
import { type InitialChoices, initialConfiguration } from '#src/config/initial-configuration';

const mostStagingBytes = 200 * 2 ** 30;
/** Room for two small segments; less is no staging area, and the disk is full. */
const leastStagingBytes = 64 * 2 ** 20;

/**
 * Writes `grandsire.yaml` into a folder, which is made if need be (its parent is not); the staging area gets the smaller of 200 GiB and a
 * quarter of what is free there. Throws `config.exists` where there is one, and `config.not-written`.
 */
export function writeInitialConfiguration(
  folder: string,
  { timeZone, network }: Pick<InitialChoices, 'network'> & { readonly timeZone: TimeZone },
): { readonly configuration: string; readonly stagingBytes: number } {
  const file = join(folder, 'grandsire.yaml');
  try {
    // Not recursive: below /proc, where mkdir answers ENOENT, that never ends.
    if (!existsSync(folder)) mkdirSync(folder);
    const stagingBytes = stagingSize(folder);
    writeFileSync(file, initialConfiguration({ stagingSizeBytes: stagingBytes, timeZone, network }), {
      flag: 'wx',
      mode: 0o644,
    });
    return { configuration: file, stagingBytes };
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST' && existsSync(file)) {
      throw new GrandsireError('config.exists', {
        message: `${file} exists already`,
        remedy: 'Edit it, or name another folder: `grandsire init DIR`.',
        cause,
      });
    }
    throw new GrandsireError('config.not-written', {
      message: `${file} cannot be written: ${message}`,
      remedy: 'Name a folder that you may write to: `grandsire init DIR`.',
      cause,
    });
  }
}

/** In whole GiB, or MiB where it is less than one, as it is written in the file. */
function stagingSize(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  const bytes = Math.max(leastStagingBytes, Math.min(mostStagingBytes, (bavail * bsize) / 4));
  const unit = bytes >= 2 ** 30 ? 2 ** 30 : 2 ** 20;
  return Math.floor(bytes / unit) * unit;
}
