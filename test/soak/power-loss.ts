import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Random } from '#test/soak/random';

/** A folder whose files the loss of power takes what was not synchronised from, and where test/soak/preload.c notes what was. */
export interface Shadowed {
  readonly folder: string;
  readonly shadow: string;
}

/** How bold the disk was: what it had not been told to keep it lost, had written anyway, or did as chance would have it. */
type Mood = 'lost' | 'kept' | 'mixed';

const pageBytes = 4096;
const sectorBytes = 512;

/** What is there now is durable from here on. */
export function settle({ folder, shadow }: Shadowed): void {
  rmSync(shadow, { recursive: true, force: true });
  mkdirSync(shadow, { recursive: true });
  settleFolder(folder, shadow);
}

function settleFolder(folder: string, shadow: string): void {
  const lines: string[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    lines.push(`${keyOf(path)} ${entry.name}\n`);
    if (entry.isDirectory()) settleFolder(path, shadow);
    else if (entry.isFile()) copyFileSync(path, join(shadow, `f-${keyOf(path)}`));
  }
  writeFileSync(join(shadow, `d-${keyOf(folder)}`), lines.join(''));
}

/** As preload.c has it: a number of an inode that was given anew is another file. */
function keyOf(path: string): string {
  const { ino, birthtimeNs } = statSync(path, { bigint: true });
  return `${ino}-${birthtimeNs}`;
}

/** What a name leads to after the loss: a file's bytes, or a directory. */
type Outcome = Buffer | Map<string, Outcome>;

export interface Loss {
  readonly mood: Mood;
  /** Names that are not what they were, and pages of files likewise. */
  readonly names: number;
  readonly pages: number;
}

/** Nobody runs any more; the machine comes up again with what the disk has. */
export function losePower(shadowed: readonly Shadowed[], random: Random): Loss {
  const mood = random.weighted<Mood>([
    ['lost', 3],
    ['kept', 1],
    ['mixed', 4],
  ]);
  const loss = { mood, names: 0, pages: 0 };
  for (const one of shadowed) {
    const disk = new Disk(one, { mood, random, loss });
    putBack(one.folder, disk.afterLoss(one.folder));
    settle(one);
  }
  return loss;
}

interface Choice {
  readonly mood: Mood;
  readonly random: Random;
  readonly loss: { names: number; pages: number };
}

class Disk {
  readonly #shadow: string;
  readonly #choice: Choice;

  constructor({ shadow }: Shadowed, choice: Choice) {
    this.#shadow = shadow;
    this.#choice = choice;
  }

  /** A directory that is there: each name as it was synchronised, or as it is now. Names that a file moved between change together. */
  afterLoss(folder: string): Map<string, Outcome> {
    const durable = this.#durableNames(keyOf(folder));
    const now = new Map(readdirSync(folder).map((name) => [name, keyOf(join(folder, name))]));
    const result = new Map<string, Outcome>();
    for (const group of changedTogether(durable, now)) {
      const isNew = group.isUnchanged || this.#keeps();
      if (!isNew) this.#choice.loss.names += group.names.length;
      for (const name of group.names) {
        const outcome = isNew
          ? this.#outcomeNow(folder, name, now)
          : this.#outcomeBefore(folder, durable.get(name), now);
        if (outcome !== undefined) result.set(name, outcome);
      }
    }
    return result;
  }

