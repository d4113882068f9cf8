import type { Random } from '#test/soak/random';

/** Parts of an installation, each on a disk of its own. */
export type Part = 'staging' | 'library' | 'state';

/** What goes wrong while a command runs. */
export type Mishap =
  | { readonly kind: 'none' }
  /** At an instant of the program's trace. */
  | {
      readonly kind: 'instant';
      readonly name: string;
      readonly occurrence: number;
      readonly signal: 'SIGKILL' | 'SIGINT';
    }
  /** At a call that changes something, or within it. */
  | { readonly kind: 'call'; readonly call: number; readonly torn: boolean }
  | { readonly kind: 'after'; readonly ms: number; readonly signal: 'SIGKILL' | 'SIGINT' }
  /** The target dies under the program, and comes up again. */
  | { readonly kind: 'target'; readonly ms: number; readonly downMs: number }
  | { readonly kind: 'disk-full'; readonly part: Part; readonly leftBytes: number }
  | { readonly kind: 'read-only'; readonly part: Part };

/** What a command of this kind was like when nothing disturbed it. */
export interface Measure {
  readonly durationMs: number;
  readonly calls: number;
  readonly instants: readonly string[];
}

export interface Possible {
  /** Disks that can be made small and read-only. */
  readonly disks: readonly Part[];
  readonly target: boolean;
  readonly measure: Measure | undefined;
}

const pageBytes = 4096;

export function drawMishap(random: Random, { disks, target, measure }: Possible): Mishap {
  if (measure === undefined) return { kind: 'none' };
  return random.weighted<() => Mishap>([
    [() => ({ kind: 'none' }), 10],
    [() => drawInstant(random, measure, 'SIGKILL'), measure.instants.length > 0 ? 22 : 0],
    [() => drawInstant(random, measure, 'SIGINT'), measure.instants.length > 0 ? 4 : 0],
    [() => drawCall(random, measure), measure.calls > 0 ? 28 : 0],
    [() => ({ kind: 'after', ms: drawTime(random, measure), signal: 'SIGKILL' }), 8],
    [() => ({ kind: 'after', ms: drawTime(random, measure), signal: 'SIGINT' }), 4],
    [() => ({ kind: 'target', ms: drawTime(random, measure), downMs: random.between(0, 3000) }), target ? 20 : 0],
    [() => drawDisk(random, disks), disks.length > 0 ? 6 : 0],
    [() => ({ kind: 'read-only', part: random.pick(disks) }), disks.length > 0 ? 2 : 0],
  ])();
}

/** Kinds of instants first: else most kills would fall where a command comes by most often. The early ones rather: a run may have less to do than the last. */
function drawInstant(random: Random, { instants }: Measure, signal: 'SIGKILL' | 'SIGINT'): Mishap {
  const name = random.pick([...new Set(instants)].sort());
  const occurrence = random.between(1, random.between(1, instants.filter((other) => other === name).length));
  return { kind: 'instant', name, occurrence, signal };
}

const drawCall = (random: Random, { calls }: Measure): Mishap => ({
  kind: 'call',
  call: random.between(1, calls),
  torn: random.chance(0.4),
});

const drawTime = (random: Random, { durationMs }: Measure): number => random.between(20, Math.ceil(durationMs));

/** From nothing at all to a little more than a command of the campaign needs. */
function drawDisk(random: Random, disks: readonly Part[]): Mishap {
  return {
    kind: 'disk-full',
    part: random.pick(disks),
    leftBytes: pageBytes * random.pick([0, 1, 3, 10, 40, 100, 260, 500]),
  };
}

export function describeMishap(mishap: Mishap): string {
  switch (mishap.kind) {
    case 'none':
      return '';
    case 'instant':
      return `${mishap.signal} at ${mishap.name}:${mishap.occurrence}`;
    case 'call':
      return `SIGKILL ${mishap.torn ? 'within' : 'before'} call ${mishap.call}`;
    case 'after':
      return `${mishap.signal} after ${mishap.ms} ms`;
    case 'target':
      return `target killed after ${mishap.ms} ms, for ${mishap.downMs} ms`;
    case 'disk-full':
      return `${mishap.leftBytes} bytes left for ${mishap.part}`;
    case 'read-only':
      return `${mishap.part} is read-only`;
  }
}
