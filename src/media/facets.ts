/**
 * What can be said of a cartridge, as orthogonal facets: none follows from another, and there is no one status word.
 * The words are the operator's (JSON of `cartridge show`).
 */

declare const cartridgeIdBrand: unique symbol;
declare const barcodeBrand: unique symbol;

/** The catalog's number of a cartridge; never shown. */
export type CartridgeId = number & { readonly [cartridgeIdBrand]: true };

/** What the library's reader returns: 1–32 printable ASCII characters. Not unique: two cartridges may carry the same. */
export type Barcode = string & { readonly [barcodeBrand]: true };

export type CartridgeKind = 'data' | 'worm' | 'cleaning';

/** What lies on it, as far as was looked. `unknown`: never looked, or known no longer. */
export type Fill = 'unknown' | 'foreign' | 'blank' | 'appendable' | 'full';

export type Condition = 'good' | 'suspect' | 'damaged' | 'retired';

export type Location =
  | { readonly kind: 'slot' | 'drive' | 'mailSlot'; readonly library: string /** From 1. */; readonly number: number }
  | { readonly kind: 'shelf'; readonly shelf: string }
  | { readonly kind: 'transit' }
  | { readonly kind: 'vault'; readonly vault: string; readonly shelf?: string | undefined }
  /** Taken by hand, or lost sight of; `lastSeen` says where it was. */
  | { readonly kind: 'unknown' };

/** The end of a protection: the first calendar day (YYYY-MM-DD, in `timeZone`) on which it is free. */
export type Protection =
  | { readonly kind: 'none' }
  | { readonly kind: 'until'; readonly freeOn: string; readonly timeZone: string }
  | { readonly kind: 'forever' };
