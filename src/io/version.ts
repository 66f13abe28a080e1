import { readFileSync } from 'node:fs';
import { packageRoot } from './package-root.ts';

/** The version of anneal, from its package.json. */
export const version: string = JSON.parse(readFileSync(new URL('package.json', packageRoot), 'utf8')).version;
