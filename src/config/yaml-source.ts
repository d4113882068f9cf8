import { dirname, resolve } from 'node:path';
import { type Alias, isAlias, isMap, isScalar, isSeq, LineCounter, type Pair, parseDocument, type YAMLMap } from 'yaml';
import type { GrandsireError } from '#src/base/errors';
import type { SettingsPlace } from '#src/base/settings-place';
import { configurationError, type Problem } from '#src/config/problem';

type Path = readonly (string | number)[];
type Offsets = { readonly key: number; readonly value: number };

/** A YAML file as plain values, with the place of each. */
export interface YamlSource {
  readonly value: unknown;
  /**
   * `grandsire.yaml:12:5 pools.daily` for a path of keys; of the value, or of the key where the value is a mapping or list.
   * A key that is not there has the place of the nearest one above it.
   */
  describe(path: Path, at?: 'key' | 'value'): string;
  /** Places for one part of the file: paths are relative to `prefix`. */
  below(prefix: Path): SettingsPlace;
}

/** A configuration is written by hand; what is longer, deeper or larger than this is a mistake or an attack. */
const limits = { characters: 1 << 20, depth: 32, nodes: 50_000 };

/** Throws `config.invalid` for what is not one YAML 1.2 document of mappings, lists and plain scalars. */
export function parseYamlSource(text: string, file: string): YamlSource {
  const reader = new YamlReader(text, file);
  const value = reader.read();
  const describe: YamlSource['describe'] = (path, at = 'value') =>
    `${reader.placeOf(nearest(reader.offsets, path, at))}${path.length > 0 ? ` ${showPath(path)}` : ''}`;
  const below = (prefix: Path): SettingsPlace => ({
    describe: (path) => describe([...prefix, ...path]),
    resolve: (path) => resolve(dirname(resolve(file)), path),
  });
  return { value, describe, below };
}

/** Walks the document once: values out, the place of each remembered, aliases followed but counted. */
class YamlReader {
  readonly offsets = new Map<string, Offsets>();
  readonly #lines = new LineCounter();
  readonly #file: string;
  readonly #document: ReturnType<typeof parseDocument>;
  #nodes = 0;

  constructor(text: string, file: string) {
    this.#file = file;
    if (text.length > limits.characters) {
      const remedy = `Name a configuration of at most ${limits.characters} characters.`;
      throw this.#failure(0, `is ${text.length} characters long`, remedy);
    }
    this.#document = this.#compose(text);
    const fault = this.#document.errors[0] ?? this.#document.warnings[0];
    if (fault) {
      const second = fault.code === 'MULTIPLE_DOCS';
      const message = second ? 'begins a second document' : `is not valid YAML: ${fault.message}`;
      throw this.#failure(fault.pos[0], message, `Correct this line of ${file}.`);
    }
  }

  read(): unknown {
    return this.#convert(this.#document.contents, [], 0);
  }

  /** `grandsire.yaml:12:5` */
  placeOf(offset: number): string {
    const { line, col } = this.#lines.linePos(Math.max(0, offset));
    return `${this.#file}:${line || 1}:${col || 1}`;
  }

  #failure(offset: number, message: string, remedy: string): GrandsireError {
    return configurationError([{ where: this.placeOf(offset), message, remedy }]);
  }

  #compose(text: string): ReturnType<typeof parseDocument> {
    try {
      const lineCounter = this.#lines;
      // Own checks find duplicate keys: the parser's compares each key with each.
      return parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: false, version: '1.2' });
    } catch (error) {
      // The parser recurses: brackets nested by the thousand end in a RangeError.
      const reason = error instanceof Error ? error.message : String(error);
      throw this.#failure(0, `cannot be parsed: ${reason}`, 'Remove what is nested this deeply.');
    }
  }

  #convert(node: unknown, path: Path, key: number): unknown {
    const value = rangeStart(node) ?? key;
    this.#nodes += 1;
    if (this.#nodes > limits.nodes) {
      throw this.#failure(value, `has more than ${limits.nodes} entries`, 'Remove the aliases that multiply it.');
    }
    if (path.length > limits.depth) {
      throw this.#failure(value, `is nested deeper than ${limits.depth} levels`, 'Flatten this part.');
    }
    // What an alias stands for comes a second time under the same path; its place is the alias.
    const id = keyOf(path);
    if (!this.offsets.has(id)) this.offsets.set(id, { key, value: isMap(node) || isSeq(node) ? key : value });
    if (isAlias(node)) return this.#convert(this.#target(node, value), path, key);
    if (isMap(node)) return this.#convertMap(node, path);
    if (isSeq(node)) {
      return node.items.map((item, index) => this.#convert(item, [...path, index], rangeStart(item) ?? value));
    }
    return isScalar(node) ? node.value : null;
  }

  #convertMap(map: YAMLMap, path: Path): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    for (const pair of map.items as Pair[]) {
      const offset = rangeStart(pair.key) ?? 0;
      if (!isScalar(pair.key)) throw this.#failure(offset, 'is not a plain key', 'Write a word before the colon.');
      const name = String(pair.key.value);
      if (name === '__proto__') throw this.#failure(offset, 'is `__proto__`, which is no key here', 'Remove it.');
      if (Object.hasOwn(result, name)) {
        throw this.#failure(
          offset,
          `${showPath([...path, name])} is given twice`,
          `Remove one of the two \`${name}:\`.`,
        );
      }
      result[name] = this.#convert(pair.value, [...path, name], offset);
    }
    return result;
  }

  #target(alias: Alias, offset: number): unknown {
    const target = alias.resolve(this.#document);
    if (target) return target;
    const name = alias.source;
    const remedy = `Write \`&${name}\` before what is meant.`;
    throw this.#failure(offset, `refers to \`*${name}\`, which is nowhere above`, remedy);
  }
}

const rangeStart = (node: unknown): number | undefined => (node as { range?: [number] } | null)?.range?.[0];

const keyOf = (path: Path): string => JSON.stringify(path.map(String));

function nearest(offsets: ReadonlyMap<string, Offsets>, path: Path, at: 'key' | 'value'): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const found = offsets.get(keyOf(path.slice(0, length)));
    if (found) return length === path.length ? found[at] : found.key;
  }
  return 0;
}

/** `sets.home.include[2]` */
function showPath(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += `${text ? '.' : ''}${/^[\w-]{1,64}$/.test(part) ? part : JSON.stringify(part.slice(0, 64))}`;
  }
  return text;
}

/** A problem at one path of the source. */
export const problemAt = (source: YamlSource, path: Path, problem: Omit<Problem, 'where'>): Problem => ({
  where: source.describe(path),
  ...problem,
});
