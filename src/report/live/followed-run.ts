import type { TrainEvent } from '../../types.ts';
import { addMetrics, type Curves, curvesOf } from '../curves.ts';
import { withEval } from '../eval-points.ts';
import type { EvalPoint, RunView } from '../page-data.ts';
import { readRun, summary } from '../read/read-run.ts';
import type { Note } from '../read/sound-records.ts';

/** Characters of completions that a page begins with; it fetches the newest on request. */
const COMPLETIONS = 300_000;

/** A run under way, as a page shows it: what was on disk when it began, and what it has told since. */
export class FollowedRun {
  readonly id: string;
  #view: RunView;
  readonly #curves: Curves;

  constructor(view: RunView) {
    this.id = view.id;
    this.#view = view;
    this.#curves = curvesOf(view);
  }

  /** Reads what a run's folder holds, of a resumed run its steps before. */
  static async open(out: string, note: Note): Promise<FollowedRun> {
    return new FollowedRun(await readRun(out, { id: out, rolloutBudget: COMPLETIONS }, note));
  }

  view(): RunView {
    return { ...this.#view, ...summary(this.#curves) };
  }

  step(event: Extract<TrainEvent, { type: 'step' }>): void {
    addMetrics(this.#curves, event.metrics);
  }

  /** Takes an evaluation; gives it as the page holds it. */
  eval({ step, result }: Extract<TrainEvent, { type: 'eval' }>): EvalPoint {
    const { accuracy, interval, tasks } = result;
    const betas = this.#curves.series.get('beta');
    const beta = betas?.mean.at(-1) ?? 0;
    const point = { step, accuracy, interval, tasks, beta };
    this.#view = { ...this.#view, evals: withEval(this.#view.evals, point) };
    return point;
  }
}
