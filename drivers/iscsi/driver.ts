import { type IscsiSettings, parseIscsiSettings } from '#drivers/iscsi/config';
import type { Driver } from '#src/device/driver';

/** Libraries on the network (RFC 7143), with no driver in the kernel. */
export const driver: Driver<IscsiSettings> = {
  name: 'iscsi',
  parseSettings: parseIscsiSettings,
  async openUnits(settings, options) {
    const { IscsiUnitSource } = await import('#drivers/iscsi/discovery');
    return await IscsiUnitSource.open(settings, options);
  },
};
