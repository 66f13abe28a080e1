import { useMemo, useState } from 'preact/hooks';
import type { Lines } from '../../group-lines.ts';
import { Chart } from '../parts/chart.tsx';
import type { RunGroup } from '../state/page-run.ts';
import { accuracyContent } from './accuracy-content.ts';
import { furtherMetrics, isExact, type KnownMetric, mainMetrics } from './known-metrics.ts';
import { changes, isSilent, metricContent } from './line-content.ts';

/** Every metric over the steps: the main ones, and the others on request. */
export function CurvesSection({ groups }: { readonly groups: readonly RunGroup[] }) {
  const names = useMemo(() => metricNames(groups), [groups]);
  const accuracy = useMemo(() => accuracyContent(groups), [groups]);
  const main = mainMetrics(names).filter(({ metric, silent }) => !silent || !isSilent(groups, metric));
  return (
    <section aria-labelledby="curves">
      <h2 id="curves">Curves</h2>
      {groups.length === 1 && groups[0]!.runs.length === 1 ? null : (
        <p class="note">
          A line is a run, or the mean over the seeds of a group; its band goes from the lowest to the highest
          of them.
        </p>
      )}
      <div class="charts">
        {accuracy && (
          <Chart
            title="Held-out accuracy"
            note={accuracy.note}
            content={accuracy.content}
            axis="after step"
          />
        )}
        {main.map((metric) => (
          <MetricChart key={metric.metric} groups={groups} {...metric} />
        ))}
      </div>
      <Further groups={groups} names={names} />
    </section>
  );
}

function Further({
  groups,
  names,
}: {
  readonly groups: readonly RunGroup[];
  readonly names: readonly string[];
}) {
  const [open, setOpen] = useState(false);
  const further = useMemo(
    () => furtherMetrics(names).filter((metric) => changes(groups, metric)),
    [groups, names],
  );
  if (further.length === 0) return null;
  return (
    <details class="block" onToggle={(event) => setOpen((event.currentTarget as HTMLDetailsElement).open)}>
      <summary>Every other metric that changed ({further.length})</summary>
      {open && (
        <div class="charts small">
          {further.map((metric) => (
            <MetricChart key={metric} groups={groups} metric={metric} title={metric} note="" small />
          ))}
        </div>
      )}
    </details>
  );
}

function MetricChart({
  groups,
  metric,
  title,
  note,
  small = false,
  exact,
  range,
}: KnownMetric & { readonly groups: readonly RunGroup[]; readonly small?: boolean }) {
  const made = useMemo(
    () => metricContent(groups, metric, { exact: exact || isExact(metric), range }),
    [groups, metric],
  );
  if (made === undefined) return null;
  const height = small ? 140 : 210;
  const text = small ? note : [note, reading(made.lines)].filter((part) => part !== '').join('; ');
  return <Chart title={title} note={text} content={made.content} height={height} />;
}

/** How a chart's line is to be read. */
function reading({ width, reach }: Lines): string {
  const each = width > 1 ? `a point is ${width} steps` : '';
  const mean = reach > 0 ? `line: mean of ${(2 * reach + 1) * width} steps` : '';
  return [each, mean].filter((part) => part !== '').join(', ');
}

/** Every metric that was logged, in order of first appearance. */
function metricNames(groups: readonly RunGroup[]): string[] {
  return [...new Set(groups.flatMap(({ runs }) => runs.flatMap((run) => [...run.curves.series.keys()])))];
}
