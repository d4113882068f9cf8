import { GrandsireError } from '#src/base/errors';
import type { LibraryOptions } from '#src/library/library-options';

/** Closes a device; one that does not even let itself be closed is told of, and keeps nobody from closing the others. */
export async function closeDevice(
  device: AsyncDisposable & { readonly address: string },
  { warn }: Pick<LibraryOptions, 'warn'>,
): Promise<void> {
  try {
    await device[Symbol.asyncDispose]();
  } catch (cause) {
    if (!(cause instanceof GrandsireError)) throw cause;
    warn({ code: cause.code, subject: device.address, message: cause.message });
  }
}
