import { createRequire } from 'node:module';

const manifest = createRequire(import.meta.url)('../../../package.json') as { readonly version: string };

export const programVersion: string = manifest.version;

/** What labels say they were written by. */
export const programName: string = `Grandsire ${programVersion}`;
