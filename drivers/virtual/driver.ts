import { parseVirtualSettings, type VirtualLibrarySettings } from '#drivers/virtual/config';
import type { Driver } from '#src/device/driver';

/**
 * The embedded library: a folder of SIMH images behind a medium changer and tape drives in this process. The devices are loaded when they are opened:
 * many commands only ask for the settings.
 */
export const driver: Driver<VirtualLibrarySettings> = {
  name: 'virtual',
  parseSettings: parseVirtualSettings,
  async openUnits(settings) {
    const { VirtualUnitSource } = await import('#drivers/virtual/discovery');
    return new VirtualUnitSource(settings);
  },
  capacityOf: ({ cartridgeCapacityBytes }) => cartridgeCapacityBytes,
  async create(settings, cartridges) {
    const { LibraryStore } = await import('#drivers/virtual/library-store');
    return LibraryStore.create(settings, cartridges);
  },
};
