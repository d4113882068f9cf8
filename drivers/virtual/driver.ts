import { parseVirtualSettings, type VirtualLibrarySettings } from '#drivers/virtual/config';
import { VirtualUnitSource } from '#drivers/virtual/discovery';
import { LibraryStore } from '#drivers/virtual/library-store';
import type { Driver } from '#src/device/driver';

/** The embedded library: a folder of SIMH images behind a medium changer and tape drives in this process. */
export const driver: Driver<VirtualLibrarySettings> = {
  name: 'virtual',
  parseSettings: parseVirtualSettings,
  openUnits: async (settings) => new VirtualUnitSource(settings),
  capacityOf: ({ cartridgeCapacityBytes }) => cartridgeCapacityBytes,
  create: async (settings, cartridges) => LibraryStore.create(settings, cartridges),
};
