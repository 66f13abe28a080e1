import { createHash } from 'node:crypto';
import type { Split } from '../src/types.ts';

/**
 * The split a prompt belongs to: a tenth of all prompts, picked by a hash of the text alone, is the test split.
 * No option or seed can move a prompt from one split to the other.
 */
export function splitOf(prompt: string): Split {
  return createHash('sha256').update(prompt).digest().readUInt32BE(0) % 10 === 0 ? 'test' : 'train';
}
