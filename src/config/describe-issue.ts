import type { z } from 'zod';
import { nearestName } from '#src/base/nearest-name';
import type { Problem } from '#src/config/problem';
import { knownKeys, nameRemedy } from '#src/config/schema';
import { problemAt, type YamlSource } from '#src/config/yaml-source';

type Issue = z.core.$ZodIssue;
type Path = readonly (string | number)[];

/** Says an issue of the schema in the operator's words, with its place. `prefix` is the path of what was parsed. */
export function describeIssue(source: YamlSource, issue: Issue, prefix: Path = []): readonly Problem[] {
  const path = [...prefix, ...(issue.path as Path)];
  const one = (message: string, remedy: string) => [problemAt(source, path, { message, remedy })];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(source, path, key));
    case 'invalid_key':
      return one('is not a name', nameRemedy);
    case 'invalid_type':
      return wrongType(source, path, issue.expected);
    case 'invalid_union':
      return wrongType(source, path, 'size');
    case 'invalid_value':
      return one(
        `is ${show(valueAt(source, path))}`,
        `Write one of ${issue.values.map((v) => `\`${String(v)}\``).join(', ')}.`,
      );
    case 'too_small':
      return one('is empty', `Write at least one entry below \`${String(path.at(-1))}:\`.`);
    case 'custom':
      return one(issue.message, String(issue.params?.['remedy'] ?? 'Correct this line.'));
    default:
      return one(issue.message, 'Correct this line.');
  }
}

function unknownKey(source: YamlSource, path: Path, key: string): Problem {
  const known = knownKeys(path);
  const meant = nearestName(key, known);
  const remedy = meant
    ? `Did you mean \`${meant}\`?`
    : `Remove it; known here are ${known.map((k) => `\`${k}\``).join(', ')}.`;
  return {
    where: source.describe([...path, key], 'key'),
    message: 'is an unknown key',
    remedy,
  };
}

const typeWords: Readonly<Record<string, string>> = {
  string: 'text',
  array: 'a list such as `[one, two]`',
  object: 'a mapping of keys',
  record: 'a mapping of names',
  boolean: '`true` or `false`',
  number: 'a number',
  size: 'a size such as `200GiB`',
};

function wrongType(source: YamlSource, path: Path, expected: string): readonly Problem[] {
  const value = valueAt(source, path);
  const words = typeWords[expected] ?? expected;
  const key = String(path.at(-1) ?? 'the file');
  if (value === undefined) {
    return [problemAt(source, path, { message: 'is missing', remedy: `Add \`${key}:\` with ${words}.` })];
  }
  const quoting = expected === 'string' && typeof value !== 'object' ? ' (in quotes)' : '';
  return [
    problemAt(source, path, { message: `is ${show(value)}`, remedy: `Write ${words}${quoting} for \`${key}\`.` }),
  ];
}

function valueAt(source: YamlSource, path: Path): unknown {
  let value = source.value;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

function show(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  return typeof value === 'string' ? `the text ${JSON.stringify(value.slice(0, 64))}` : String(value);
}
