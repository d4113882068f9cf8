import type { NumberedElement } from '#src/library/robot/numbered-element';

/**
 * Which serial number the library gives for the drive of each element, made good against those of the drives themselves: one that is cut is
 * completed, and one that names several drives, or stands at several elements, tells nothing. What fits none is left: the drive of another host.
 */
export function toldSerials<Element extends Pick<NumberedElement, 'driveSerial'>>(
  elements: readonly Element[],
  serials: readonly string[],
): readonly Element[] {
  const told = elements.map(({ driveSerial }) => (driveSerial === undefined ? undefined : meant(driveSerial, serials)));
  return elements.map((element, index) => {
    const serial = told[index];
    const isShared = told.filter((other) => other === serial).length > 1;
    return { ...element, driveSerial: isShared ? undefined : serial };
  });
}

function meant(told: string, serials: readonly string[]): string | undefined {
  const same = serials.filter((serial) => isSameSerial(told, serial));
  const fits = same.length > 0 ? same : serials.filter((serial) => isCutSerial(told, serial));
  if (fits.length === 0) return told;
  return fits.length === 1 ? fits[0] : undefined;
}

/** DVCID may carry vendor and product before the serial number. */
export const isSameSerial = (told: string | undefined, serial: string): boolean =>
  told !== undefined && serial !== '' && (told === serial || told.endsWith(` ${serial}`));

/** So short that it would fit by chance, it is not taken for a serial number that was cut. */
const leastCutLength = 4;

function isCutSerial(told: string, serial: string): boolean {
  const last = told.split(' ').at(-1) ?? '';
  return last.length >= leastCutLength && serial.startsWith(last);
}
