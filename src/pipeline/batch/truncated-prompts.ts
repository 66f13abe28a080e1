import type { Rollout } from '../../types.ts';
import { TRUNCATED } from './batches.ts';

/** Metric prompts/truncated: how many prompts of a batch were cut. Absent where none was. */
export function truncatedPrompts(
  rows: readonly Pick<Rollout, 'group' | 'promptTokensCut'>[],
): Readonly<Record<string, number>> {
  const cut = rows.filter(({ promptTokensCut }) => promptTokensCut !== undefined);
  const prompts = new Set(cut.map(({ group }) => group)).size;
  return prompts === 0 ? {} : { [TRUNCATED]: prompts };
}
