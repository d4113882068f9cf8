import { defineCommand } from '#src/cli/command';
import { locationText } from '#src/cli/documents/cartridge-document';
import type { CopyDocument, FoundFileDocument, PlaceDocument } from '#src/cli/documents/found-file-document';
import type { InventoriesDocument } from '#src/cli/inventories';
import { formatBytes } from '#src/cli/render/format-bytes';
import { renderTable } from '#src/cli/render/table';
import type { FoundCopy } from '#src/jobs/find-files';

interface FindResult extends InventoriesDocument {
  readonly matches: readonly FoundFileDocument[];
  readonly truncated: boolean;
}

export const command = defineCommand({
  noun: 'find',
  summary: 'which cartridge holds a file',
  description:
    'PATTERN is a path (/home/anna/report.odt), a glob (*.odt, /home/**/report-202?.odt) or a part of a name (report). Bytes that are not ' +
    'UTF-8 are written \\xHH, a backslash \\\\. Newest first. Answered from the catalog, without a device.',
  positionals: [{ name: 'pattern', summary: 'exact path, glob, or part of a name', required: true }],
  options: {
    set: { kind: 'text', value: 'SET', summary: 'only what this backup set backed up' },
    before: { kind: 'text', value: 'TIME', summary: 'backed up at this time or before' },
    after: { kind: 'text', value: 'TIME', summary: 'backed up at this time or after' },
    latest: { kind: 'flag', summary: 'of each file the newest version only' },
    all: { kind: 'flag', summary: 'also versions of which no copy is left' },
    limit: {
      kind: 'number',
      value: 'N',
      least: 1,
      most: 1_000_000,
      default: 1000,
      summary: 'at most so many versions',
    },
  },
  examples: [
    {
      command: 'grandsire find report.odt',
      does: 'every version of every file with this in its name, and its cartridge',
    },
    { command: "grandsire find '/home/anna/**/*.odt' --latest", does: 'the newest version of each document' },
  ],
  exitCodes: [0, 5],
  json:
    '{ matches: [{ path, pathBytes?, type, sizeBytes, modifiedAt, backedUpAt, backupSet, dataSet, sha256, fuzzy, copies: [{ cartridge, volume, ' +
    'tapeFile, block, location, expired?, unread?, parts?: [{ cartridge, tapeFile, block, location, unread? }] } | { staging: true }] }], truncated, ' +
    'inventoriedAt | null, inventories: [{ library, inventoriedAt | null }] }; unread: an index on another cartridge says so, and this one was not read into ' +
    'the catalog',
  async run(context, { pattern, set, before, after, latest, all, limit }) {
    const { findFiles } = await import('#src/jobs/find-files');
    const { describeFoundFile } = await import('#src/cli/documents/found-file-document');
    const { readInventories } = await import('#src/cli/inventories');
    const { parseMoment, reversedRange } = await import('#src/cli/parse-moment');
    const { assertSetInUse } = await import('#src/cli/known-names');
    await using app = await context.openApp();
    if (set !== undefined) await assertSetInUse(app, set);
    const zone = app.planning.rotations.find(({ sets }) => set === undefined || sets.includes(set))?.timeZone;
    const timeZone = zone ?? context.timeZone;
    const query = {
      ...(set === undefined ? {} : { backupSet: set }),
      ...(before === undefined ? {} : { before: parseMoment('--before', before, { zone: timeZone, end: 'last' }) }),
      ...(after === undefined ? {} : { after: parseMoment('--after', after, { zone: timeZone, end: 'first' }) }),
      latest,
      all,
      limit,
      now: app.clock.now(),
    };
    if (query.before !== undefined && query.after !== undefined && query.before < query.after) {
      throw reversedRange(['--after', after ?? ''], ['--before', before ?? '']);
    }
    const { files, truncated } = await findFiles(pattern, query, app.catalog);
    const inventories = await readInventories(app, context);
    inventories.note(files.flatMap(({ copies }) => copies.flatMap(librariesOf)));
    const matches = files.map((file) => describeFoundFile(file, context.timeZone));
    const result: FindResult = { matches, truncated, ...inventories.document };
    return { result, ...(files.length === 0 ? { exitCode: 5 as const } : {}) };
  },
  render: ({ matches, truncated, inventories }) =>
    matches.length === 0
      ? 'nothing that is backed up matches; "grandsire find --all" also lists versions without a copy\n'
      : renderTable(
          matches.map(({ copies, backedUpAt, sizeBytes, path, type, fuzzy }) => [
            whereText(copies, inventories),
            backedUpAt,
            type === 'file' ? formatBytes(sizeBytes) : type,
            fuzzy ? `${path} (changed while it was backed up)` : path,
          ]),
          { header: ['WHERE', 'BACKED UP', 'SIZE', 'PATH'], right: [2] },
        ) + (truncated ? `more than ${matches.length} match; "--limit N" lists more\n` : ''),
});

const librariesOf = (copy: FoundCopy): readonly string[] =>
  [copy, ...copy.parts].flatMap((place) => ('cartridge' in place && place.cartridge ? [place.cartridge.library] : []));

/** `G00003L9 (slot 3)`; `G00003L9 (slot 3) then G00004L9 (slot 4)` for a file that goes on there; copies separated by `or`. */
const whereText = (copies: readonly CopyDocument[], libraries: readonly unknown[]): string =>
  copies.length === 0 ? 'no copy is left' : copies.map((copy) => copyText(copy, libraries)).join(' or ');

function copyText(copy: CopyDocument, libraries: readonly unknown[]): string {
  const places = (copy.parts ?? [copy]).map((place) => placeText(place, libraries));
  const distinct = places.filter((text, index) => text !== places[index - 1]);
  return distinct.join(' then ') + (copy.expired ? ', expired' : '');
}

const placeText = (place: PlaceDocument, libraries: readonly unknown[]): string =>
  'staging' in place
    ? 'staging'
    : `${place.cartridge} (${locationText(place.location, libraries)})${place.unread ? ', not read into this catalog' : ''}`;
