import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { View } from '#test/soak/checker-process';
import type { DeviceUnderTest } from '#test/soak/device';
import type { ProgramRun } from '#test/soak/program-run';
import type { Random } from '#test/soak/random';
import { readTree } from '#test/soak/source-tree';
import { type SetName, setNames, type Workplace } from '#test/soak/workplace';

export interface Operation {
  readonly kind: string;
  readonly argv: readonly string[];
  /** A backup: its set. */
  readonly set?: SetName;
  /** How it may end where nothing disturbs it. */
  readonly allowed: readonly number[];
  /** It brings everything in the library to its place. */
  readonly settles?: boolean;
  /** What is wrong with what it did; asked where it ended by itself. */
  readonly complaint?: (run: ProgramRun) => string | undefined;
}

interface Surroundings {
  readonly random: Random;
  readonly workplace: Workplace;
  readonly device: DeviceUnderTest;
  readonly view: View;
  /** At which the operation will run. */
  readonly at: number;
}

type Draw = (surroundings: Surroundings) => Operation | undefined;

/** What operators do, and how often here. */
const draws: readonly (readonly [Draw, number])[] = [
  [(here) => backup(here, 'full'), 14],
  [(here) => backup(here, 'incremental'), 14],
  [(here) => backup(here, 'full', '--stage-only'), 5],
  [(here) => backup(here, 'incremental', '--stage-only'), 4],
  [flush, 10],
  [restore, 10],
  [verify, 5],
  [label, 10],
  [move, 5],
  [putOut, 3],
  [() => ({ kind: 'library import', argv: ['library', 'import'], allowed: [0] }), 3],
  [() => inventory, 4],
  [() => ({ kind: 'catalog rebuild', argv: ['catalog', 'rebuild'], allowed: [0, 3] }), 3],
];

export function drawOperation(surroundings: Surroundings): Operation {
  for (;;) {
    const operation = surroundings.random.weighted(draws)(surroundings);
    if (operation) return operation;
  }
}

export function backup(
  { random }: Pick<Surroundings, 'random'>,
  level: string,
  ...words: readonly string[]
): Operation {
  const set = random.pick(setNames);
  const argv = ['backup', 'run', set, '--level', level, ...words];
  const isStagedOnly = words.length > 0;
  return {
    kind: `backup ${level}${isStagedOnly ? ', staged only' : ''}`,
    argv,
    set,
    allowed: [0],
  };
}

function flush({ random, view }: Surroundings): Operation | undefined {
  if (view.staged === 0 && random.chance(0.8)) return undefined;
  return { kind: 'staging flush', argv: ['staging', 'flush'], allowed: [0] };
}

function restore({ random, view, workplace }: Surroundings): Operation | undefined {
  if (view.dataSets.length === 0) return undefined;
  const { dataSet, set, tree } = random.pick(view.dataSets.slice(-6));
  const to = join(workplace.folder, 'restored');
  rmSync(to, { recursive: true, force: true });
  const source = workplace.source(set as SetName);
  return {
    kind: 'restore',
    argv: ['restore', 'run', source, '--to', to, '--dataset', dataSet],
    allowed: [0],
    complaint: (run) => (run.exitCode === 0 ? compare(to, workplace, tree) : undefined),
  };
}

function compare(to: string, workplace: Workplace, tree: string): string | undefined {
  const restored = Object.entries(readTree(to)).map(([path, one]) => [path.slice(to.length), one] as const);
  const [was, is] = [workplace.tree(tree), Object.fromEntries(restored)];
  const wrong = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter(
    (path) => JSON.stringify(was[path]) !== JSON.stringify(is[path]),
  );
  return wrong.length > 0
    ? `${wrong.length} files were not restored as they were: ${wrong.slice(0, 5).join(', ')}`
    : undefined;
}

function verify({ random, view }: Surroundings): Operation {
  const isDataSet = view.dataSets.length > 0 && random.chance(0.4);
  const subject = isDataSet ? random.pick(view.dataSets.slice(-6)).dataSet : random.pick(view.cartridges).barcode;
  return { kind: 'verify', argv: ['verify', subject], allowed: [0, 6] };
}

/** Of what is free or blank; and, to be refused, of what is protected. */
function label({ random, view, at }: Surroundings): Operation {
  const { barcode, blank, torn, freeAt } = random.pick(view.cartridges);
  const isProtected = !blank && freeAt > at;
  // A label torn by a loss of power is written anew where the catalog knows that it was begun; a catalog that was lost meanwhile does not.
  const free = torn ? [0, 6] : [0];
  return {
    kind: isProtected ? 'cartridge label, protected' : 'cartridge label',
    argv: ['cartridge', 'label', barcode, '--yes'],
    allowed: isProtected ? [6] : free,
  };
}

function move({ random, view, device }: Surroundings): Operation | undefined {
  const taken = new Set(view.cartridges.map(({ place }) => place));
  const free = Array.from({ length: device.slots }, (_, n) => `slot:${n + 1}`).filter((place) => !taken.has(place));
  const { barcode, place } = random.pick(view.cartridges);
  if (!place.startsWith('slot:') || free.length === 0) return undefined;
  return { kind: 'library move', argv: ['library', 'move', barcode, random.pick(free)], allowed: [0] };
}

function putOut({ random, view, device }: Surroundings): Operation | undefined {
  const { barcode, place } = random.pick(view.cartridges);
  const out = view.cartridges.filter((other) => other.place.startsWith('mail:')).length;
  if (!place.startsWith('slot:') || out >= device.mailSlots) return undefined;
  return { kind: 'library export', argv: ['library', 'export', barcode], allowed: [0] };
}

/** Cleaning sessions in all drives that dead processes left, among others. */
export const inventory: Operation = {
  kind: 'library inventory',
  argv: ['library', 'inventory'],
  allowed: [0],
  settles: true,
};

export const rebuildLost: Operation = { kind: 'catalog rebuild, lost', argv: ['catalog', 'rebuild'], allowed: [0, 3] };
