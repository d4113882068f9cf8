import type { ErrorCode } from '#src/base/error-codes';
import { GrandsireError } from '#src/base/errors';
import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { TapeDrive } from '#src/device/tape-drive';
import { isDriveFault, isLostConnection, isTimeOut } from '#src/library/drives/drive-trouble';
import { isInterruption, maxRestarts } from '#src/session/interruption';

/** A cartridge in a drive, threaded and ready, and ours until disposed (then it is back in its slot). */
export interface MountedCartridge extends AsyncDisposable {
  readonly drive: TapeDrive;
  readonly cartridge: CartridgeRecord;
  /** The library's cartridges are files (their README says how to read those). */
  readonly virtual: boolean;
  /** The cartridge could not be written, and the drive reported nothing: it may be as guilty as the cartridge. */
  suspect(message: string): Promise<void>;
}

export interface MountRequest {
  /** What for, in the operator's words; names the holder to those who wait. */
  readonly purpose: string;
  readonly writing: boolean;
  readonly signal?: AbortSignal | undefined;
}

export type MountCartridge = (cartridge: CartridgeRecord, request: MountRequest) => Promise<MountedCartridge>;

/** So often in a row, with nothing done between, a connection may break: a network that is down for longer is for the operator to mend. */
const mostLosses = 3;

/** A time-out costs its whole limit, for a block 25 minutes; after the second in a row another cartridge shows whose fault it is. */
const mostTimeOuts = 1;

/**
 * Whether work that failed in a drive can be begun anew: in another drive where this one is out of use now, in any where the connection broke, the drive lost its
 * place, or a command was not answered in time.
 */
export class SecondChances {
  #losses = 0;
  #interruptions = 0;
  #timeOuts = 0;

  /** Something was done: what broke before counts no more. */
  progressed(): void {
    this.#losses = 0;
    this.#interruptions = 0;
    this.#timeOuts = 0;
  }

  has(error: unknown): boolean {
    if (isDriveFault(error)) return true;
    if (isInterruption(error)) {
      this.#interruptions += 1;
      return this.#interruptions <= maxRestarts;
    }
    if (isTimeOut(error)) {
      this.#timeOuts += 1;
      return this.#timeOuts <= mostTimeOuts;
    }
    if (!isLostConnection(error)) return false;
    this.#losses += 1;
    return this.#losses <= mostLosses;
  }
}

const writeFailures: readonly ErrorCode[] = ['cartridge.write-failed', 'cartridge.label-failed'];

/** Does work that writes on a cartridge; a drive in which one cartridge after the other cannot be written is found out by it, also where it reports nothing. */
export async function writingOn<T>(mounted: MountedCartridge, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof GrandsireError && writeFailures.includes(error.code)) await mounted.suspect(error.message);
    throw error;
  }
}

/**
 * Does work with a cartridge that can be begun anew. A drive that fails at it is out of use afterwards, and it is done in another one, as long as there is
 * one: then the mount throws `drive.none-usable`.
 */
export async function inAnyDrive<T>(work: () => Promise<T>, chances = new SecondChances()): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!chances.has(error)) throw error;
    }
  }
}
