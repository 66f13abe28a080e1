import type { ExperimentResults, TaskResults, VariantResults } from '../../report/experiment-results.ts';
import { points, settingsText } from '../../report/format.ts';
import { columns } from '../terminal/columns.ts';
import { bytes, count, duration, percent } from '../terminal/format.ts';

/** The tables of a comparison or an ablation, as lines. */
export function resultLines({ tasks, missing, rejected, kind }: ExperimentResults): string[] {
  return [
    ...tasks.flatMap((task) => [...taskLines(task, kind), '']),
    ...missing.map(({ what, why, diverged }) => `${diverged ? 'diverged' : 'missing'}: ${what} (${why})`),
    ...rejected.map(
      ({ what, job, why }) => `rejected: ${what}: jobs/${job} is not what the plan says: ${why}`,
    ),
  ];
}

function taskLines(task: TaskResults, kind: ExperimentResults['kind']): string[] {
  const { recipe, splits, steps, stepZero, variants, differences } = task;
  const train = splits.train === null ? 'endless' : count(splits.train);
  return [
    `${recipe}: ${count(steps)} steps a run; tasks: ${train} for training, ${count(splits.validation)} validation, ${count(splits.test)} test`,
    ...stepZero.map(stepZeroLine),
    ...columns([
      ['', 'chosen', 'validation', 'test accuracy', '95 % over seeds', '95 % over tasks', 'seeds'],
      ...variants.map(accuracyRow),
    ]),
    ...columns([
      [
        '',
        'trained parameters',
        'tokens a run',
        'time a run',
        'peak memory',
        'last move of β',
        'merge verified',
      ],
      ...variants.map(costRow),
    ]),
    ...differences.map(({ of, minus, value, interval, verdict }) => {
      const range =
        interval === null ? 'no interval with one seed' : `${points(interval[0])} to ${points(interval[1])}`;
      return `${of} − ${minus}: ${points(value)} points (${range}): ${verdict}`;
    }),
    ...(kind === 'compare' ? [gapLine(task)] : []),
    ...variants.flatMap(edgeLines),
  ];
}

function stepZeroLine({
  of,
  against,
  maxDifference,
  allowed,
  tokens,
}: TaskResults['stepZero'][number]): string {
  const size = maxDifference === 0 ? 'equal bits' : `max |Δ| ${maxDifference.toExponential(1)} nats`;
  const rule = allowed === 0 ? 'must be equal' : `allowed ${allowed.toExponential(0)}`;
  const verdict = maxDifference <= allowed ? '' : 'FAILED: ';
  return `${verdict}before the first step, log-probs of ${of} and ${against}: ${size} over ${count(tokens)} tokens (${rule})`;
}

function accuracyRow({ name, chosen, runs, mean, overTasks }: VariantResults): string[] {
  if (mean === null) return [name, chosen === null ? '–' : settingsText(chosen), '–', '–', '–', '–', '0'];
  return [
    name,
    settingsText(chosen ?? {}) || '–',
    percent(average(runs.map(({ validation }) => validation))),
    percent(mean.value),
    range(mean.interval),
    range(overTasks),
    String(mean.seeds),
  ];
}

function costRow({ name, runs }: VariantResults): string[] {
  if (runs.length === 0) return [name, '–', '–', '–', '–', '–', '–'];
  const of = (read: (run: VariantResults['runs'][number]) => number) => average(runs.map(read));
  return [
    name,
    count(runs[0]!.trainableParameters),
    count(Math.round(of(({ tokens }) => tokens))),
    duration(of(({ seconds }) => seconds)),
    bytes(Math.max(...runs.map(({ peakMemory }) => peakMemory))),
    lastMove(runs),
    `${runs.filter(({ verified }) => verified).length} of ${runs.length}`,
  ];
}

/** How far the last move of β took the policy, mean over seeds. */
function lastMove(runs: VariantResults['runs']): string {
  const jumps = runs.flatMap(({ lastJump }) => lastJump ?? []);
  return jumps.length === 0 ? '–' : `${average(jumps).toExponential(1)} nats`;
}

function gapLine({ gapClosure }: TaskResults): string {
  const name = 'gap closure (AFA − LoRA)/(Full − LoRA)';
  if (gapClosure === null) return `${name}: needs runs of all three methods`;
  const { value, interval, why } = gapClosure;
  if (value === null) return `${name}: not defined: ${why}`;
  return `${name}: ${percent(value).replace('-', '−')} (${interval === null ? why : `95 % ${range(interval)}, Fieller`})`;
}

const edgeLines = ({ name, edges, chosen }: VariantResults): string[] =>
  edges.map(
    ({ field, end }) =>
      `${name}: best at the ${end} ${field} tried (${chosen?.[field]}): widen the grid, with --sweep or --extend-sweep`,
  );

const average = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

const range = (interval: readonly [number, number] | null): string =>
  interval === null ? '–' : interval.map((end) => (end * 100).toFixed(1).replace('-', '−')).join(' to ');
