import { cp, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addDays, type CalendarDay } from '#src/base/calendar-day';
import { type Instant, ManualClock } from '#src/base/clock';
import { seconds } from '#src/base/duration';
import { bug, GrandsireError, throwIfAborted } from '#src/base/errors';
import { systemPause } from '#src/base/pause';
import { dayAt, instantOfWallTime } from '#src/base/time-zone';
import type { Context } from '#src/cli/context';
import { changeFiles } from '#src/cli/demo/change-files';
import { compareFolders } from '#src/cli/demo/compare-folders';

export interface DemoOptions {
  readonly days: number;
  readonly from: string | undefined;
  readonly keep: boolean;
}

export interface DemoResult {
  readonly folder: string;
  readonly kept: boolean;
  readonly days: number;
  readonly runs: number;
  readonly files: number;
  readonly bytes: number;
  /** Entries that were restored and compared. */
  readonly compared: number;
  readonly differences: readonly string[];
  readonly cartridges: readonly string[];
  /** Every run was written on the cartridges that the schedule had printed for it. */
  readonly asPrinted: boolean;
}

interface ScheduledDay {
  readonly date: CalendarDay;
  readonly cartridges: readonly string[];
}

interface BackupRun {
  readonly level: string;
  readonly startedAt: string;
  readonly files: number;
  readonly bytes: number;
  readonly cartridges: readonly string[];
}

const twoInTheAfternoon = 14 * 3_600_000;
const tenInTheEvening = 22 * 3_600_000;
const watched = 'source/diary.txt';
const writtenOn = (day: string): string => `Written on ${day}.\n`;

/** An operator's first weeks, with the operator's commands and no others. */
export async function runDemo(context: Context, options: DemoOptions): Promise<DemoResult> {
  const folder = await mkdtemp(join(tmpdir(), 'grandsire-demo-'));
  try {
    return await new Demo(context, options, folder).run();
  } finally {
    if (!options.keep) await rm(folder, { recursive: true, force: true });
  }
}

class Demo {
  readonly #context: Context;
  readonly #options: DemoOptions;
  readonly #folder: string;
  readonly #clock: ManualClock;
  readonly #first: CalendarDay;
  readonly #runs: BackupRun[] = [];
  #asPrinted = true;

  constructor(context: Context, options: DemoOptions, folder: string) {
    this.#context = context;
    this.#options = options;
    this.#folder = folder;
    this.#clock = new ManualClock(context.clock.now());
    this.#first = dayAt(context.clock.now(), context.timeZone);
    this.#clock.set(this.#moment(this.#first, twoInTheAfternoon));
  }

