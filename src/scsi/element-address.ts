declare const elementAddressBrand: unique symbol;

/** SMC-3 element address: 16 bits, unsigned. Not a slot number: operators count slots from 1. */
export type ElementAddress = number & { readonly [elementAddressBrand]: true };

export const elementAddress = (value: number): ElementAddress => value as ElementAddress;
