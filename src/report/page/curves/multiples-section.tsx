import { useMemo, useState } from 'preact/hooks';
import { Chart } from '../parts/chart.tsx';
import type { PlotContent } from '../parts/plot-content.ts';
import type { RunGroup } from '../state/page-run.ts';
import { accuracyContent } from './accuracy-content.ts';
import { furtherMetrics, mainMetrics } from './known-metrics.ts';
import { metricContent } from './line-content.ts';

const ACCURACY = 'held-out accuracy';

/** One metric, one small chart for each group, all with the same axes. */
export function MultiplesSection({ groups }: { readonly groups: readonly RunGroup[] }) {
  const names = useMemo(() => loggedBy(groups), [groups]);
  const [metric, setMetric] = useState(names[0] ?? '');
  const charts = useMemo(() => sameAxes(groups, metric), [groups, metric]);
  if (groups.length < 2 || names.length === 0) return null;
  return (
    <section aria-labelledby="multiples">
      <h2 id="multiples">Side by side</h2>
      <fieldset>
        <legend>Which metric</legend>
        <label>
          metric, on the same axes for each
          <select value={metric} onChange={(event) => setMetric(event.currentTarget.value)}>
            {names.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </fieldset>
      <div class="charts small">
        {charts.map(({ group, content }) => (
          <Chart key={`${metric} ${group.name}`} title={group.name} content={content} height={130} bare />
        ))}
      </div>
    </section>
  );
}

function loggedBy(groups: readonly RunGroup[]): string[] {
  const logged = [
    ...new Set(groups.flatMap(({ runs }) => runs.flatMap(({ curves }) => [...curves.series.keys()]))),
  ];
  const evaluated = groups.some(({ runs }) => runs.some(({ evals }) => evals.length > 0));
  const main = mainMetrics(logged).map((known) => known.metric);
  return [...(evaluated ? [ACCURACY] : []), ...main, ...furtherMetrics(logged)];
}

function sameAxes(
  groups: readonly RunGroup[],
  metric: string,
): { readonly group: RunGroup; readonly content: PlotContent }[] {
  const all = contentOf(groups, metric);
  if (all === undefined) return [];
  const range = rangeOf(all);
  return groups.flatMap((group) => {
    const content = contentOf([group], metric);
    return content === undefined ? [] : [{ group, content: { ...content, range, span: all.span } }];
  });
}

const contentOf = (groups: readonly RunGroup[], metric: string) =>
  metric === ACCURACY ? accuracyContent(groups)?.content : metricContent(groups, metric, {})?.content;

function rangeOf({ lines, range }: PlotContent): readonly [number, number] {
  const lists = lines.flatMap(({ values, low = [], high = [], raw = [] }) => [
    ...values,
    ...low,
    ...high,
    ...raw,
  ]);
  const values = [...lists, ...(range ?? [])].filter((value) => value !== null);
  const least = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const most = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return most > least ? [least, most] : [least - 0.5, most + 0.5];
}
