import type { Context } from '#src/cli/context';
import type { App } from '#src/compose';

/** The program put together for one command; disposed by the caller (`await using`). */
export async function openAppFor(context: Pick<Context, 'configuration' | 'clock'>): Promise<App> {
  const configuration = await context.configuration();
  const { openApp } = await import('#src/compose');
  return openApp({ configuration, clock: context.clock });
}
