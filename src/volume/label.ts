import { xxh64 } from '#src/base/xxh64';
import { encodeDescriptor, type LabelDescriptor, parseDescriptor } from '#src/volume/descriptor';
import { cartridgeReadme } from '#src/volume/readme';
import { encodePlainMember, tarEnd } from '#src/volume/ustar-header';

export type LabelFacts = Pick<
  LabelDescriptor,
  'volume' | 'barcode' | 'cartridgeSerial' | 'blockSizeBytes' | 'labelledAt' | 'writtenBy'
> & {
  readonly virtual: boolean;
};

/** Tape file 0: the descriptor block, then the blocks of a tar with README.txt. */
export function encodeLabel(facts: LabelFacts): { readonly descriptor: Buffer; readonly payload: Buffer } {
  const labelledAtSeconds = Math.floor(Date.parse(facts.labelledAt) / 1000);
  const readme = Buffer.from(cartridgeReadme(facts), 'utf8');
  const payload = Buffer.concat([encodePlainMember('README.txt', readme, labelledAtSeconds), tarEnd()]);
  const { virtual: _virtual, ...rest } = facts;
  const label: LabelDescriptor = {
    kind: 'label',
    ...rest,
    codecs: [],
    payloadBytes: payload.length,
    payloadXxh64: xxh64(payload),
  };
  return { descriptor: encodeDescriptor(label, labelledAtSeconds), payload };
}

/** What the first block of a cartridge says of its volume. */
export type ParsedLabel =
  | { readonly kind: 'ours'; readonly label: LabelDescriptor }
  | { readonly kind: 'newer'; readonly version: number }
  /** Of this format, but no label, or a damaged one. */
  | { readonly kind: 'damaged'; readonly reason: string }
  | { readonly kind: 'foreign' };

export function parseLabel(firstBlock: Uint8Array): ParsedLabel {
  const parsed = parseDescriptor(firstBlock);
  if (parsed.kind !== 'ours') return parsed;
  if (parsed.descriptor.kind === 'label') return { kind: 'ours', label: parsed.descriptor };
  return { kind: 'damaged', reason: `the first tape file is a ${parsed.descriptor.kind}, not a label` };
}
