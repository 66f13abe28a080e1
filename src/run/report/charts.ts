import type { StepMetrics } from '../../types.ts';
import { type Chart, lineChart, type Point } from './line-chart.ts';
import type { RunData } from './run-data.ts';

/** Metrics drawn when a run has them, in this order. */
const CURVES: readonly { metric: string; title: string; note: string }[] = [
  { metric: 'reward', title: 'Reward', note: 'weighted sum of the rewards, mean over the batch' },
  { metric: 'beta', title: 'β', note: 'annealing coefficient that the step used; 0 is a linear adapter' },
  {
    metric: 'anneal_kl',
    title: 'KL of the anneal',
    note: 'how far each move of β alone takes the policy, nats a token',
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
    note: 'how much of the returns the value function knew; 1 is all',
  },
];

/** Curves that say nothing when they are 0 throughout: no annealing, nothing cut off. */
const SILENT = new Set(['beta', 'completions/clipped_ratio']);

/** Curves that are drawn as they are: they carry no noise. */
const EXACT = new Set(['beta']);

/** A curve of each reward's mean, where there are several. */
function rewardCurves(metrics: readonly StepMetrics[]): typeof CURVES {
  const means = namesIn(metrics).filter((name) => /^rewards\/.*\/mean$/.test(name));
  return (means.length > 1 ? means : []).map((metric) => ({
    ...{ metric, title: `Reward ${metric.slice('rewards/'.length, -'/mean'.length)}` },
    note: 'mean over the batch, unweighted',
  }));
}

/** Not drawn by themselves: the x axis, and what the chart of the accuracy shows. */
const NOT_DRAWN = new Set(['step', 'eval_accuracy']);

/** Every metric that was logged, in the order of the first lines that have them. */
function namesIn(metrics: readonly StepMetrics[]): string[] {
  return [...new Set(metrics.flatMap((line) => Object.keys(line)))];
}

/** The charts to look at first. The accuracy comes first; the step at which β reaches 0 is marked in all. */
export function charts(run: RunData): string {
  const { metrics, evals } = run;
  const accuracy: Chart = {
    ...common(run),
    title: 'Held-out accuracy',
    note: 'greedy, with 95 % Wilson intervals',
    points: evals.map(({ step, accuracy: value, interval }) => ({ step, value, interval })),
    range: [0, 1],
    format: percent,
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

/** A chart, by name, of each metric that has none above and did not stay the same: what rewards logged among them. */
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

/** What all charts of a run share: the width of their x axis, and the mark where β reaches 0. */
function common({ metrics, config }: RunData): Pick<Chart, 'steps' | 'mark'> {
  const mark = betaZero(metrics);
  return { steps: Number(config.recipe.steps), ...(mark !== undefined && { mark }) };
}

export function percent(share: number): string {
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

/** The first step with β = 0, when the run annealed. */
function betaZero(metrics: readonly StepMetrics[]): Chart['mark'] {
  const step = metrics.find((line) => line.beta === 0)?.step;
  return step === undefined || step === 0 ? undefined : { step, label: 'β = 0' };
}
