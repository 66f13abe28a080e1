import { InputError } from '../../errors.ts';
import { settingsText } from '../../report/format.ts';
import { planPoint } from './make-plan.ts';
import type { PlannedPoint, PlannedTask, PlannedVariant } from './plan.ts';

/** How often a grid is widened at most: further away it is another search. */
const MOST_WIDENINGS = 3;

/** An end of a grid at which the winner lies. */
export interface Edge {
  readonly field: string;
  readonly end: 'lowest' | 'highest';
}

/**
 * A variant with one more point beyond the end at which its winner lies; the ratio to the next is that of the two
 * points before. Undefined when no swept number's winner is at an end that can be widened.
 */
export async function widened(
  task: PlannedTask,
  variant: PlannedVariant,
  edges: readonly Edge[],
  winner: number,
): Promise<PlannedVariant | undefined> {
  if ((variant.widened ?? 0) >= MOST_WIDENINGS) return undefined;
  for (const edge of edges) {
    const point = await pointBeyond(task, variant, edge, winner);
    if (point) return { ...variant, points: [...variant.points, point], widened: (variant.widened ?? 0) + 1 };
  }
  return undefined;
}

/** The point beyond an end; undefined where the recipe doesn't take such a value. */
async function pointBeyond(
  task: PlannedTask,
  { points }: PlannedVariant,
  { field, end }: Edge,
  winner: number,
): Promise<PlannedPoint | undefined> {
  const { settings, set } = points[winner]!;
  const value = valueBeyond(
    points.map((point) => point.settings[field] as number),
    end,
  );
  if (value === undefined) return undefined;
  const shared = set.slice(0, set.length - Object.keys(settings).length);
  try {
    return await planPoint(task.recipe, { ...settings, [field]: value }, shared);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** The next value of a series of numbers; a whole one where all are. Undefined where there is no further one. */
function valueBeyond(tried: readonly number[], end: Edge['end']): number | undefined {
  const ascending = [...new Set(tried)].sort((a, b) => a - b);
  const [last, before] = end === 'highest' ? ascending.toReversed() : ascending;
  const ratio = last! / before!;
  if (!Number.isFinite(ratio) || ratio <= 0) return undefined;
  const exact = Number((last! * ratio).toPrecision(3));
  const value = tried.every(Number.isInteger) ? Math.round(exact) : exact;
  return tried.includes(value) ? undefined : value;
}

/** What was widened, for people. */
export const widenedText = ({ name, points }: PlannedVariant): string =>
  `${name}: the best was at the end of the grid, so ${settingsText(points.at(-1)!.settings)} is tried too`;
