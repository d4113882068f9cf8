import { seconds } from '#src/base/duration';
import type { Option } from '#src/cli/command';

/** Options that every command takes. */
export const globalOptions = {
  config: { kind: 'text', value: 'FILE', summary: 'the configuration to use' },
  library: { kind: 'text', value: 'NAME', summary: 'the library, where there are several' },
  json: { kind: 'flag', summary: 'exactly one JSON document on stdout, also on failure' },
  quiet: { kind: 'flag', summary: 'no progress and no notes' },
  yes: { kind: 'flag', summary: 'agree to what would be asked' },
  wait: { kind: 'duration', value: 'D', summary: 'how long to wait for a lease or an operator', default: seconds(30) },
  noWait: { kind: 'flag', summary: 'do not wait: end with 4' },
  help: { kind: 'flag', summary: 'say what the command does' },
} as const satisfies Record<string, Option>;

/** For tests and drills: taken only where `GRANDSIRE_TEST_CLOCK=1`, and shown nowhere. */
export const clockOption = {
  now: { kind: 'text', value: 'T', summary: 'start the clock at this moment' },
} as const satisfies Record<string, Option>;
