import { relative } from 'node:path';
import type { ReporterOptions } from 'knip';

/** What `unused.ts` reads: knip's own reporters do not say how many files were looked at. */
export interface KnipReport {
  readonly looked: number;
  /** `type file symbol`, paths relative to the project, one for each finding. */
  readonly findings: readonly string[];
}

// knip loads a reporter by its default export.
// biome-ignore lint/style/noDefaultExport: the contract of knip's reporters
export default function report({ counters, cwd, issues, write }: ReporterOptions): void {
  const findings = Object.entries(issues).flatMap(([type, files]) =>
    type.startsWith('_')
      ? []
      : Object.values(files as Record<string, Record<string, { filePath: string; symbol: string }>>).flatMap(
          (symbols) =>
            Object.values(symbols).map(
              ({ filePath, symbol }) =>
                `${type} ${relative(cwd, filePath)}${symbol === relative(cwd, filePath) ? '' : ` ${symbol}`}`,
            ),
        ),
  );
  const text = `${JSON.stringify({ looked: counters.total, findings } satisfies KnipReport)}\n`;
  if (write) write(text);
  else process.stdout.write(text);
}
