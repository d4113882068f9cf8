import type { Finding } from '#test/soak/checker-process';

/** Counts by name. */
export type Tally = Map<string, number>;

export function count(tally: Tally, name: string, times = 1): void {
  tally.set(name, (tally.get(name) ?? 0) + times);
}

/** One line of the list of what was done. */
export interface Step {
  readonly number: number;
  readonly operation: string;
  readonly now: string;
  readonly mishap: string;
  readonly outcome: string;
}

/** What a campaign did and saw. */
export class Report {
  readonly seed: string;
  readonly device: string;
  readonly steps: Step[] = [];
  readonly operations: Tally = new Map();
  readonly outcomes: Tally = new Map();
  readonly mishaps: Tally = new Map();
  /** By the instant that the program had come to last. */
  readonly killsByPhase: Tally = new Map();
  readonly killsByCall: Tally = new Map();
  readonly losses: Tally = new Map();
  readonly checked: Tally = new Map();
  readonly findings: Finding[] = [];
  /** Mishaps that this machine does not let happen. */
  readonly impossible: string[] = [];
  kills = 0;
  checks = 0;
  seconds = 0;
  folder: string | undefined;

  constructor(seed: string, device: string) {
    this.seed = seed;
    this.device = device;
  }

  json(): Readonly<Record<string, unknown>> {
    const { steps: _steps, ...rest } = this;
    return Object.fromEntries(
      Object.entries(rest).map(([name, value]) => [
        name,
        value instanceof Map ? Object.fromEntries(sorted(value)) : value,
      ]),
    );
  }

  text(): string {
    const tables = [
      ['operations', this.operations],
      ['how they ended', this.outcomes],
      ['mishaps', this.mishaps],
      ['kills, by the instant that the program had come to last', this.killsByPhase],
      ['kills at calls', this.killsByCall],
      ['losses of power', this.losses],
      ['checked, over all looks', this.checked],
    ] as const;
    return [
      `soak: device ${this.device}, seed ${this.seed}: ${this.steps.length} operations, ${this.kills} kills, ${this.checks} checks in ${this.seconds} s`,
      ...tables.filter(([, tally]) => tally.size > 0).map(([title, tally]) => table(title, tally)),
      ...this.impossible.map((what) => `not possible here: ${what}`),
      this.findings.length === 0 ? 'findings: none' : `findings: ${this.findings.length}`,
      ...this.findings.map(({ code, subject, message }) => `  ${code}  ${subject}: ${message}`),
    ].join('\n');
  }

  /** Whether it shows less than its name says: undefined, or why. Of so many kills some fall on calls, unless the library that counts them was not loaded. */
  get shortfall(): string | undefined {
    if (this.kills === 0) return 'nothing was killed';
    if (this.kills >= 25 && this.killsByCall.size === 0) return 'no kill fell on a call';
    if (process.env['CI'] === 'true' && this.impossible.length > 0) return 'with CI=true everything must be possible';
    return undefined;
  }

  /** What led to a finding. */
  history(last: number): string {
    return this.steps
      .slice(-last)
      .map(
        ({ number, now, operation, mishap, outcome }) =>
          `  ${number}  ${now}  ${operation}${mishap ? `  [${mishap}]` : ''}  → ${outcome}`,
      )
      .join('\n');
  }
}

const sorted = (tally: Tally): [string, number][] => [...tally].sort(([a, n], [b, m]) => m - n || a.localeCompare(b));

const table = (title: string, tally: Tally): string =>
  [`${title}:`, ...sorted(tally).map(([name, times]) => `  ${String(times).padStart(9)}  ${name}`)].join('\n');
