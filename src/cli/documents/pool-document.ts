import type { CartridgeRecord } from '#src/catalog/cartridges';
import { describePeriod } from '#src/media/period';
import type { Pool } from '#src/media/pool';

/** A pool in JSON, as `pool list` prints it. */
export interface PoolDocument {
  readonly name: string;
  readonly draw?: string;
  readonly protect: string | null;
  readonly cartridges: number;
  readonly blank: number;
  readonly appendable: number;
  readonly full: number;
  /** Five hundred LTO-9 cartridges hold more than 2^53 bytes. */
  readonly usedBytes: bigint;
  readonly capacityBytes: bigint;
}

export function describePool(pool: Pool, all: readonly CartridgeRecord[]): PoolDocument {
  const cartridges = all.filter((cartridge) => cartridge.pool === pool.name && cartridge.kind !== 'cleaning');
  const count = (fill: CartridgeRecord['fill']): number =>
    cartridges.filter((cartridge) => cartridge.fill === fill).length;
  const sum = (bytesOf: (cartridge: CartridgeRecord) => number): bigint =>
    cartridges.reduce((total, cartridge) => total + BigInt(bytesOf(cartridge)), 0n);
  return {
    name: pool.name,
    ...(pool.draw === undefined ? {} : { draw: pool.draw }),
    protect: pool.protect === undefined ? null : describePeriod(pool.protect),
    cartridges: cartridges.length,
    blank: count('blank'),
    appendable: count('appendable'),
    full: count('full'),
    usedBytes: sum(({ usedBytes }) => usedBytes),
    capacityBytes: sum(({ capacityBytes }) => capacityBytes ?? 0),
  };
}
