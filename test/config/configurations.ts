import { GrandsireError } from '#src/base/errors';
import type { TimeZone } from '#src/base/time-zone';
import type { Configuration } from '#src/config/configuration';
import { parseConfiguration } from '#src/config/parse-configuration';

/** The least that is a configuration. */
export const least = 'staging: { size: 1GiB }\n';

export const parse = (text: string, file = '/etc/g/grandsire.yaml'): Configuration =>
  parseConfiguration(text, { file, machineTimeZone: 'Europe/Zurich' as TimeZone });

/** The failure of a configuration that must be refused. */
export function refusal(text: string): GrandsireError {
  try {
    parse(text, 'grandsire.yaml');
  } catch (error) {
    if (error instanceof GrandsireError) return error;
    throw error;
  }
  throw new TypeError(`accepted:\n${text}`);
}
