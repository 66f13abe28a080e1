import type { ReadyBatch } from '../../policy/batch/train-batch.ts';
import type { PolicyState } from '../../policy/policy.ts';
import type { Checkpoint, DrawState } from '../../run/checkpoint/checkpoint.ts';

/** Where a run stood between two batches. */
export interface RestartPoint
  extends Pick<
    Checkpoint,
    'step' | 'beta' | 'betaZeroStep' | 'evals' | 'watch' | 'tokens' | 'coefficients' | 'reward'
  > {
  /** undefined where nothing trains until the batch is ready: the policy stays as it was. */
  readonly policy: PolicyState | undefined;
  /** Index of the first batch that had steps left. */
  readonly from: number;
}

/** How far tasks and seeds had been drawn. */
type Drawn = Pick<DrawState, 'streams' | 'tasks'>;

/** What a run goes on from to draw a batch again. */
export interface Restart {
  readonly point: RestartPoint;
  /** Batches before it that were not fully trained on at the point. */
  readonly pending: readonly ReadyBatch[];
  /** The batch to draw again. */
  readonly nextBatch: number;
  /** undefined when drawing it has not begun. */
  readonly drawn: Drawn | undefined;
}

/**
 * Where each batch in flight can be drawn again from, to the same bits: the moment at which it was first allowed, with
 * the policy that samples it. That moment lies `maxOffPolicySteps` batches back, so it needs the batches that have
 * become ready since.
 */
export class RestartPoints {
  readonly #points = new Map<number, RestartPoint>();
  readonly #drawn = new Map<number, Drawn>();
  readonly #ready = new Map<number, ReadyBatch>();

  constructor(pending: readonly ReadyBatch[]) {
    for (const batch of pending) this.#ready.set(batch.index, batch);
  }

  /** Notes where the run stands as batch `index` may be drawn. */
  add(index: number, point: RestartPoint): void {
    this.#points.set(index, point);
    const needed = Math.min(...[...this.#points.values()].map(({ from }) => from));
    for (const ready of this.#ready.keys()) if (ready < needed) this.#ready.delete(ready);
  }

  /** Notes how far drawing has come before batch `index` is drawn; where that takes several draws the first counts. */
  drawing(index: number, drawn: Drawn): void {
    if (!this.#drawn.has(index)) this.#drawn.set(index, drawn);
  }

  /** Notes that a batch need not be drawn again. */
  ready(batch: ReadyBatch): void {
    this.#ready.set(batch.index, batch);
    this.#points.delete(batch.index);
    this.#drawn.delete(batch.index);
  }

  /** For the first batch in flight; undefined when there is none. */
  restart(): Restart | undefined {
    const nextBatch = Math.min(...this.#points.keys());
    const point = this.#points.get(nextBatch);
    if (point === undefined) return undefined;
    const pending = [...this.#ready.values()].filter(({ index }) => index >= point.from && index < nextBatch);
    return {
      point,
      pending: pending.sort((a, b) => a.index - b.index),
      nextBatch,
      drawn: this.#drawn.get(nextBatch),
    };
  }
}
