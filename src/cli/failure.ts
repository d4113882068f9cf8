import { bug, GrandsireError, interrupted } from '#src/base/errors';

/** What was thrown, as the program's own error: an abort is an interruption, anything unknown is a bug. */
export function asFailure(thrown: unknown, signal: AbortSignal): GrandsireError {
  if (thrown instanceof GrandsireError) return thrown;
  // Where tidying up failed, too (`await using`), what went wrong first is what the operator has to know.
  if (isSuppressed(thrown)) return asFailure(thrown.suppressed, signal);
  if (signal.aborted && thrown instanceof Error && thrown.name === 'AbortError') return interrupted();
  return bug(thrown instanceof Error ? thrown.message : String(thrown), thrown);
}

/** By its name: Node.js before 24 has no such class, and the compiler makes one up. */
const isSuppressed = (thrown: unknown): thrown is Error & { readonly suppressed: unknown } =>
  thrown instanceof Error && thrown.name === 'SuppressedError' && 'suppressed' in thrown;

/** The document of a failure with `--json`. */
export const failureDocument = ({ code, message, blame, remedy }: GrandsireError) => ({
  error: { code, message, blame, remedy },
});

/** What is said on stderr. The stack only of a bug: it is for whoever mends the program. */
export function failureText(failure: GrandsireError): string {
  const cause = failure.code === 'internal.bug' ? (failure.cause ?? failure) : undefined;
  const stack = cause instanceof Error && cause.stack ? `${cause.stack}\n` : '';
  return `grandsire: ${failure.message}\n${failure.remedy}\n${stack}`;
}
