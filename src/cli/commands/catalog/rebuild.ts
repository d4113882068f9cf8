import { countOf } from '#src/base/count-of';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import { defineCommand, type Warning } from '#src/cli/command';
import { renderTable } from '#src/cli/render/table';

interface RebuildDocument {
  readonly cartridges: readonly { readonly barcode: string; readonly found: string; readonly tapeFiles: number }[];
  readonly dataSets: readonly string[];
  readonly files: number;
  readonly accepted: readonly string[];
  readonly kept: readonly { readonly dataSet: string; readonly cartridges: readonly string[] }[];
}

const unknownPolicy = ({ dataSet, cartridges }: RebuildDocument['kept'][number]): Warning => ({
  code: 'catalog.unknown-policy',
  message:
    `${dataSet} on ${cartridges.join(', ')} was found without an index, so that nothing tells how long it is protected: it stays so for ever. ` +
    `When nobody needs it: grandsire catalog rebuild --accept ${dataSet}`,
});

export const command = defineCommand({
  noun: 'catalog',
  verb: 'rebuild',
  summary: 'read cartridges into the catalog, without its help',
  description:
    'Reads the named cartridges, or all data cartridges in the libraries, and takes in what they hold and the catalog does not know; what it knows stays. A library ' +
    'that nobody has looked into yet is looked into first. What is found so is protected for ever, until --accept has the policies applied to it; with --accept no ' +
    'cartridge is read. What was staged under a catalog that was lost is taken in from the staging folder; what is torn there is left and named.',
  positionals: [
    {
      name: 'barcode',
      summary:
        'cartridges; all in the libraries unless named. With --accept also data sets of which nothing tells the policy',
      required: false,
      many: true,
    },
  ],
  options: { accept: { kind: 'flag', summary: 'end the protection of what earlier rebuilds found; its own begins' } },
  examples: [
    { command: 'grandsire catalog rebuild', does: 'read every cartridge' },
    { command: 'grandsire catalog rebuild --accept', does: 'apply the policies to what was found' },
    {
      command: 'grandsire catalog rebuild --accept home-20261122T220000Z',
      does: 'end the protection of what was found without an index',
    },
  ],
  exitCodes: [0, 3, 4, 5, 6],
  json:
    '{ cartridges: [{ barcode, found: "ours"|"foreign"|"blank"|"unreadable"|"newer-format"|"damaged-label"|"failed", tapeFiles }], dataSets: [ID], files, accepted: [BARCODE], ' +
    'kept: [{ dataSet, cartridges: [BARCODE] }] }; kept: found without an index, so that nothing tells the policy; protected for ever until named with --accept',
  async run(context, { barcode: barcodes, accept }) {
    const { rebuild } = await import('#src/jobs/rebuild/rebuild');
    const { acceptDataSets, acceptRebuilt } = await import('#src/jobs/rebuild/accept-rebuilt');
    const { isDataSetName, stagedPaths } = await import('#src/staging/staged-paths');
    const { findToUse, inventoryAll, neverInventoried } = await import('#src/cli/find-to-use');
    const { leaseStaging } = await import('#src/cli/staging-lease');
    const { LibraryMounts } = await import('#src/cli/library-mounts');
    const { notInventoried } = await import('#src/library/library-errors');
    await using app = await context.openApp();
    const { catalog, clock, configuration } = app;
    const ids = accept ? barcodes.filter(isDataSetName) : [];
    const addresses = barcodes.filter((address) => !ids.includes(address));
    const named: CartridgeRecord[] = [];
    for (const address of addresses) named.push(await findToUse(address, { app, context }));
    const filter = context.library === undefined ? {} : { library: context.library };
    const never = await neverInventoried({ app, context });
    if (accept) {
      const [first] = barcodes.length === 0 && (await catalog.cartridges.list(filter)).length === 0 ? never : [];
      if (first !== undefined) throw notInventoried(first);
      await acceptDataSets(ids, catalog, clock.now());
      const { accepted, kept } = await acceptRebuilt(catalog, barcodes.length > 0 ? named : undefined);
      const result: RebuildDocument = { cartridges: [], dataSets: ids, files: 0, accepted, kept };
      return { result, warnings: kept.map(unknownPolicy) };
    }
    if (barcodes.length === 0) await inventoryAll(never, { app, context });
    const inLibraries = (await catalog.cartridges.list(filter)).filter(
      ({ kind, location }) => kind !== 'cleaning' && ['slot', 'drive', 'mailSlot'].includes(location.kind),
    );
    const warnings: Warning[] = [];
    const { path } = configuration.staging;
    await using _lease = await leaseStaging(app, context, 'catalog rebuild');
    await using mounts = new LibraryMounts(app, context, { job: 'catalog rebuild', warnings });
    const chosen = named.length > 0 ? named : inLibraries;
    let done = 0;
    const { cartridges, dataSets, files, doubts } = await rebuild(chosen, {
      catalog,
      clock,
      mount: (cartridge, request) => {
        context.progress({
          task: 'reading',
          done,
          total: chosen.length,
          unit: 'cartridges',
          detail: cartridge.barcode,
        });
        done += 1;
        return mounts.anywhere(cartridge, request);
      },
      scratch: configuration.state,
      staging: { path, paths: stagedPaths(path) },
      drawOf: (pool) => configuration.pools[pool]?.draw,
      onNote: (detail) => context.progress({ task: 'reading', done, total: chosen.length, unit: 'cartridges', detail }),
      signal: context.signal,
    });
    for (const message of doubts) warnings.push({ code: 'catalog.rebuild-doubt', message });
    const result: RebuildDocument = { cartridges, dataSets, files, accepted: [], kept: [] };
    return { result, warnings };
  },
  render: describe,
});

function describe({ cartridges, dataSets, files, accepted }: RebuildDocument): string {
  const table = renderTable(
    cartridges.map(({ barcode, found, tapeFiles }) => [barcode, found, String(tapeFiles)]),
    { header: ['CARTRIDGE', 'FOUND', 'TAPE FILES'], right: [2] },
  );
  if (accepted.length > 0) return `protected by its own policy from now on: ${accepted.join(', ')}\n`;
  if (cartridges.length > 0 || files > 0) {
    return `${table}${countOf(dataSets.length, 'data set')}, ${countOf(files, 'file')} taken in; protected for ever until "grandsire catalog rebuild --accept"\n`;
  }
  return dataSets.length > 0
    ? `no longer protected: ${dataSets.join(', ')}\n`
    : 'no cartridge was read, and nothing waits to be accepted\n';
}
