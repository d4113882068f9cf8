import { bug } from '#src/base/errors';

declare const elementAddressBrand: unique symbol;

/** SMC-3 element address: 16 bits, unsigned. Not a slot number: operators count slots from 1. */
export type ElementAddress = number & { readonly [elementAddressBrand]: true };

/** Throws `internal.bug` for anything but an integer from 0 to 65,535. */
export function elementAddress(value: number): ElementAddress {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff) throw bug(`${value} is not an element address`);
  return value as ElementAddress;
}
