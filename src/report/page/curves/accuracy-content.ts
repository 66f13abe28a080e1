import { percent } from '../../format.ts';
import type { PlotContent, PlotLine } from '../parts/plot-content.ts';
import type { RunGroup } from '../state/page-run.ts';
import { betaMarks, stepSpan } from './line-content.ts';

/**
 * The held-out accuracy of every group at every evaluation. A run alone has its Wilson intervals, several have a band
 * from the lowest to the highest.
 */
export function accuracyContent(
  groups: readonly RunGroup[],
): { readonly content: PlotContent; readonly note: string } | undefined {
  const x = [
    ...new Set(groups.flatMap(({ runs }) => runs.flatMap((run) => run.evals.map(({ step }) => step)))),
  ];
  if (x.length === 0) return undefined;
  x.sort((a, b) => a - b);
  const evaluated = groups.filter(({ runs }) => runs.some((run) => run.evals.length > 0));
  const alone = evaluated.every(({ runs }) => runs.length === 1);
  const content: PlotContent = {
    x,
    lines: evaluated.map((group) => ({ name: group.name, place: group.place, ...valuesOf(group, x) })),
    range: [0, 1],
    span: stepSpan(groups),
    marks: betaMarks(groups),
    dots: x.length <= 60,
    format: percent,
  };
  const band = alone ? 'with 95 % Wilson intervals' : 'mean, lowest and highest seed';
  return { content, note: `greedy, ${band}` };
}

function valuesOf({ runs }: RunGroup, x: readonly number[]): Pick<PlotLine, 'values' | 'low' | 'high'> {
  const bySteps = runs.map((run) => new Map(run.evals.map((point) => [point.step, point])));
  const found = x.map((step) => bySteps.flatMap((points) => points.get(step) ?? []));
  const at = (take: (points: (typeof found)[number]) => number) =>
    found.map((points) => (points.length === 0 ? null : take(points)));
  const values = at((points) => points.reduce((sum, { accuracy }) => sum + accuracy, 0) / points.length);
  if (runs.length === 1) {
    return {
      values,
      low: at(([point]) => point!.interval[0]),
      high: at(([point]) => point!.interval[1]),
    };
  }
  return {
    values,
    low: at((points) => Math.min(...points.map(({ accuracy }) => accuracy))),
    high: at((points) => Math.max(...points.map(({ accuracy }) => accuracy))),
  };
}
