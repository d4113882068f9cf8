import assert from 'node:assert/strict';
import { IscsiSession, type SessionOptions } from '#drivers/iscsi/session';
import { IscsiTransport } from '#drivers/iscsi/transport';
import { milliseconds, seconds } from '#src/base/duration';
import { DeviceError } from '#src/base/errors';
import type { ScriptedTarget } from '#test/drivers/iscsi/scripted-target';

export const targetName = 'iqn.2026-11.example:library';
export const initiatorName = 'iqn.2026-11.example:initiator';
export const none = { direction: 'none' } as const;
/** Longer than anything takes, and short enough to wait for where something is broken. */
export const timeout = seconds(10);
export const testUnitReady = Buffer.alloc(6);
export const inquiry = Buffer.from('120000002400', 'hex');

/** For sessions with a scripted target: nothing waits. */
export const sessionOptions = (
  target: Pick<ScriptedTarget, 'portal'>,
  changes: Partial<SessionOptions> = {},
): SessionOptions => ({
  portal: target.portal,
  target: targetName,
  initiator: initiatorName,
  digests: 'accepted',
  pause: async () => undefined,
  patience: milliseconds(4000),
  ...changes,
});

export const openSession = (
  target: Pick<ScriptedTarget, 'portal'>,
  changes: Partial<SessionOptions> = {},
): Promise<IscsiSession> => IscsiSession.open(sessionOptions(target, changes));

/** Logged in, and LUN 1 of it. */
export async function openUnit(
  target: Pick<ScriptedTarget, 'portal'>,
  changes: Partial<SessionOptions> = {},
): Promise<AsyncDisposable & { readonly session: IscsiSession; readonly unit: IscsiTransport }> {
  const session = await openSession(target, changes);
  const unit = new IscsiTransport(session, 1);
  return { session, unit, [Symbol.asyncDispose]: () => session[Symbol.asyncDispose]() };
}

/** The failure of what must fail. */
export async function failureOf(work: Promise<unknown>): Promise<DeviceError> {
  const outcome = await work.then(
    (value) => ({ value }),
    (cause: unknown) => ({ cause }),
  );
  assert.ok('cause' in outcome, 'it did not fail');
  assert.ok(outcome.cause instanceof DeviceError, `${String(outcome.cause)} is no DeviceError`);
  return outcome.cause;
}

/** Bytes that are all different from their neighbours. */
export const pattern = (lengthBytes: number, seed = 0): Buffer =>
  Buffer.from(Uint8Array.from({ length: lengthBytes }, (_, index) => (index * 7 + (index >> 8) * 13 + seed) & 0xff));

/** Turns of the event loop until something is so. */
export async function waitFor(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
