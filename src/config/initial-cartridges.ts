import type { NewCartridge } from '#src/device/driver';

/**
 * What `init` puts into a library of its own making: twenty data cartridges `G00001L9`…, enough for a year of the rotation
 * that it writes, and a cleaning cartridge.
 */
export const initialCartridges: readonly NewCartridge[] = [
  ...Array.from({ length: 20 }, (_, index): NewCartridge => {
    return { barcode: `G${String(index + 1).padStart(5, '0')}L9`, kind: 'data' };
  }),
  { barcode: 'CLNU01CU', kind: 'cleaning' },
];
