import { GrandsireError } from '#src/base/errors';

export interface LibraryPlace {
  readonly kind: 'slot' | 'drive' | 'mailSlot';
  readonly library?: string | undefined;
  readonly number: number;
}

/** A place in a library, or a cartridge wherever it is, as an operator writes it. */
export type LibraryAddress = LibraryPlace | { readonly kind: 'barcode'; readonly barcode: string };

const kinds = { slot: 'slot', drive: 'drive', mail: 'mailSlot' } as const;

/** A word in small letters and a colon, as no barcode begins: a slip in a place, which a search for a barcode would not explain. */
const placeLike = /^(?:[^/:]*\/)?(?:[a-z]+|SLOT|DRIVE|MAIL|Slot|Drive|Mail):/;

/**
 * `slot:5`, `drive:1`, `mail:1`, each also as `main/slot:5`; everything else that does not look like one is a barcode (1–32 printable characters). Throws
 * `command.usage`.
 */
export function parseLibraryAddress(text: string): LibraryAddress {
  const match = /^(?:([a-z][a-z0-9-]{0,31})\/)?(slot|drive|mail):(\d{1,5})$/.exec(text);
  if (!match) {
    const isPlaceLike = placeLike.test(text);
    if (!isPlaceLike && /^[\x21-\x7e][\x20-\x7e]{0,31}$/.test(text)) return { kind: 'barcode', barcode: text };
    throw new GrandsireError('command.usage', {
      message: `${JSON.stringify(text.slice(0, 64))} is ${isPlaceLike ? 'not a place in a library' : 'neither a place in a library nor a barcode'}`,
      remedy: 'Write `slot:5`, `drive:1`, `mail:1`, `main/slot:5`, or a barcode such as `G00001L9`.',
    });
  }
  const [, library, kind, digits] = match;
  return { kind: kinds[kind as keyof typeof kinds], library, number: Number(digits) };
}

/** `slot:5`, as `parseLibraryAddress` takes it. */
export const describePlace = ({ kind, number }: { readonly kind: string; readonly number: number }): string =>
  `${kind === 'mailSlot' ? 'mail' : kind}:${number}`;