  async run(): Promise<DemoResult> {
    await this.#setUp();
    const last = addDays(this.#first, this.#options.days - 1);
    const scheduled = await this.#printSchedule(last);
    await this.#daysGoBy(scheduled);
    await this.#askWhere();
    const differences = [...(await this.#restoreAll()), ...(await this.#restoreOld())];
    await this.#do('catalog', 'check');
    const newest = this.#runs.at(-1);
    return {
      folder: this.#folder,
      kept: this.#options.keep,
      days: this.#options.days,
      runs: this.#runs.length,
      files: newest?.files ?? 0,
      bytes: this.#runs.reduce((sum, { bytes }) => sum + bytes, 0),
      compared: this.#compared,
      differences,
      cartridges: [...new Set(this.#runs.flatMap(({ cartridges }) => cartridges))].sort(),
      asPrinted: this.#asPrinted,
    };
  }

  #compared = 0;

  async #setUp(): Promise<void> {
    const from = await realpath(
      this.#options.from ?? fileURLToPath(new URL('../../../../node_modules', import.meta.url)),
    );
    this.#say(`A copy of ${from} is what will be backed up, in ${this.#folder}/source.`);
    await cp(from, join(this.#folder, 'source'), { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
    await writeFile(join(this.#folder, watched), 'The day before the first.\n');
    // Files this young are read again by the next run, as long as the kernel's stamps cannot be trusted (docs/archive.md).
    await systemPause(seconds(2.1), this.#context.signal);
    await this.#do('init');
    await this.#edit();
    await this.#do('library', 'status');
    await this.#do('pool', 'list');
  }

  /** The one thing that an operator does by hand: say in grandsire.yaml what is to be backed up. */
  async #edit(): Promise<void> {
    const path = join(this.#folder, 'grandsire.yaml');
    const before = await readFile(path, 'utf8');
    const after = before.replace(/^ {2}home: .*$/m, '  home: { include: [./source], rotation: office }');
    if (after === before) throw bug('the configuration that init writes has no set home');
    await writeFile(path, after);
    this.#say("\n$ sed -i 's#^  home:.*#  home: { include: [./source], rotation: office }#' grandsire.yaml");
  }

  async #printSchedule(to: CalendarDay): Promise<readonly ScheduledDay[]> {
    const range = ['--from', this.#first, '--to', to];
    await this.#do('schedule', 'print', '--format', 'text', ...range);
    const shown = await this.#ask('schedule', 'show', ...range);
    return (JSON.parse(shown) as { readonly days: readonly ScheduledDay[] }).days;
  }

  async #daysGoBy(scheduled: readonly ScheduledDay[]): Promise<void> {
    for (const { date, cartridges } of scheduled) {
      throwIfAborted(this.#context.signal);
      this.#clock.set(this.#moment(date, tenInTheEvening));
      const changed = this.#runs.length === 0 ? 'nothing yet' : await changeFiles(join(this.#folder, 'source'), date);
      await writeFile(join(this.#folder, watched), writtenOn(date));
      this.#say(`\n# ${date}, 22:00 (changed since: ${changed})`);
      await this.#backUp(cartridges);
    }
    if (scheduled.length === 0) {
      throw new GrandsireError('command.usage', {
        message: `the rotation has no run within ${this.#options.days} days from ${this.#first}`,
        remedy: 'Take more days: grandsire demo --days 7.',
      });
    }
  }

  async #backUp(planned: readonly string[]): Promise<void> {
    const before = (await this.#dataSets()).length;
    await this.#do('backup', 'run', 'home');
    const [newest, ...others] = await this.#dataSets();
    if (!newest || others.length !== before) throw bug('backup run left no data set');
    this.#runs.push(newest);
    const asPrinted = newest.cartridges.join() === planned.join();
    this.#asPrinted &&= asPrinted;
    if (!asPrinted) this.#say(`(the schedule had printed ${planned.join(', ')})`);
  }

  async #dataSets(): Promise<readonly BackupRun[]> {
    return (JSON.parse(await this.#ask('backup', 'list')) as { readonly dataSets: readonly BackupRun[] }).dataSets;
  }

  async #askWhere(): Promise<void> {
    this.#say('\n# Which cartridge holds a file? Its versions, the newest first:');
    await this.#do('find', 'diary.txt', '--limit', '5');
    const cartridge = this.#runs.at(-1)?.cartridges[0];
    if (cartridge) {
      await this.#do('cartridge', 'show', cartridge);
      await this.#do('cartridge', 'identify', cartridge);
      await this.#do('verify', cartridge);
    }
    await this.#do('cartridge', 'list');
  }

  async #restoreAll(): Promise<readonly string[]> {
    const source = join(this.#folder, 'source');
    this.#say('\n# Everything as it was at the last run:');
    await this.#do('restore', 'plan', source);
    await this.#do('restore', 'run', source, '--to', join(this.#folder, 'restored'));
    const { compared, differences } = await compareFolders(source, join(this.#folder, 'restored', source));
    this.#compared += compared;
    return differences;
  }

  /** The oldest full that is still there: what it holds of the watched file is what was written into it on that day. */
  async #restoreOld(): Promise<readonly string[]> {
    const fulls = (await this.#dataSets()).filter(({ level, cartridges }) => level === 'full' && cartridges.length > 0);
    const oldest = fulls.at(-1);
    if (!oldest) throw bug('no full is left');
    const path = join(this.#folder, watched);
    this.#say(`\n# One file as it was on ${oldest.startedAt.slice(0, 10)}:`);
    await this.#do('restore', 'run', path, '--as-of', oldest.startedAt, '--to', join(this.#folder, 'restored-old'));
    this.#compared += 1;
    const restored = await readFile(join(this.#folder, 'restored-old', path), 'utf8');
    return restored === writtenOn(oldest.startedAt.slice(0, 10)) ? [] : [path];
  }

  /** Runs a command line as an operator would type it; prints it first. Its failure is the demonstration's. */
  async #do(...argv: string[]): Promise<void> {
    const exitCode = await this.#attempt(...argv);
    if (exitCode === 0 || exitCode === 3) return;
    throw new GrandsireError('demo.failed', {
      message: `grandsire ${argv.join(' ')} ended with exit code ${exitCode}`,
      remedy: 'Look at what it printed above; run it again with --keep to look at the files: grandsire demo --keep.',
    });
  }

  async #attempt(...argv: string[]): Promise<number> {
    throwIfAborted(this.#context.signal);
    this.#say(`\n$ grandsire ${argv.join(' ')}`);
    const isQuiet = this.#context.json || this.#context.quiet;
    const { exitCode } = await this.#context.runCommand(argv, { ...this.#place, silent: isQuiet });
    return exitCode;
  }

  /** The answer in JSON, not shown. */
  async #ask(...argv: string[]): Promise<string> {
    return (await this.#context.runCommand([...argv, '--json'], { ...this.#place, silent: true })).output;
  }

  get #place() {
    return { folder: this.#folder, clock: this.#clock };
  }

  #moment(day: CalendarDay, wallMs: number): Instant {
    return instantOfWallTime(day, wallMs, this.#context.timeZone);
  }

  #say(line: string): void {
    if (!this.#context.json && !this.#context.quiet) this.#context.stdout.write(`${line}\n`);
  }
}
