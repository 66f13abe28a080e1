import { unpacked } from './packed-series.ts';
import type { RunView } from './page-data.ts';
import { addValue, emptySeries, type Series } from './series.ts';

/** The metrics of a run, in bounded memory however long it runs. */
export interface Curves {
  readonly series: Map<string, Series>;
  lastStep: number | null;
  /** First step with β = 0, where an earlier one had more. */
  betaZero: number | null;
  /** Prompts and completions so far. */
  tokens: number;
  /** Sum of the steps' times. */
  seconds: number;
  /** Whether a step had β > 0. */
  annealed: boolean;
}

/** Names of metrics, more than any run has; a foreign file may have any number. */
const MOST_METRICS = 400;

export const emptyCurves = (): Curves => ({
  series: new Map(),
  lastStep: null,
  betaZero: null,
  tokens: 0,
  seconds: 0,
  annealed: false,
});

/** Adds a line of metrics.jsonl, in place. A line that is not of a later step is left out. */
export function addMetrics(curves: Curves, line: Readonly<Record<string, unknown>>): void {
  const step = Number(line.step);
  if (curves.lastStep !== null && step <= curves.lastStep) return;
  curves.lastStep = step;
  for (const [name, value] of Object.entries(line)) {
    if (name === 'step' || typeof value !== 'number' || !Number.isFinite(value)) continue;
    const series = curves.series.get(name) ?? (curves.series.size < MOST_METRICS ? emptySeries() : undefined);
    if (series === undefined) continue;
    curves.series.set(name, series);
    addValue(series, step, value);
  }
  if (typeof line.step_time === 'number') curves.seconds += line.step_time;
  if (typeof line.num_tokens === 'number') curves.tokens = line.num_tokens;
  if (Number(line.beta) > 0) curves.annealed = true;
  if (line.beta === 0 && curves.annealed) curves.betaZero ??= step;
}

/** The curves that a page carries. */
export function curvesOf({ metrics, lastStep, betaZero, tokens, seconds }: RunView): Curves {
  const series = new Map(Object.entries(metrics).map(([name, values]) => [name, unpacked(values)]));
  const annealed = betaZero !== null || (series.get('beta')?.high ?? []).some((beta) => (beta ?? 0) > 0);
  return { series, lastStep, betaZero, tokens, seconds, annealed };
}