  #keeps(): boolean {
    const { mood, random } = this.#choice;
    return mood === 'mixed' ? random.chance(0.5) : mood === 'kept';
  }

  #durableNames(key: string): ReadonlyMap<string, string> {
    const file = join(this.#shadow, `d-${key}`);
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
    return new Map(lines.map((line) => [line.slice(line.indexOf(' ') + 1), line.slice(0, line.indexOf(' '))]));
  }

  #outcomeNow(folder: string, name: string, now: ReadonlyMap<string, string>): Outcome | undefined {
    return now.has(name) ? this.#content(join(folder, name)) : undefined;
  }

  #outcomeBefore(folder: string, key: string | undefined, now: ReadonlyMap<string, string>): Outcome | undefined {
    if (key === undefined) return undefined;
    // Under another name it is there yet, with what was written to it since.
    for (const [name, other] of now) if (other === key) return this.#content(join(folder, name));
    const [file, directory] = [join(this.#shadow, `f-${key}`), join(this.#shadow, `d-${key}`)];
    if (existsSync(file)) return readFileSync(file);
    return existsSync(directory) ? this.#gone(key) : Buffer.alloc(0);
  }

  /** A directory that was taken away, and is there again. */
  #gone(key: string): Map<string, Outcome> {
    const result = new Map<string, Outcome>();
    for (const [name, inner] of this.#durableNames(key)) {
      const file = join(this.#shadow, `f-${inner}`);
      if (existsSync(file)) result.set(name, readFileSync(file));
      else if (existsSync(join(this.#shadow, `d-${inner}`))) result.set(name, this.#gone(inner));
      else result.set(name, Buffer.alloc(0));
    }
    return result;
  }

  #content(path: string): Outcome {
    const isDirectory = statSync(path).isDirectory();
    return isDirectory ? this.afterLoss(path) : this.#bytes(path);
  }

  #bytes(path: string): Buffer {
    const file = join(this.#shadow, `f-${keyOf(path)}`);
    const durable = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
    const now = readFileSync(path);
    if (now.equals(durable)) return now;
    const length = this.#length(durable.length, now.length);
    const result = Buffer.alloc(length);
    for (let at = 0; at < length; at += pageBytes)
      this.#page(result.subarray(at, at + pageBytes), durable.subarray(at), now.subarray(at));
    return result;
  }

  #length(durable: number, now: number): number {
    const { mood, random } = this.#choice;
    if (mood !== 'mixed') return mood === 'kept' ? now : durable;
    return random.weighted<number>([
      [durable, 1],
      [now, 2],
      [random.between(Math.min(durable, now), Math.max(durable, now)), 2],
    ]);
  }

  /** A page that was not written holds what was there before, or zeros; one that was being written changes at a sector. */
  #page(page: Buffer, durable: Buffer, now: Buffer): void {
    durable.copy(page);
    const isChanged = !now.subarray(0, page.length).equals(durable.subarray(0, page.length));
    if (!isChanged) return;
    const { mood, random, loss } = this.#choice;
    const how = mood === 'mixed' ? random.pick(['kept', 'lost', 'torn'] as const) : mood;
    if (how !== 'kept') loss.pages += 1;
    const bytes = { kept: page.length, lost: 0, torn: sectorBytes * random.between(1, pageBytes / sectorBytes - 1) }[
      how
    ];
    now.copy(page, 0, 0, Math.min(bytes, page.length));
  }
}

interface NameGroup {
  readonly names: readonly string[];
  readonly isUnchanged: boolean;
}

/** A rename takes effect under both names or under none: names are one group where one file has, or had, both. */
function* changedTogether(
  durable: ReadonlyMap<string, string>,
  now: ReadonlyMap<string, string>,
): Generator<NameGroup> {
  const left = new Set([...durable.keys(), ...now.keys()]);
  while (left.size > 0) {
    const [first = ''] = left;
    left.delete(first);
    const names = [first];
    const isUnchanged = durable.get(first) === now.get(first);
    for (const name of names) {
      for (const other of isUnchanged ? [] : left) {
        const isRenamed = (from: string, to: string): boolean =>
          durable.get(from) !== undefined && durable.get(from) === now.get(to);
        if (!isRenamed(name, other) && !isRenamed(other, name)) continue;
        left.delete(other);
        names.push(other);
      }
    }
    yield { names, isUnchanged };
  }
}

/** Makes a folder what it is to be; what has not changed keeps its inode. */
function putBack(folder: string, outcome: Map<string, Outcome>): void {
  for (const name of readdirSync(folder)) {
    const kept = outcome.get(name);
    const isDirectory = statSync(join(folder, name)).isDirectory();
    if (kept === undefined || Buffer.isBuffer(kept) === isDirectory) rmSync(join(folder, name), { recursive: true });
  }
  for (const [name, content] of outcome) {
    const path = join(folder, name);
    if (Buffer.isBuffer(content)) {
      if (!existsSync(path) || !readFileSync(path).equals(content)) writeFileSync(path, content);
    } else {
      mkdirSync(path, { recursive: true });
      putBack(path, content);
    }
  }
}
