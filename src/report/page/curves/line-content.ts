import { shortNumber } from '../../format.ts';
import { groupLines, type Lines } from '../../group-lines.ts';
import type { PlotContent } from '../parts/plot-content.ts';
import type { RunGroup } from '../state/page-run.ts';

/** What the chart of a metric draws, and how its lines are to be read; undefined where no run has the metric. */
export function metricContent(
  groups: readonly RunGroup[],
  metric: string,
  look: { readonly exact?: boolean | undefined; readonly range?: readonly [number, number] | undefined },
): { readonly content: PlotContent; readonly lines: Lines } | undefined {
  const lines = groupLines(groups, metric, look.exact !== true);
  if (lines === undefined) return undefined;
  const content = {
    x: lines.x,
    // Values behind their means would hide each other where there are many lines.
    lines: lines.lines.map(({ raw, ...line }) => (raw && lines.lines.length <= 2 ? { ...line, raw } : line)),
    range: look.range,
    span: stepSpan(groups),
    marks: betaMarks(groups),
    format: shortNumber,
  };
  return { content, lines };
}

/** The steps of the longest run. */
export function stepSpan(groups: readonly RunGroup[]): readonly [number, number] {
  const last = groups.flatMap(({ runs }) =>
    runs.map((run) => Math.max(run.steps, run.curves.lastStep ?? 0, 1)),
  );
  return [0, Math.max(1, ...last)];
}

/** The steps at which β reaches 0: one mark where all runs agree, else one for each group. */
export function betaMarks(groups: readonly RunGroup[]): NonNullable<PlotContent['marks']> {
  const found = groups.flatMap((group) => {
    const steps = group.runs.map((run) => run.curves.betaZero);
    const [first] = steps;
    return typeof first === 'number' && steps.every((step) => step === first) ? [{ x: first, group }] : [];
  });
  if (new Set(found.map(({ x }) => x)).size <= 1) {
    return found.slice(0, 1).map(({ x }) => ({ x, label: 'β = 0' }));
  }
  return found.map(({ x, group }) => ({ x, label: 'β = 0', place: group.place }));
}

/** Whether a metric is 0 wherever a run has it. */
export const isSilent = (groups: readonly RunGroup[], metric: string): boolean =>
  groups.every(({ runs }) =>
    runs.every(({ curves }) => (curves.series.get(metric)?.mean ?? []).every((value) => (value ?? 0) === 0)),
  );

/** Whether a metric changes in any run, or between runs. */
export function changes(groups: readonly RunGroup[], metric: string): boolean {
  const values = new Set<number>();
  for (const { runs } of groups) {
    for (const { curves } of runs) {
      const series = curves.series.get(metric);
      for (const value of [...(series?.low ?? []), ...(series?.high ?? [])]) {
        if (value !== null) values.add(value);
        if (values.size > 1) return true;
      }
    }
  }
  return false;
}
