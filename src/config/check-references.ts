import { nearestName } from '#src/base/nearest-name';
import { describeIssue } from '#src/config/describe-issue';
import type { Problem } from '#src/config/problem';
import { type FileContent, tierSchema } from '#src/config/schema';
import { problemAt, type YamlSource } from '#src/config/yaml-source';

type Path = readonly (string | number)[];

/** Keys of a rotation that are not the scheme's. */
export const rotationKeys = ['scheme', 'library', 'at', 'timeZone'] as const;

/** What one part of the file says about another: every name exists, drawing ends, what is written is protected. */
export function checkReferences(source: YamlSource, content: FileContent): readonly Problem[] {
  const check = new ReferenceCheck(source, content);
  return [...check.pools(), ...check.rotations(), ...check.sets()];
}

class ReferenceCheck {
  readonly #source: YamlSource;
  readonly #content: FileContent;

  constructor(source: YamlSource, content: FileContent) {
    this.#source = source;
    this.#content = content;
  }

  pools(): readonly Problem[] {
    const { pools } = this.#content;
    return Object.entries(pools).flatMap(([name, { draw }]) => {
      if (draw === undefined) return [];
      const path = ['pools', name, 'draw'];
      const missing = this.#exists('pools', draw, path);
      if (missing.length > 0) return missing;
      const seen = [name];
      for (let next: string | undefined = draw; next !== undefined; next = pools[next]?.draw) {
        if (next === name) {
          const circle = [...seen, name].join(' → ');
          const remedy = 'Let one of them be drawn on without drawing itself.';
          return [problemAt(this.#source, path, { message: `draws in a circle: ${circle}`, remedy })];
        }
        if (seen.includes(next)) break;
        seen.push(next);
      }
      return [];
    });
  }

  rotations(): readonly Problem[] {
    return Object.entries(this.#content.rotations).flatMap(([name, rotation]) => {
      const tiers = Object.entries(rotation).filter(([key]) => !(rotationKeys as readonly string[]).includes(key));
      return [
        ...this.#library(name, rotation.library),
        ...tiers.flatMap(([key, value]) => this.#tier(['rotations', name, key], value)),
      ];
    });
  }

  sets(): readonly Problem[] {
    return Object.entries(this.#content.sets).flatMap(([name, { rotation, pool }]) => {
      if (rotation === undefined && pool === undefined) {
        const remedy = 'Add `rotation:` (or `pool:`, for runs that only operators start).';
        return [problemAt(this.#source, ['sets', name], { message: 'has nowhere to write to', remedy })];
      }
      return [
        ...(rotation === undefined ? [] : this.#exists('rotations', rotation, ['sets', name, 'rotation'])),
        ...(pool === undefined ? [] : this.#writable(pool, ['sets', name, 'pool'])),
      ];
    });
  }

  #library(rotation: string, library: string | undefined): readonly Problem[] {
    if (library !== undefined) return this.#exists('libraries', library, ['rotations', rotation, 'library']);
    const names = Object.keys(this.#content.libraries);
    if (names.length === 1) return [];
    const message = names.length === 0 ? 'has no library' : 'does not say which library';
    const remedy =
      names.length === 0 ? 'Describe one below `libraries:`.' : `Add \`library:\`, one of ${names.join(', ')}.`;
    return [problemAt(this.#source, ['rotations', rotation], { message, remedy })];
  }

  /** Only what tiers have in common; the scheme checks the rest, and whether this is a tier of it at all. */
  #tier(path: Path, value: unknown): readonly Problem[] {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
    const parsed = tierSchema.safeParse(value);
    if (!parsed.success) return parsed.error.issues.flatMap((issue) => describeIssue(this.#source, issue, path));
    return parsed.data.pool === undefined ? [] : this.#writable(parsed.data.pool, [...path, 'pool']);
  }

  /** A pool that is written to must say how long that is protected: silence would let the next run overwrite it. */
  #writable(pool: string, path: Path): readonly Problem[] {
    const missing = this.#exists('pools', pool, path);
    if (missing.length > 0 || this.#content.pools[pool]?.protect !== undefined) return missing;
    const message = `writes to the pool \`${pool}\`, which protects nothing`;
    return [
      problemAt(this.#source, path, { message, remedy: `Add \`protect: 2 weeks\` (or longer) to pools.${pool}.` }),
    ];
  }

  #exists(kind: 'libraries' | 'pools' | 'rotations', name: string, path: Path): readonly Problem[] {
    const names = Object.keys(this.#content[kind]);
    if (names.includes(name)) return [];
    const meant = nearestName(name, names);
    const remedy = meant
      ? `Did you mean \`${meant}\`?`
      : `Describe \`${name}:\` below \`${kind}:\`, or name what is there.`;
    return [problemAt(this.#source, path, { message: `is \`${name}\`, which is not among the ${kind}`, remedy })];
  }
}
