import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type CheckAnswer, CheckerProcess, type View } from '#test/soak/checker-process';
import type { DeviceUnderTest } from '#test/soak/device';
import { describeMishap, drawMishap, type Measure, type Mishap } from '#test/soak/mishap';
import { backup, drawOperation, inventory, type Operation, rebuildLost } from '#test/soak/operation';
import type { ProgramRun } from '#test/soak/program-run';
import { Random } from '#test/soak/random';
import { count, Report } from '#test/soak/report';
import { changeTree } from '#test/soak/source-tree';
import type { SetName, Workplace } from '#test/soak/workplace';

export interface CampaignOptions {
  readonly seed: string;
  readonly kills: number;
  readonly minutes: number;
  readonly onStep?: (line: string) => void;
}

/** A Monday, ahead of every clock: what a source holds always looks old enough to be believed unchanged. */
const start = Date.parse('2030-01-07T08:00:00Z');
const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
/** After how many operations the program is asked itself, and an undisturbed full backup must bring everything into order. */
const roundLength = 18;

/** Operations one after the other, mishaps in them, and after each a look at all that was promised. */
export class Campaign implements Disposable {
  readonly report: Report;
  readonly #workplace: Workplace;
  readonly #device: DeviceUnderTest;
  readonly #options: CampaignOptions;
  readonly #checker: CheckerProcess;
  /** Of each kind the run that did most, and the last: often nothing is to be done. */
  readonly #measures = new Map<string, readonly [Measure, Measure]>();
  #now = start;
  #view: View = { cartridges: [], dataSets: [], staged: 0 };
  /** The catalog is gone, and not yet rebuilt. */
  #suspended = false;
  #waitsForCartridge = 0;

  constructor(workplace: Workplace, device: DeviceUnderTest, options: CampaignOptions) {
    this.#workplace = workplace;
    this.#device = device;
    this.#options = options;
    this.report = new Report(options.seed, device.kind);
    this.#checker = new CheckerProcess(workplace.folder);
  }

