import { GrandsireError } from '#src/base/errors';

/** A place in a library, or a cartridge wherever it is, as an operator writes it. */
export type LibraryAddress =
  | { readonly kind: 'slot' | 'drive' | 'mailSlot'; readonly library?: string | undefined; readonly number: number }
  | { readonly kind: 'barcode'; readonly barcode: string };

const kinds = { slot: 'slot', drive: 'drive', mail: 'mailSlot' } as const;

/** `slot:5`, `drive:1`, `mail:1`, each also as `main/slot:5`; everything else is a barcode (1–32 printable characters). */
export function parseLibraryAddress(text: string): LibraryAddress {
  const match = /^(?:([a-z][a-z0-9-]{0,31})\/)?(slot|drive|mail):(\d{1,5})$/.exec(text);
  if (!match) {
    if (/^[\x21-\x7e][\x20-\x7e]{0,31}$/.test(text)) return { kind: 'barcode', barcode: text };
    throw new GrandsireError('command.usage', {
      message: `"${text}" is neither a place in a library nor a barcode`,
      remedy: 'Write `slot:5`, `drive:1`, `mail:1`, `main/slot:5`, or a barcode such as `G00001L9`.',
    });
  }
  const [, library, kind, digits] = match;
  return { kind: kinds[kind as keyof typeof kinds], library, number: Number(digits) };
}

/** `slot:5`, as `parseLibraryAddress` takes it. */
export const describePlace = ({ kind, number }: { readonly kind: string; readonly number: number }): string =>
  `${kind === 'mailSlot' ? 'mail' : kind}:${number}`;
