import { defineCommand } from '#src/cli/command';
import { type CartridgeDocument, locationText } from '#src/cli/documents/cartridge-document';
import { formatBytes } from '#src/cli/render/format-bytes';
import { renderTable } from '#src/cli/render/table';

type ShowResult = CartridgeDocument & { readonly dataSets: readonly string[] };

export const command = defineCommand({
  noun: 'cartridge',
  verb: 'show',
  summary: 'everything that is known of one cartridge',
  positionals: [{ name: 'barcode', summary: 'its barcode, or a place such as main/slot:5', required: true }],
  options: {},
  examples: [
    { command: 'grandsire cartridge show G00001L9', does: 'show what is on it and until when it is protected' },
  ],
  exitCodes: [0, 5, 6],
  json:
    '{ barcode, kind, volume: { id, labelledAt, blockSizeBytes } | null, generation, pool, location, fill, condition, writeProtected, ' +
    'protectedUntil, holds, usedBytes, capacityBytes, inventoriedAt, dataSets: [ID] }',
  async run(context, { barcode }): Promise<{ readonly result: ShowResult }> {
    const { describeCartridge } = await import('#src/cli/documents/cartridge-document');
    const { findCartridge } = await import('#src/cli/find-cartridge');
    await using app = await context.openApp();
    const { catalog } = app;
    const record = await findCartridge(barcode, catalog, context.library);
    const volume = await catalog.volumes.ofCartridge(record.id);
    const files = volume ? await catalog.tapeFiles.ofVolume(volume.key) : [];
    const keys = new Set(
      files.flatMap(({ kind, dataSet }) => (kind === 'segment' && dataSet !== undefined ? [dataSet] : [])),
    );
    const dataSets: string[] = [];
    for (const key of keys) {
      const dataSet = await catalog.dataSets.get(key);
      if (dataSet) dataSets.push(dataSet.id);
    }
    return { result: { ...(await describeCartridge(record, catalog, context.timeZone)), dataSets } };
  },
  render: (cartridge) =>
    renderTable([
      ['barcode', cartridge.barcode],
      ['kind', `${cartridge.kind}${cartridge.generation ? `, ${cartridge.generation}` : ''}`],
      ['pool', cartridge.pool],
      [
        'location',
        `${locationText(cartridge.location)}${cartridge.inventoriedAt ? `, as of ${cartridge.inventoriedAt}` : ''}`,
      ],
      ['volume', cartridge.volume ? `${cartridge.volume.id}, labelled ${cartridge.volume.labelledAt}` : 'none'],
      ['fill', cartridge.fill],
      ['condition', cartridge.condition + (cartridge.conditionReason ? `: ${cartridge.conditionReason}` : '')],
      ['write-protected', cartridge.writeProtected ? 'yes' : 'no'],
      ['protected until', cartridge.protectedUntil ?? 'not protected'],
      ...(cartridge.holds.length > 0 ? [['holds', cartridge.holds.join(', ')]] : []),
      [
        'used',
        formatBytes(cartridge.usedBytes) +
          (cartridge.capacityBytes === null ? '' : ` of ${formatBytes(cartridge.capacityBytes)}`),
      ],
      ['data sets', cartridge.dataSets.join(', ') || 'none'],
    ]),
});
