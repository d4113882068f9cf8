import type { ErrorCode } from '#src/base/error-codes';
import { GrandsireError } from '#src/base/errors';
import type { MoveResult } from '#src/library/library-options';
import type { Place } from '#src/library/robot/numbered-element';
import type { Robot } from '#src/library/robot/robot';

/** How often a mail slot whose contents change by hand is turned to again. */
const maxAttempts = 3;

/** Takes in what lies in a mail slot; what is taken out or exchanged by hand in the meantime is met as it is then. */
export async function takeIn(
  robot: Robot,
  mail: Place,
  home: (from: Place) => Promise<MoveResult>,
): Promise<readonly MoveResult[]> {
  for (let attempt = 1; robot.at(mail).full; attempt++) {
    try {
      return [await home(mail)];
    } catch (cause) {
      const isOther = isCoded(cause, 'library.place-empty') || isCoded(cause, 'library.contents-changed');
      if (!isOther || attempt >= maxAttempts) throw cause;
    }
  }
  return [];
}

/** Undefined where no mail slot is free, also because hands filled it in the meantime. */
export async function putOut(
  robot: Robot,
  carryTo: (mail: Place) => Promise<MoveResult>,
): Promise<MoveResult | undefined> {
  for (const { number } of robot.of('mailSlot')) {
    const mail = { kind: 'mailSlot', number } as const;
    if (robot.at(mail).full) continue;
    try {
      return await carryTo(mail);
    } catch (cause) {
      if (!isCoded(cause, 'library.place-full')) throw cause;
    }
  }
  return undefined;
}

const isCoded = (cause: unknown, code: ErrorCode): boolean => cause instanceof GrandsireError && cause.code === code;
