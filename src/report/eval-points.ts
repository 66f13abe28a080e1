import type { EvalPoint } from './page-data.ts';

/** Evaluations that a page holds of a run; a chart would not show more. */
const MOST = 1000;

/** Adds an evaluation to those in order; one of an earlier step is left out, and every other one when there are too many. */
export function withEval(evals: readonly EvalPoint[], point: EvalPoint): readonly EvalPoint[] {
  const last = evals.at(-1);
  if (last !== undefined && point.step <= last.step) return evals;
  const kept = evals.length < MOST ? evals : evals.filter((_, i) => i % 2 === 0);
  return [...kept, point];
}
