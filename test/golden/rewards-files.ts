import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixtures, type Json } from './golden-files.ts';

/** Path of a file of recorded reward cases. */
const rewardsFile = (name: string): string => join(fixtures, 'rewards', name);

/** Why a file's test is skipped, when this fixture folder does not hold it. */
export const missing = (name: string): string | undefined =>
  existsSync(rewardsFile(name)) ? undefined : `${rewardsFile(name)} does not exist`;

export function readRows(name: string): Json[] {
  return readFileSync(rewardsFile(name), 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line));
}

export function readCases(name: string): Json[] {
  return JSON.parse(readFileSync(rewardsFile(name), 'utf8'));
}
