import type { TimeZone } from '#src/base/time-zone';
import { checkReferences, rotationKeys } from '#src/config/check-references';
import type { BackupSetSettings, Configuration, LibrarySettings, RotationSettings } from '#src/config/configuration';
import { describeIssue } from '#src/config/describe-issue';
import { configurationError } from '#src/config/problem';
import { type FileContent, fileSchema } from '#src/config/schema';
import { parseYamlSource, type YamlSource } from '#src/config/yaml-source';
import type { Pool } from '#src/media/pool';

export interface ParseOptions {
  /** Path of the file: for messages, and the base of relative paths. */
  readonly file: string;
  /** For rotations that give none. */
  readonly machineTimeZone: TimeZone;
}

const longestSegmentBytes = 2 ** 33;

/** Throws `config.invalid`, naming the place of everything that is wrong. */
export function parseConfiguration(text: string, { file, machineTimeZone }: ParseOptions): Configuration {
  const source = parseYamlSource(text, file);
  const parsed = fileSchema.safeParse(source.value ?? {});
  if (!parsed.success) throw configurationError(parsed.error.issues.flatMap((issue) => describeIssue(source, issue)));
  const content = parsed.data;
  const problems = checkReferences(source, content);
  if (problems.length > 0) throw configurationError(problems);
  const { resolve } = source.below([]);
  return {
    file: resolve(file),
    state: resolve(content.state),
    catalog: content.catalog,
    staging: {
      path: resolve(content.staging.path),
      sizeBytes: content.staging.size,
      segmentSizeBytes:
        content.staging.segmentSize ?? Math.min(longestSegmentBytes, Math.floor(content.staging.size / 2)),
    },
    libraries: mapValues(content.libraries, (name, library) => toLibrary(source, name, library)),
    pools: mapValues(content.pools, (name, pool): Pool => ({ name, ...pool })),
    rotations: mapValues(content.rotations, (name, rotation) =>
      toRotation(source, name, rotation, {
        library: Object.keys(content.libraries)[0] as string,
        timeZone: machineTimeZone,
      }),
    ),
    sets: mapValues(content.sets, (name, set) => toSet(name, set, resolve)),
  };
}

function toLibrary(source: YamlSource, name: string, library: FileContent['libraries'][string]): LibrarySettings {
  const { driver, ...settings } = library;
  return { name, driver, settings, place: source.below(['libraries', name]) };
}

function toRotation(
  source: YamlSource,
  name: string,
  rotation: FileContent['rotations'][string],
  defaults: { readonly library: string; readonly timeZone: TimeZone },
): RotationSettings {
  const settings = Object.entries(rotation).filter(([key]) => !(rotationKeys as readonly string[]).includes(key));
  return {
    name,
    scheme: rotation.scheme,
    library: rotation.library ?? defaults.library,
    at: rotation.at,
    timeZone: rotation.timeZone ?? defaults.timeZone,
    settings: Object.fromEntries(settings),
    place: source.below(['rotations', name]),
  };
}

function toSet(name: string, set: FileContent['sets'][string], resolve: (path: string) => string): BackupSetSettings {
  const { include, exclude, rotation, pool, inode, oneFileSystem } = set;
  return { name, include: include.map(resolve), exclude, rotation, pool, inode, oneFileSystem };
}

function mapValues<T, U>(
  record: Readonly<Record<string, T>>,
  to: (name: string, value: T) => U,
): Readonly<Record<string, U>> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, to(name, value)]));
}
