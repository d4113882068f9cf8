import type { AttentionOutcome, ReadOutcome, TapeDrive } from '#src/device/tape-drive';
import { foreignFormat } from '#src/session/foreign-format';
import { interruptedByDrive } from '#src/session/interruption';
import type { LabelDescriptor } from '#src/volume/descriptor';
import { parseLabel } from '#src/volume/label';

/** What lies at the beginning of a loaded medium, whoever wrote it. Nothing on it was changed to find out. */
export type FirstBlock =
  | { readonly kind: 'ours'; readonly label: LabelDescriptor }
  | { readonly kind: 'newer-format'; readonly version: number }
  | { readonly kind: 'damaged-label'; readonly reason: string }
  | { readonly kind: 'blank' }
  | { readonly kind: 'foreign'; readonly firstBlockBytes: number | undefined; readonly format?: string | undefined }
  | { readonly kind: 'unreadable'; readonly reason: string };

/** Every block that a peer or we write fits twice; labels of our own are smaller than any of it. */
const lookBytes = 4 * 1024 * 1024;

/**
 * Reads the first block from the beginning of the medium. Blank is only what the drive calls so there (sense key 8): a medium error, an unknown
 * density or a filemark is not blank (docs/format.md, "Labelling"). Throws `drive.interrupted`.
 */
export async function readFirstBlock(drive: TapeDrive, signal?: AbortSignal): Promise<FirstBlock> {
  const buffer = new Uint8Array(Math.min(lookBytes, Math.max(drive.capabilities.maxBlockBytes, 4096)));
  // A unit attention here tells only that the medium is new to the drive: look once more, from the beginning.
  for (let attempt = 0; ; attempt += 1) {
    const attention = await drive.rewind({ signal });
    const outcome: ReadOutcome = attention ?? (await drive.readBlock(buffer, { signal }));
    if (outcome.kind !== 'attention') return judge(outcome, buffer);
    if (attempt === 2) throw interruptedByDrive(drive, outcome.sense, 'the beginning of the cartridge was read');
  }
}

/** What a write that lost its beginning leaves of an image is far less. */
const mostFilemarks = 65_536;

/** Whether there is nothing on a loaded medium but filemarks, up to the end of its data: nothing that anybody could miss. Nothing is changed. */
export async function holdsOnlyFilemarks(drive: TapeDrive, signal?: AbortSignal): Promise<boolean> {
  if (await drive.rewind({ signal })) return false;
  const buffer = new Uint8Array(4096);
  for (let passed = 0; passed < mostFilemarks; passed += 1) {
    const { kind } = await drive.readBlock(buffer, { signal });
    if (kind !== 'filemark') return kind === 'end-of-data' || kind === 'blank';
  }
  return false;
}

function judge(outcome: Exclude<ReadOutcome, AttentionOutcome>, buffer: Uint8Array): FirstBlock {
  switch (outcome.kind) {
    case 'block': {
      const parsed = parseLabel(buffer.subarray(0, outcome.bytes));
      if (parsed.kind === 'ours') return parsed;
      if (parsed.kind === 'newer') return { kind: 'newer-format', version: parsed.version };
      if (parsed.kind === 'damaged') return { kind: 'damaged-label', reason: parsed.reason };
      const format = foreignFormat(buffer.subarray(0, outcome.bytes));
      return { kind: 'foreign', firstBlockBytes: outcome.bytes, format };
    }
    case 'too-long':
      return { kind: 'foreign', firstBlockBytes: outcome.blockBytes };
    case 'filemark':
      return { kind: 'foreign', firstBlockBytes: 0 };
    case 'blank':
    case 'end-of-data':
      return { kind: 'blank' };
    case 'end-of-medium':
    case 'medium-error':
      return { kind: 'unreadable', reason: outcome.sense.text };
  }
}
