import type { StepMetrics } from '../../types.ts';
import { type Chart, lineChart, type Point } from './line-chart.ts';
import type { RunData } from './run-data.ts';

/** Metrics to draw, in this order, if the run has them. */
const CURVES: readonly { metric: string; title: string; note: string }[] = [
  { metric: 'reward', title: 'Reward', note: 'weighted sum of the rewards, mean over the batch' },
  { metric: 'beta', title: 'β', note: 'annealing coefficient of the step; at 0 the adapter is linear' },
  {
    metric: 'anneal_kl',
    title: 'KL of the anneal',
    note: 'how far each move of β alone changes the policy, nats a token',
  },
  { metric: 'loss', title: 'Loss', note: 'of the optimiser batch' },
  { metric: 'grad_norm', title: 'Gradient norm', note: 'global, before clipping' },
  { metric: 'completions/mean_length', title: 'Completion length', note: 'tokens, mean over the batch' },
  {
    metric: 'completions/clipped_ratio',
    title: 'Cut off',
    note: 'share of completions that hit the token limit',
  },
  { metric: 'kl', title: 'KL', note: 'to the reference policy, nats a token' },
  { metric: 'entropy', title: 'Entropy', note: 'of the policy, nats a token' },
  {
    metric: 'val/explained_variance',
    title: 'Explained variance',
    note: 'how well the value function predicts the returns; 1 is a perfect prediction',
  },
];

/** Curves that are left out if they are 0 throughout: no annealing, nothing cut off. */
const SILENT = new Set(['beta', 'completions/clipped_ratio']);

/** Curves that are not smoothed, because they have no noise. */
const EXACT = new Set(['beta']);

/** Makes a curve of each reward's mean, if there are several rewards. */
function rewardCurves(metrics: readonly StepMetrics[]): typeof CURVES {
  const means = namesIn(metrics).filter((name) => /^rewards\/.*\/mean$/.test(name));
  return (means.length > 1 ? means : []).map((metric) => ({
    metric,
    title: `Reward ${metric.slice('rewards/'.length, -'/mean'.length)}`,
    note: 'mean over the batch, unweighted',
  }));
}

/** Metrics without a chart: `step` is the x axis, and `eval_accuracy` is in the chart of the accuracy. */
const NOT_DRAWN = new Set(['step', 'eval_accuracy']);

/** Lists every metric that was logged, in order of first appearance. */
function namesIn(metrics: readonly StepMetrics[]): string[] {
  return [...new Set(metrics.flatMap((line) => Object.keys(line)))];
}

/** Draws the main charts, the accuracy first. Each marks the step at which β reaches 0. */
export function charts(run: RunData): string {
  const { metrics, evals } = run;
  const accuracy: Chart = {
    ...common(run),
    title: 'Held-out accuracy',
    note: `${evals[0]?.accuracyBy ?? 'greedy'}, with 95 % Wilson intervals`,
    points: evals.map(({ step, accuracy: value, interval }) => ({ step, value, interval })),
    range: [0, 1],
    format: percentLabel,
  };
  const curves = [...CURVES, ...rewardCurves(metrics)]
    .map(({ metric, ...text }) => ({ ...text, metric, points: pointsOf(metrics, metric) }))
    .filter(({ points }) => points.length > 0)
    .filter(({ metric, points }) => !SILENT.has(metric) || points.some(({ value }) => value > 0))
    .map((curve) => ({
      ...common(run),
      ...curve,
      smoothed: !EXACT.has(curve.metric),
      ...rangeOf(curve.metric),
    }));
  return [...(evals.length > 0 ? [accuracy] : []), ...curves].map(lineChart).join('\n');
}

/** Draws every other metric that changed, by name. This includes the metrics that rewards log. */
export function furtherCharts(run: RunData): string {
  const { metrics } = run;
  const drawn = new Set([...CURVES, ...rewardCurves(metrics)].map(({ metric }) => metric));
  return namesIn(metrics)
    .filter((name) => !NOT_DRAWN.has(name) && !drawn.has(name))
    .sort()
    .map((title) => ({ title, points: pointsOf(metrics, title) }))
    .filter(({ points }) => points.some(({ value }) => value !== points[0]!.value))
    .map((curve) => lineChart({ ...common(run), ...curve, note: '', smoothed: true }))
    .join('\n');
}

/** Returns what all charts of a run share: the width of the x axis, and the mark where β reaches 0. */
function common({ metrics, config }: RunData): Pick<Chart, 'steps' | 'mark'> {
  const mark = betaZero(metrics);
  return { steps: Number(config.recipe.steps), ...(mark !== undefined && { mark }) };
}

export function percentLabel(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`;
}

function pointsOf(metrics: readonly StepMetrics[], name: string): Point[] {
  return metrics
    .filter((line) => Number.isFinite(line[name] ?? Number.NaN))
    .map((line) => ({ step: line.step, value: line[name]! }));
}

function rangeOf(metric: string): Pick<Chart, 'range'> {
  if (metric === 'beta' || metric === 'completions/clipped_ratio') return { range: [0, 1] };
  return metric === 'grad_norm' || metric === 'completions/mean_length' ? { range: [0, 0] } : {};
}

/** Marks the first step with β = 0, if the run annealed. */
function betaZero(metrics: readonly StepMetrics[]): Chart['mark'] {
  const step = metrics.find((line) => line.beta === 0)?.step;
  return step === undefined || step === 0 ? undefined : { step, label: 'β = 0' };
}
