import { settingsText } from '../../report/format.ts';
import { planPoint } from './make-plan.ts';
import type { PlannedTask, PlannedVariant } from './plan.ts';

/** How often a grid is widened at most: four times the ratio of two neighbours and more is another search. */
const MOST_WIDENINGS = 3;

/**
 * A variant with one more point beyond the end at which its winner lies; the ratio to the next is that of the two
 * points before. Undefined when no swept number's winner is at an end.
 */
export async function widened(
  task: PlannedTask,
  variant: PlannedVariant,
  edges: readonly { readonly field: string; readonly end: 'lowest' | 'highest' }[],
  winner: number,
): Promise<PlannedVariant | undefined> {
  const [edge] = edges;
  if (edge === undefined || (variant.widened ?? 0) >= MOST_WIDENINGS) return undefined;
  const { settings, set } = variant.points[winner]!;
  const tried = [...new Set(variant.points.map((point) => point.settings[edge.field] as number))].sort(
    (a, b) => a - b,
  );
  const [end, next] = edge.end === 'highest' ? [tried.at(-1)!, tried.at(-2)!] : [tried[0]!, tried[1]!];
  if (next === 0 || end / next <= 0) return undefined;
  const value = Number((end * (end / next)).toPrecision(3));
  const own = Object.keys(settings).length;
  const point = await planPoint(
    task.recipe,
    { ...settings, [edge.field]: value },
    set.slice(0, set.length - own),
  );
  return { ...variant, points: [...variant.points, point], widened: (variant.widened ?? 0) + 1 };
}

/** What was widened, for people. */
export const widenedText = ({ name, points }: PlannedVariant): string =>
  `${name}: the best was at the end of the grid, so ${settingsText(points.at(-1)!.settings)} is tried too`;
