import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';

const memory = '/dev/shm';

/** For what is copied often, or is long and mostly holes: a file system in memory where there is one, which keeps nothing of a hole that is read. */
export const memoryFolder = (): string => (existsSync(memory) ? memory : tmpdir());
