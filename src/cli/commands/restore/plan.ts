import { countOf } from '#src/base/count-of';
import { seconds } from '#src/base/duration';
import { defineCommand, type Warning } from '#src/cli/command';
import { locationText } from '#src/cli/documents/cartridge-document';
import type { InventoriesDocument } from '#src/cli/inventories';
import { formatBytes } from '#src/cli/render/format-bytes';
import { formatDuration } from '#src/cli/render/format-duration';
import { renderTable } from '#src/cli/render/table';
import { restoreOptions, restorePaths, restoreRequest } from '#src/cli/restore-request';

interface PlanResult extends InventoriesDocument {
  readonly files: number;
  readonly bytes: number;
  readonly cartridges: readonly {
    readonly barcode: string;
    readonly location: Readonly<Record<string, unknown>>;
    readonly loaded: boolean;
    readonly reads: number;
    readonly estimatedSeconds: number;
  }[];
  readonly requests: readonly string[];
  readonly estimatedSeconds: number;
}

export const command = defineCommand({
  noun: 'restore',
  verb: 'plan',
  summary: 'what a restore would read, from which cartridges, and how long it would take',
  description:
    'The time is a rough one, of one half-height LTO-9 drive: 16 s to load, 65 s to find each place that does not follow the one before, 300 MB/s, ' +
    '56 s to unload. What is in staging takes no time of a drive. No device is touched.',
  positionals: [restorePaths],
  options: restoreOptions,
  examples: [{ command: 'grandsire restore plan /home/anna', does: 'show which cartridges it takes' }],
  exitCodes: [0, 3, 5],
  json:
    '{ files, bytes, cartridges: [{ barcode, location, loaded, reads, estimatedSeconds }], requests: [BARCODE], estimatedSeconds, ' +
    'inventoriedAt | null, inventories: [{ library, inventoriedAt | null }] }',
  async run(context, args) {
    const { planRestore } = await import('#src/jobs/plan-restore');
    const { nothingFound } = await import('#src/jobs/select-trees');
    const { describeLocation } = await import('#src/cli/documents/cartridge-document');
    const { readInventories } = await import('#src/cli/inventories');
    await using app = await context.openApp();
    const plan = await planRestore(await restoreRequest(app, context, args), app.catalog);
    const cartridges = plan.cartridges.map(({ cartridge, reads, estimatedSeconds }) => ({
      barcode: cartridge.barcode as string,
      location: describeLocation(cartridge),
      loaded: cartridge.location.kind === 'drive',
      reads,
      estimatedSeconds,
    }));
    const inventories = await readInventories(app, context);
    inventories.note(plan.cartridges.map(({ cartridge }) => cartridge.library));
    const result: PlanResult = {
      files: plan.files,
      bytes: plan.bytes,
      cartridges,
      requests: plan.requests.map(({ barcode }) => barcode),
      estimatedSeconds: cartridges.reduce((sum, { estimatedSeconds }) => sum + estimatedSeconds, 0),
      ...inventories.document,
    };
    const warnings = plan.missing.map((path): Warning => {
      const { code, message } = nothingFound([path]);
      return { code, message };
    });
    return { result, warnings };
  },
  render: ({ files, bytes, cartridges, requests, estimatedSeconds, inventories }) =>
    `${countOf(files, 'entry', 'entries')}, ${formatBytes(bytes)}${cartridges.length === 0 ? ', all of it in staging' : ''}\n` +
    renderTable(
      cartridges.map(({ barcode, location, loaded, reads, estimatedSeconds: time }) => [
        barcode,
        `${locationText(location, inventories)}${loaded ? ', loaded' : ''}`,
        String(reads),
        formatDuration(seconds(time)),
      ]),
      { header: ['CARTRIDGE', 'LOCATION', 'READS', 'ABOUT'], right: [2] },
    ) +
    (cartridges.length > 0 ? `about ${formatDuration(seconds(estimatedSeconds))} in all\n` : '') +
    (requests.length > 0 ? `to be put into the library first: ${requests.join(', ')}\n` : ''),
});