  async run(): Promise<Report> {
    const { kills, minutes, seed } = this.#options;
    const began = performance.now();
    const { report } = this;
    await this.#begin();
    for (let number = 1; report.kills < kills && report.findings.length === 0; number += 1) {
      if (performance.now() - began > minutes * minuteMs) break;
      const random = new Random(`${seed} ${number}`);
      if (number % roundLength === 0 && !this.#suspended) await this.#bringIntoOrder(random);
      else await this.#step(random);
    }
    if (report.findings.length === 0) await this.#finish();
    report.seconds = Math.round((performance.now() - began) / 1000);
    return report;
  }

  /** An empty library is looked into, and its cartridges are known as blank. */
  async #begin(): Promise<void> {
    await this.#perform(inventory);
    await this.#perform({
      kind: 'cartridge label',
      argv: ['cartridge', 'label', '--all-blank', '--yes'],
      allowed: [0],
    });
  }

  async #finish(): Promise<void> {
    const random = new Random(`${this.#options.seed} end`);
    while (this.#suspended && this.report.findings.length === 0) await this.#rebuild(random, { kind: 'none' });
    if (this.report.findings.length === 0) await this.#bringIntoOrder(random);
  }

  async #step(random: Random): Promise<void> {
    this.#now +=
      random.weighted([
        [random.between(5, 300), 10],
        [random.between(300, 2000), 2],
      ]) * minuteMs;
    if (!this.#suspended && random.chance(0.012)) this.#loseCatalog();
    const operation = this.#suspended
      ? rebuildLost
      : drawOperation({
          random,
          workplace: this.#workplace,
          device: this.#device,
          view: this.#view,
          at: this.#now + minuteMs,
        });
    const mishap = drawMishap(random, {
      disks: this.#workplace.disks,
      target: this.#device.breakTarget !== undefined,
      measure: this.#measures.get(operation.kind)?.[random.between(0, 1)],
    });
    if (this.#suspended) await this.#rebuild(random, mishap);
    else await this.#perform(operation, { random, mishap });
  }

  #loseCatalog(): void {
    this.#suspended = true;
    count(this.report.mishaps, 'catalog lost');
    for (const end of ['', '-wal', '-shm']) {
      rmSync(join(this.#workplace.path('state'), `catalog.sqlite${end}`), { force: true });
    }
  }

  async #rebuild(random: Random, mishap: Mishap): Promise<void> {
    const run = await this.#perform(rebuildLost, { random, mishap });
    if (run.exitCode !== 0 && run.exitCode !== 3) return;
    const accept = ['catalog', 'rebuild', '--accept'];
    const { stdout } = await this.#perform({ kind: 'catalog rebuild --accept', argv: accept, allowed: [0, 3] });
    const kept: readonly { readonly dataSet: string }[] = JSON.parse(stdout).kept ?? [];
    for (const { dataSet } of kept) {
      await this.#perform({ kind: 'catalog rebuild --accept', argv: [...accept, dataSet], allowed: [0, 3] });
    }
    this.#suspended = false;
  }

  /** The program by its own word, and a run that nothing disturbs. */
  async #bringIntoOrder(random: Random): Promise<void> {
    await this.#perform({ kind: 'catalog check', argv: ['catalog', 'check'], allowed: [0] });
    await this.#perform({ kind: 'library import', argv: ['library', 'import'], allowed: [0] });
    await this.#perform(backup({ random }, 'full'), { random, mishap: { kind: 'none' } });
    await this.#perform(inventory);
  }

  async #perform(
    operation: Operation,
    { random, mishap }: { readonly random?: Random; readonly mishap: Mishap } = { mishap: { kind: 'none' } },
  ): Promise<ProgramRun> {
    this.#now += minuteMs;
    const at = this.#now;
    if (operation.set && random) this.#prepareBackup(operation.set, random, at);
    const run = await this.#runThrough(operation, mishap);
    const isCut = run.signal === 'SIGKILL';
    const loss = random && isCut && random.chance(0.35) ? this.#losePower(random) : '';
    this.#note(operation, run, [describeMishap(mishap), loss].filter(Boolean).join('; '));
    if (operation.set) this.#promise(operation.set, at, run);
    this.#judge(operation, run, mishap);
    if (mishap.kind === 'none' && run.exitCode === 0) this.#measure(operation.kind, run);
    // A target that died meanwhile comes up with its cartridges where they were seen before.
    await this.#look(operation.settles === true && run.exitCode === 0 && mishap.kind !== 'target');
    return run;
  }

  #prepareBackup(set: SetName, random: Random, at: number): void {
    changeTree(this.#workplace.source(set), random);
    const tree = `${set}-${at}`;
    this.#workplace.keepTree(set, tree);
    this.#workplace.promise({ kind: 'backup', set, at, tree });
  }

  async #runThrough(operation: Operation, mishap: Mishap): Promise<ProgramRun> {
    if (mishap.kind === 'disk-full') this.#workplace.fill(mishap.part, mishap.leftBytes);
    if (mishap.kind === 'read-only') this.#workplace.makeReadOnly(mishap.part);
    try {
      const run = await this.#workplace.run(operation.argv, this.#now, mishap);
      await this.#device.settle(this.#view.cartridges);
      return run;
    } finally {
      if (mishap.kind === 'disk-full' || mishap.kind === 'read-only') this.#workplace.makeRoom(mishap.part);
    }
  }

  #losePower(random: Random): string {
    const { mood, names, pages } = this.#workplace.losePower(random);
    count(this.report.losses, `power lost, what was not synchronised ${mood}`);
    count(this.report.losses, 'names not as they were', names);
    count(this.report.losses, 'pages dropped or torn', pages);
    return `power lost (${mood}: ${names} names, ${pages} pages)`;
  }

  #note(operation: Operation, run: ProgramRun, mishap: string): void {
    const { report } = this;
    const number = report.steps.length + 1;
    const outcome = run.signal ?? `${run.exitCode}${errorOf(run) ? ` ${errorOf(run)}` : ''}`;
    const text = operation.argv.join(' ');
    report.steps.push({ number, now: new Date(this.#now).toISOString(), operation: text, mishap, outcome });
    this.#options.onStep?.(`${number} ${text}${mishap ? `  [${mishap}]` : ''} → ${outcome}`);
    count(report.operations, operation.kind);
    count(report.outcomes, `${operation.kind}: ${outcome}`);
    if (mishap !== '') count(report.mishaps, mishapKind(mishap));
    if (run.targetDied) {
      report.kills += 1;
      count(report.killsByPhase, `target, ${run.instants.at(-1) ?? 'before the first instant'}`);
    }
    if (run.signal !== 'SIGKILL' || run.hung) return;
    report.kills += 1;
    count(report.killsByPhase, run.instants.at(-1) ?? 'before the first instant');
    if (run.killedAtCall) count(report.killsByCall, generalised(run.killedAtCall));
  }

  /** What the program said that it had done. */
  #promise(set: string, at: number, run: ProgramRun): void {
    const segments = run.instants.filter((name) => name === 'segment.staged').length;
    const complete = run.instants.includes('data-set.complete');
    if (segments > 0 || complete) this.#workplace.promise({ kind: 'reported', set, at, segments, complete });
  }

  #judge(operation: Operation, run: ProgramRun, mishap: Mishap): void {
    const subject = `operation ${this.report.steps.length}, ${operation.argv.join(' ')}`;
    const find = (code: string, message: string): void => void this.report.findings.push({ code, subject, message });
    if (run.hung) find('program.hangs', 'it did not end');
    if (run.signal !== null) {
      if (run.signal !== 'SIGKILL' && run.signal !== 'SIGINT')
        find('program.crash', `${run.signal}: ${run.stderr.slice(-2000)}`);
      return;
    }
    const complaint = operation.complaint?.(run);
    if (complaint) find('program.result', complaint);
    const error = errorOf(run);
    if (/"blame":"bug"/.test(run.stdout) || run.exitCode === null || run.exitCode === 2) {
      find('program.failed', `${run.stdout}${run.stderr.slice(-2000)}`);
    }
    const isDisturbed = mishap.kind !== 'none';
    if (isDisturbed || operation.allowed.includes(run.exitCode ?? -1) || this.#isLeftOver(run)) {
      if (!isDisturbed) this.#waitsForCartridge = 0;
      return;
    }
    if (error === 'cartridge.none-suitable' && this.#waitsForCartridge < 2) {
      // All are protected: days go by.
      this.#waitsForCartridge += 1;
      this.#now += 4 * dayMs;
      return;
    }
    find(
      'program.ended',
      `it should end ${operation.allowed.join(' or ')}: ${run.exitCode} ${run.stdout.slice(0, 3000)}${run.stderr.slice(-2000)}`,
    );
  }

  /** Names in staging that a loss of power brought back after the catalog that knew them was lost: they are named until somebody takes them away. */
  #isLeftOver({ exitCode, stdout }: ProgramRun): boolean {
    if (exitCode !== 3 || !this.report.mishaps.has('catalog lost')) return false;
    const { warnings = [] }: { readonly warnings?: readonly { readonly code: string }[] } = JSON.parse(stdout);
    return warnings.every(({ code }) => code === 'staging.unknown-segment');
  }

  #measure(kind: string, { durationMs, calls = 0, instants }: ProgramRun): void {
    const measure = { durationMs, calls, instants };
    const most = this.#measures.get(kind)?.[0] ?? measure;
    this.#measures.set(kind, [calls >= most.calls ? measure : most, measure]);
  }

  async #look(settled: boolean): Promise<void> {
    const answer: CheckAnswer = await this.#checker.check({ now: this.#now, settled, suspended: this.#suspended });
    this.report.checks += 1;
    for (const [name, times] of Object.entries(answer.checked)) count(this.report.checked, name, times);
    this.report.findings.push(...answer.findings);
    if (answer.view.cartridges.length > 0) this.#view = answer.view;
  }

  [Symbol.dispose](): void {
    this.#checker[Symbol.dispose]();
  }
}

const errorOf = ({ stdout }: ProgramRun): string | undefined => /^\{"error":\{"code":"([^"]+)"/.exec(stdout)?.[1];

const mishapKind = (text: string): string => text.replace(/:\d+| \d+( ms| bytes)?|\(.*\)/g, '').trim();

/** Without what is different each time. */
const generalised = (call: string): string =>
  call.replace(/[a-z]+-\d{8}T\d{6}Z(-\d+)?/, '…').replace(/\d{6}|S0+\d+L9/g, 'N');
