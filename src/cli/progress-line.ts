import { type Duration, milliseconds, seconds } from '#src/base/duration';
import type { Progress } from '#src/base/progress';
import { formatBytes } from '#src/cli/render/format-bytes';
import { formatDuration } from '#src/cli/render/format-duration';
import { terminalSafe } from '#src/cli/render/terminal-safe';

export interface ProgressOutput {
  write(text: string): void;
  readonly isTerminal: boolean;
  readonly columns: number;
  /** Milliseconds of a clock that only goes forward. Not the program's clock, which a drill may stand still. */
  elapsed(): number;
}

/** On a terminal a bar that is drawn over; else a line now and then, so that a log stays readable. */
const intervals: { readonly terminal: Duration; readonly log: Duration } = {
  terminal: milliseconds(100),
  log: seconds(30),
};

const eraseLine = '\r\u001b[K';

/** Shows progress on stderr. `clear` takes the bar away, before anything else is written there and at the end. */
export class ProgressLine {
  readonly #output: ProgressOutput;
  #task: string | undefined;
  #startedAt = 0;
  #startedWith = 0;
  #shownAt = Number.NEGATIVE_INFINITY;
  #drawn = false;

  constructor(output: ProgressOutput) {
    this.#output = output;
  }

  show(progress: Progress): void {
    const now = this.#output.elapsed();
    if (progress.task !== this.#task) {
      this.#task = progress.task;
      this.#startedAt = now;
      this.#startedWith = progress.done;
      // A log hears of work that lasts; a terminal at once.
      this.#shownAt = this.#output.isTerminal ? Number.NEGATIVE_INFINITY : now;
    }
    const { isTerminal, columns } = this.#output;
    if (now - this.#shownAt < (isTerminal ? intervals.terminal : intervals.log)) return;
    this.#shownAt = now;
    const line = terminalSafe(this.#describe(progress, now - this.#startedAt)).replaceAll('\n', ' ');
    if (isTerminal) this.#output.write(`${eraseLine}${[...line].slice(0, Math.max(20, columns - 1)).join('')}`);
    else this.#output.write(`${line}\n`);
    this.#drawn = isTerminal;
  }

  clear(): void {
    if (this.#drawn) this.#output.write(eraseLine);
    this.#drawn = false;
  }

  #describe({ task, done, total, unit, detail }: Progress, elapsedMs: number): string {
    const count = (n: number): string => (unit === 'bytes' ? formatBytes(n) : `${Math.round(n)}`);
    const perSecond = elapsedMs > 0 ? ((done - this.#startedWith) * 1000) / elapsedMs : 0;
    const parts = [unit === 'bytes' ? count(done) : `${count(done)} ${unit}`];
    if (total !== undefined && total > 0) {
      const share = Math.min(1, done / total);
      parts[0] = `${bar(share)} ${Math.floor(share * 100)} % of ${count(total)}${unit === 'bytes' ? '' : ` ${unit}`}`;
    }
    if (perSecond > 0) parts.push(`${count(perSecond)}/s`);
    if (perSecond > 0 && total !== undefined && total > done) {
      parts.push(`${formatDuration(seconds((total - done) / perSecond))} left`);
    }
    return `${task}: ${parts.join(', ')}${detail === undefined ? '' : `  ${detail}`}`;
  }
}

function bar(share: number): string {
  const width = 20;
  const full = Math.floor(share * width);
  return `[${'='.repeat(full)}${' '.repeat(width - full)}]`;
}
