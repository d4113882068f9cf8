import { join } from 'node:path';
import { bug } from '#src/base/errors';

const number6 = (number: number): string => String(number).padStart(6, '0');
/** As data sets are named (`home-20261122T220000Z-2`): never a way out of the staging area. */
const dataSetName = /^[a-z][a-z0-9-]{0,31}-[0-9]{8}T[0-9]{6}Z(-[0-9]{1,6})?$/;

/** Where the staged files of data sets lie below the staging area: `<data set>/<000001>.segment` and what belongs to it. */
export interface StagedPaths {
  folder(dataSet: string): string;
  segment(dataSet: string, number: number): string;
  /** A segment that is being filled; it gets its name when it is whole. */
  partial(dataSet: string, number: number): string;
  /** JSON lines of the files whose content ends in the segment. */
  indexPart(dataSet: string, number: number): string;
  /** What both must be (`segment-record.ts`). */
  facts(dataSet: string, number: number): string;
  /** What the data set is, as `data-set.json` of an index says it. */
  record(dataSet: string): string;
  /** JSON lines of the names that the run found gone. */
  deletions(dataSet: string): string;
  scratch(dataSet: string, name: string): string;
}

export function stagedPaths(root: string): StagedPaths {
  const below = (dataSet: string, name = ''): string => {
    if (!dataSetName.test(dataSet)) throw bug(`"${dataSet}" is not the name of a data set`);
    return join(root, dataSet, name);
  };
  return {
    folder: (dataSet) => below(dataSet),
    segment: (dataSet, number) => below(dataSet, `${number6(number)}.segment`),
    partial: (dataSet, number) => below(dataSet, `${number6(number)}.segment.partial`),
    indexPart: (dataSet, number) => below(dataSet, `${number6(number)}.index`),
    facts: (dataSet, number) => below(dataSet, `${number6(number)}.json`),
    record: (dataSet) => below(dataSet, 'data-set.json'),
    deletions: (dataSet) => below(dataSet, 'deletions.jsonl'),
    scratch: (dataSet, name) => below(dataSet, `.${name}`),
  };
}

export const isDataSetName = (name: string): boolean => dataSetName.test(name);

/** Number of the segment that a file name belongs to, and what it is of it. */
export function parseStagedName(
  name: string,
): { readonly number: number; readonly kind: 'segment' | 'partial' | 'index' | 'facts' } | undefined {
  const match = /^([0-9]{6,})\.(segment|segment\.partial|index|json)$/.exec(name);
  if (!match?.[1]) return undefined;
  const kind = { 'segment.partial': 'partial', json: 'facts' }[match[2] ?? ''] ?? match[2];
  return { number: Number(match[1]), kind: kind as 'segment' | 'partial' | 'index' | 'facts' };
}
