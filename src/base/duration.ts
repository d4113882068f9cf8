declare const durationBrand: unique symbol;

/** A length of time in milliseconds, an integer ≥ 0. */
export type Duration = number & { readonly [durationBrand]: true };

export const milliseconds = (n: number): Duration => Math.round(n) as Duration;
export const seconds = (n: number): Duration => milliseconds(n * 1000);
export const minutes = (n: number): Duration => seconds(n * 60);
export const hours = (n: number): Duration => minutes(n * 60);
