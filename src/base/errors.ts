import { type Blame, type ErrorCode, errorCodes, type FailureKind } from '#src/base/error-codes';

export interface FailureDetails {
  /** What happened, to which named thing, in one sentence. */
  readonly message: string;
  /** What to do now: a sentence with a literal command where there is one. */
  readonly remedy: string;
  readonly cause?: unknown;
  /** Facts for logs and JSON (never secrets). */
  readonly details?: Readonly<Record<string, unknown>>;
}

/**
 * The one error of this program. The code is stable (operators' scripts match on it); blame and kind follow from the code
 * (`error-codes.ts`), so that no two places can disagree about them.
 */
export class GrandsireError extends Error {
  override readonly name: string = 'GrandsireError';
  readonly code: ErrorCode;
  readonly remedy: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, { message, remedy, cause, details = {} }: FailureDetails) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.remedy = remedy;
    this.details = details;
  }

  get blame(): Blame {
    return errorCodes[this.code].blame;
  }

  get kind(): FailureKind {
    return errorCodes[this.code].kind;
  }
}

/**
 * A failure that a device reported or caused. It answers two separate questions: why (code, message), and whether the
 * device can still be used.
 */
export class DeviceError extends GrandsireError {
  override readonly name = 'DeviceError';
  readonly usable: boolean;

  constructor(code: ErrorCode, details: FailureDetails & { readonly usable: boolean }) {
    super(code, details);
    this.usable = details.usable;
  }
}

/** For states that the code's own logic rules out. */
export function bug(message: string, cause?: unknown): GrandsireError {
  return new GrandsireError('internal.bug', {
    message,
    remedy: 'Nothing was changed by this step. Please report it with the log in the state directory.',
    cause,
  });
}

/** For `default:` branches of exhaustive switches. */
export function unreachable(value: never): never {
  throw bug(`unexpected value ${JSON.stringify(value)}`);
}

/** The failure of a command that the operator interrupted (SIGINT, SIGTERM, `job cancel`). */
export function interrupted(message = 'interrupted'): GrandsireError {
  return new GrandsireError('command.interrupted', { message, remedy: 'Run the command again when ready.' });
}

/** Throws `command.interrupted` when the signal has fired; called at the safe points of long work. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw signal.reason instanceof GrandsireError ? signal.reason : interrupted();
}
