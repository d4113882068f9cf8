import { existsSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { GrandsireError } from '#src/base/errors';
import type { TimeZone } from '#src/base/time-zone';
import type { Configuration } from '#src/config/configuration';
import { parseConfiguration } from '#src/config/parse-configuration';

/** Where to look, in this order. */
export interface ConfigurationSearch {
  /** `--config`. */
  readonly option: string | undefined;
  /** `$GRANDSIRE_CONFIG`. */
  readonly environment: string | undefined;
  /** The current folder: `grandsire.yaml` in it. */
  readonly folder: string;
  readonly machineTimeZone: TimeZone;
}

const systemFile = '/etc/grandsire/grandsire.yaml';

/** Throws `config.not-found` where there is none or it cannot be read, `config.invalid` where it is wrong. */
export function loadConfiguration(search: ConfigurationSearch): Configuration {
  const file = findConfiguration(search);
  return parseConfiguration(readText(file), { file, machineTimeZone: search.machineTimeZone });
}

function findConfiguration({ option, environment, folder }: ConfigurationSearch): string {
  // A file that was named and is not there is a mistake, not a reason to take another.
  if (option) return resolve(folder, option);
  if (environment) return resolve(folder, environment);
  const candidates = [resolve(folder, 'grandsire.yaml'), systemFile];
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found) return found;
  throw new GrandsireError('config.not-found', {
    message: `there is no configuration: neither ${candidates.join(' nor ')} exists`,
    remedy: 'Run `grandsire init` to write one here, or name one with `--config FILE`.',
  });
}

function readText(file: string): string {
  try {
    const status = statSync(file);
    if (!status.isFile() && !status.isFIFO()) throw unreadable(file, 'is not a file');
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (cause) {
    if (cause instanceof GrandsireError) throw cause;
    if (cause instanceof TypeError) throw unreadable(file, 'is not UTF-8 text', cause);
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw unreadable(file, missing ? 'does not exist' : `cannot be read: ${(cause as Error).message}`, cause);
  }
}

function unreadable(file: string, reason: string, cause?: unknown): GrandsireError {
  return new GrandsireError('config.not-found', {
    message: `the configuration ${file} ${reason}`,
    remedy: 'Name an existing file with `--config FILE`, or run `grandsire init` to write one.',
    cause,
  });
}
