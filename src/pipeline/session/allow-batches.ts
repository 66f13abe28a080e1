import { batchCount } from './batch-count.ts';
import { standing } from './save-state.ts';
import type { Session } from './session.ts';

/**
 * Notes where the run stands as batches may be drawn, so that they can be drawn again. With batches drawn ahead the
 * policy trains on meanwhile, so its state is kept.
 * @param first index of the first of them; those beyond the run's last are none.
 * @param from index of the first batch that has steps left.
 */
export async function allowBatches(
  session: Session,
  { first, count, from }: { readonly first: number; readonly count: number; readonly from: number },
): Promise<void> {
  const end = Math.min(first + count, batchCount(session.recipe));
  if (end <= first) return;
  const holds = session.recipe.sampling.maxOffPolicySteps > 0;
  const point = await standing(session, { from, holds });
  for (let index = first; index < end; index++) session.restarts.add(index, point);
}
