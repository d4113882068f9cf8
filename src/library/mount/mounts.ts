import type { CartridgeRecord } from '#src/catalog/cartridges';
import type { Bay } from '#src/library/drives/drive-bays';
import { setDrive } from '#src/library/drives/drive-state';
import type { ExclusiveUse } from '#src/library/exclusive-use';
import type { LibraryParts } from '#src/library/library-parts';
import type { Mount, MountRequest } from '#src/library/mount/mount';
import { bringCartridge, giveBack, threadCartridge } from '#src/library/mount/mount-cartridge';

/** Mounting for several at once: whoever finds no drive free waits here for one that another gives back. */
export class Mounts {
  readonly #parts: LibraryParts;
  readonly #use: ExclusiveUse;
  readonly #waiters: (() => void)[] = [];

  constructor(parts: LibraryParts, use: ExclusiveUse) {
    this.#parts = parts;
    this.#use = use;
  }

  async mount(cartridge: CartridgeRecord, request: MountRequest): Promise<Mount> {
    const lease = await this.#use.lease(request.signal);
    try {
      const bay = await this.#bringWhenFree(cartridge, request);
      await this.#threadOrGiveBack(bay, cartridge, request);
      let held = true;
      return {
        drive: bay.drive,
        driveNumber: bay.number,
        cartridge,
        virtual: this.#parts.options.virtual,
        suspect: (message) => bay.drive.suspect(message),
        [Symbol.asyncDispose]: async () => {
          if (!held) return;
          held = false;
          await using _released = lease;
          await this.#dismount(bay, cartridge);
        },
      };
    } catch (cause) {
      await lease[Symbol.asyncDispose]();
      throw cause;
    }
  }

  async load(cartridge: CartridgeRecord, request: MountRequest): Promise<Bay> {
    await using _lease = await this.#use.lease(request.signal);
    const bay = await this.#bringWhenFree(cartridge, { ...request, leaveLoaded: true });
    await this.#threadOrGiveBack(bay, cartridge, request);
    bay.drive.leave();
    this.#parts.busy.delete(bay.number);
    this.#wakeWaiters();
    const changes = { state: 'loaded', reason: undefined, cartridge: cartridge.barcode } as const;
    await setDrive(this.#parts.options, bay.number, changes);
    return bay;
  }

  async #bringWhenFree(
    cartridge: CartridgeRecord,
    request: MountRequest & { readonly leaveLoaded?: boolean },
  ): Promise<Bay> {
    for (;;) {
      const { bay, freed } = await this.#use.informed({ signal: request.signal }, async () => {
        const found = await bringCartridge(this.#parts, cartridge, request);
        // Asked for within the turn: a drive given back right after it must not be missed.
        return { bay: found, freed: found === 'wait' ? this.#nextFreed(request.signal) : undefined };
      });
      if (bay !== 'wait') return bay;
      await freed;
    }
  }

  async #threadOrGiveBack(bay: Bay, cartridge: CartridgeRecord, { signal }: MountRequest): Promise<void> {
    // What failed first is told, also where the way back fails as well.
    let isThreaded = false;
    await using _way = {
      [Symbol.asyncDispose]: async () => {
        if (!isThreaded) await this.#dismount(bay, cartridge);
      },
    };
    await threadCartridge(this.#parts, bay, { cartridge, signal });
    isThreaded = true;
  }

  async #dismount(bay: Bay, cartridge: CartridgeRecord): Promise<void> {
    const { robot, options } = this.#parts;
    // Rewinding and unthreading take minutes, in which the robot can work for others. What fails here fails again below, and is told there.
    const late = await bay.drive.unload().catch(() => undefined);
    if (late) {
      const { barcode = 'the cartridge' } = robot.at({ kind: 'drive', number: bay.number });
      options.warn({
        code: 'drive.late-error',
        subject: `${options.name}/drive:${bay.number}`,
        message:
          `drive:${bay.number} of ${options.name} reported when it unloaded ${barcode}: ${late.sense.text}. ` +
          `What was committed was on the medium before; see that it can be read: grandsire verify ${barcode}.`,
      });
    }
    try {
      await this.#use.serially(() => giveBack(this.#parts, bay, cartridge));
    } finally {
      // Also where the catalog could not be told: whoever waits for a drive would wait for ever.
      this.#wakeWaiters();
    }
  }

  #nextFreed(signal: AbortSignal | undefined): Promise<void> {
    return new Promise<void>((resolve) => {
      this.#waiters.push(resolve);
      signal?.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  #wakeWaiters(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }
}
