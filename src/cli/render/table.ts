/** A column that holds numbers is told apart by `right`; every other is flush left. */
export interface TableOptions {
  readonly header?: readonly string[];
  /** Columns (from 0) that are flush right. */
  readonly right?: readonly number[];
}

/** Rows under each other, two spaces between columns, lines ended by `\n`. No rows: no lines, not even the header. */
export function renderTable(rows: readonly (readonly string[])[], { header, right = [] }: TableOptions = {}): string {
  if (rows.length === 0) return '';
  const all = header ? [header, ...rows] : rows;
  const widths: number[] = [];
  for (const row of all) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, width(cell));
  }
  const line = (row: readonly string[]): string => {
    const cells = row.map((cell, column) => {
      const space = ' '.repeat((widths[column] ?? 0) - width(cell));
      return right.includes(column) ? space + cell : cell + space;
    });
    return `${cells.join('  ').trimEnd()}\n`;
  };
  return all.map(line).join('');
}

const width = (cell: string): number => [...cell].length;
