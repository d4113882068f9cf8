import { GrandsireError } from '#src/base/errors';
import { nearestName } from '#src/base/nearest-name';
import type { SettingsPlace } from '#src/base/settings-place';
import { type AppendRule, appendRules, type Level, levels } from '#src/rotation/scheme';

/** What every tier of every scheme says. */
export interface TierSettings {
  readonly level: Level;
  readonly pool: string;
  readonly append: AppendRule;
}

/** What a scheme allows and assumes for one of its tiers. */
export interface TierRules {
  readonly level: Level;
  /** Levels that it may have, if not all. */
  readonly levels?: readonly Level[];
  readonly append?: readonly AppendRule[];
}

type Raw = Readonly<Record<string, unknown>>;
type Path = readonly (string | number)[];

/** The complaint about one setting: `config.invalid`, naming its place in the file. */
export function invalidSetting(
  place: SettingsPlace,
  path: Path,
  { problem, remedy }: { problem: string; remedy: string },
) {
  return new GrandsireError('config.invalid', { message: `${place.describe(path)} ${problem}`, remedy });
}

/** The mapping below `key`. Throws `config.invalid` where it is missing or something else. */
export function settingsBelow(raw: Raw, key: string, place: SettingsPlace): Raw {
  const value = raw[key];
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Raw;
  throw invalidSetting(place, [key], {
    problem: value === undefined ? 'is missing' : 'is not a mapping of keys',
    remedy: `Write \`${key}: { pool: … }\` with the settings of this tier.`,
  });
}

/** Throws `config.invalid` for the first key of `raw` that is not known. */
export function refuseUnknownKeys(
  raw: Raw,
  known: readonly string[],
  { place, path = [] }: { place: SettingsPlace; path?: Path },
): void {
  for (const key of Object.keys(raw)) {
    if (known.includes(key)) continue;
    const meant = nearestName(key, known);
    throw invalidSetting(place, [...path, key], {
      problem: 'is an unknown key',
      remedy: meant ? `Did you mean \`${meant}\`?` : `Remove it; known here are ${quoteAll(known)}.`,
    });
  }
}

/** Level, pool and append rule of the tier below `key`. Throws `config.invalid` naming the place. */
export function parseTierSettings(
  raw: Raw,
  key: string,
  { place, rules }: { place: SettingsPlace; rules: TierRules },
): TierSettings {
  const { pool } = raw;
  if (typeof pool !== 'string' || pool === '') {
    throw invalidSetting(place, [key, 'pool'], {
      problem: pool === undefined ? 'is missing' : 'is not the name of a pool',
      remedy: `Write \`pool:\` with the name of the pool that ${key} runs are written to.`,
    });
  }
  return {
    pool,
    level: oneOf(raw['level'] ?? rules.level, rules.levels ?? levels, { place, path: [key, 'level'] }),
    append: oneOf(raw['append'] ?? 'never', rules.append ?? appendRules, { place, path: [key, 'append'] }),
  };
}

function oneOf<T extends string>(
  value: unknown,
  allowed: readonly T[],
  { place, path }: { place: SettingsPlace; path: Path },
): T {
  const found = allowed.find((word) => word === value);
  if (found !== undefined) return found;
  throw invalidSetting(place, path, {
    problem: `is ${JSON.stringify(value)?.slice(0, 64)}`,
    remedy: `Write ${allowed.length === 1 ? '' : 'one of '}${quoteAll(allowed)}.`,
  });
}

const quoteAll = (words: readonly string[]): string => words.map((word) => `\`${word}\``).join(', ');
