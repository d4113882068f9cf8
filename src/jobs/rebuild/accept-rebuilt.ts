import type { Instant } from '#src/base/clock';
import { GrandsireError } from '#src/base/errors';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Catalog } from '#src/catalog/catalog';
import type { DataSetRecord } from '#src/catalog/data-sets';
import { dataSetNotFound } from '#src/jobs/select-trees';

export interface AcceptResult {
  /** Barcodes of cartridges that are protected by what is on them from now on. */
  readonly accepted: readonly string[];
  /** Data sets of which nothing tells the policy, and where they are: protected for ever still. */
  readonly kept: readonly { readonly dataSet: string; readonly cartridges: readonly string[] }[];
}

/**
 * Applies the policies to what rebuilds found, on these cartridges or on all: from now on its own protection counts. What was found without an index has none that
 * anybody knows, and stays protected for ever (docs/adr/0003).
 */
export async function acceptRebuilt(catalog: Catalog, only?: readonly CartridgeRecord[]): Promise<AcceptResult> {
  const { volumes, cartridges, tapeFiles, dataSets } = catalog;
  const accepted: string[] = [];
  const kept = new Map<string, string[]>();
  for (const { key, rebuilt, cartridge } of await volumes.current()) {
    if (only && !only.some(({ id }) => id === cartridge)) continue;
    const barcode = (await cartridges.get(cartridge))?.barcode ?? '';
    if (rebuilt) {
      await volumes.accept(key);
      accepted.push(barcode);
    }
    const written = (await tapeFiles.ofVolume(key)).filter(({ state }) => state === 'written');
    for (const id of new Set(written.map(({ dataSet }) => dataSet))) {
      const dataSet = id === undefined ? undefined : await dataSets.get(id);
      if (dataSet && isUnlimited(dataSet)) kept.set(dataSet.id, [...(kept.get(dataSet.id) ?? []), barcode]);
    }
  }
  return { accepted, kept: [...kept].map(([dataSet, barcodes]) => ({ dataSet, cartridges: barcodes })) };
}

const isUnlimited = ({ nameOnly, protection }: DataSetRecord): boolean => nameOnly && protection.kind === 'forever';

/** Ends the protection of data sets of which nothing tells the policy. Throws `data-set.not-found`, `data-set.has-policy`, and changes nothing then. */
export async function acceptDataSets(ids: readonly string[], { transaction }: Catalog, now: Instant): Promise<void> {
  await transaction(async ({ dataSets, actions }) => {
    for (const id of ids) {
      const dataSet = await dataSets.byId(id);
      if (!dataSet) throw dataSetNotFound(id);
      if (!dataSet.nameOnly) {
        throw new GrandsireError('data-set.has-policy', {
          message: `an index tells how long ${id} is protected; its protection is not ended by hand`,
          remedy: 'Have the policies applied to its cartridges: grandsire catalog rebuild --accept.',
        });
      }
      await dataSets.update(dataSet.key, { protection: { kind: 'none' } });
      await actions.append({ at: now, event: 'data-set.accepted', subject: id, details: {} });
    }
  });
}
