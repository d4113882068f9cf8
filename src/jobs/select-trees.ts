import { asBuffer, escapePath } from '#src/base/bytes';
import type { Instant } from '#src/base/clock';
import { GrandsireError } from '#src/base/errors';
import type { Repositories } from '#src/catalog/catalog';
import type { DataSetKey, DataSetRecord } from '#src/catalog/data-sets';

export interface RestoreRequest {
  /** Absolute paths as backed up, bytes; each stands for everything at and below it. */
  readonly paths: readonly Uint8Array[];
  /** What was begun later does not count. */
  readonly asOf: Instant | undefined;
  /** Id of the data set whose state of the tree is wanted. */
  readonly dataSet: string | undefined;
}

/** A state of a backup set, and the paths that are taken from it. */
export interface TreeSelection {
  /** The data set and all that it relies on. */
  readonly chain: readonly DataSetKey[];
  readonly paths: readonly Uint8Array[];
}

export interface SelectedTrees {
  readonly trees: readonly TreeSelection[];
  /** Those of which nothing is in any of the states. */
  readonly missing: readonly Uint8Array[];
}

/**
 * Which states of which backup sets a request means: the data set asked for; else for each path the newest complete one that holds it and can be read, and where none
 * does, what is left of interrupted ones. Throws `restore.nothing-found`, `data-set.not-found`.
 */
export async function selectTrees(request: RestoreRequest, repositories: Repositories): Promise<SelectedTrees> {
  const trees: TreeSelection[] = [];
  let left = request.paths;
  for (const dataSet of await candidates(request, repositories)) {
    if (left.length === 0) break;
    const chain = (await repositories.dataSets.chain(dataSet.key)).map(({ key }) => key);
    const found: Uint8Array[] = [];
    for (const path of left) if (await holds(chain, path, repositories)) found.push(path);
    if (found.length > 0) trees.push({ chain, paths: found });
    left = left.filter((path) => !found.includes(path));
  }
  if (trees.length === 0) throw nothingFound(request.paths);
  return { trees, missing: left };
}

async function candidates(
  { asOf, dataSet: id }: RestoreRequest,
  { dataSets }: Repositories,
): Promise<readonly DataSetRecord[]> {
  if (id !== undefined) {
    const dataSet = await dataSets.byId(id);
    if (!dataSet) throw dataSetNotFound(id);
    return [dataSet];
  }
  const all = (await dataSets.list()).filter(({ startedAt }) => asOf === undefined || startedAt <= asOf);
  const newest: DataSetRecord[] = [];
  for (const set of new Set(all.map(({ backupSet }) => backupSet))) {
    const found = await dataSets.latestUsable(set, asOf === undefined ? {} : { notAfter: asOf });
    if (found) newest.push(found);
  }
  newest.sort((a, b) => b.startedAt - a.startedAt);
  return [...newest, ...all.filter(({ state }) => state !== 'complete')];
}

async function holds(chain: readonly DataSetKey[], path: Uint8Array, { files }: Repositories): Promise<boolean> {
  for await (const page of files.selection(chain, [path])) if (page.length > 0) return true;
  return false;
}

const shown = (paths: readonly Uint8Array[]): string => paths.map((path) => escapePath(asBuffer(path))).join(', ');

export const nothingFound = (paths: readonly Uint8Array[]): GrandsireError =>
  new GrandsireError('restore.nothing-found', {
    message: `nothing at or below ${shown(paths)} is in a backup of that time`,
    remedy: 'Look for it by a part of its name: grandsire find NAME. Paths are absolute, as they were backed up.',
  });

export const dataSetNotFound = (id: string): GrandsireError =>
  new GrandsireError('data-set.not-found', {
    message: `there is no data set ${id}`,
    remedy: 'See which there are: grandsire backup list.',
  });
