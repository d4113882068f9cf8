#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import yargs from 'yargs';

const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));

await yargs(process.argv.slice(2)).scriptName('grandsire').version(manifest.version).strict().parseAsync();
