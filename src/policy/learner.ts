import { type AdamWState, adamW } from '../algorithm/optimizer/adamw.ts';
import { clipGradNorm } from '../algorithm/optimizer/clip.ts';
import { learningRate } from '../algorithm/optimizer/learning-rate.ts';
import type { Optimizer } from '../algorithm/optimizer/types.ts';
import { DivergedError, InputError } from '../errors.ts';
import type { Recipe } from '../recipe/recipe.ts';
import type { Trainable, Trained } from './method/trainable.ts';
import type { PolicyState, UpdateMetrics } from './policy.ts';
import type { MicroResult } from './programs/update-program.ts';

/** The run ends after this many non-finite updates in a row. */
const MAX_SKIPPED = 3;

/**
 * The tensors that train, and AdamW with its moments. A step makes new tensors, because a sampler may still read the
 * old ones.
 */
export class Learner {
  private current: Trained;
  private moments: AdamWState;
  private skippedInRow = 0;
  private readonly initial: Trainable['initial'];
  private readonly recipe: Pick<Recipe, 'optimizer' | 'steps'>;
  private readonly optimizer: Optimizer<AdamWState>;

  constructor(initial: Trainable['initial'], recipe: Pick<Recipe, 'optimizer' | 'steps'>) {
    this.initial = initial;
    this.recipe = recipe;
    this.current = Object.fromEntries(Object.entries(initial).map(([name, { data }]) => [name, data]));
    const { betas, eps, weightDecay } = recipe.optimizer;
    this.optimizer = adamW({ betas, eps, weightDecay });
    this.moments = this.optimizer.init(this.current);
  }

  get tensors(): Trained {
    return this.current;
  }

  /** Learning rate of the step after `step` others. */
  rate(step: number): number {
    const { optimizer, steps } = this.recipe;
    return learningRate(optimizer, { step, steps });
  }

  /**
   * Adds up the micro-batches' gradients, clips them and takes the step after `step` others. A loss or gradient that is
   * not finite skips the step. @throws DivergedError when that happens three times in a row.
   */
  update(results: readonly MicroResult[], step: number): UpdateMetrics {
    const lr = this.rate(step);
    const loss = results.reduce((sum, result) => sum + result.loss, 0);
    const gradients = sumGradients(results);
    const { maxGradNorm } = this.recipe.optimizer;
    const { norm } = clipGradNorm(gradients, maxGradNorm || Number.POSITIVE_INFINITY);
    const finite = Number.isFinite(norm) && Number.isFinite(loss);
    this.skippedInRow = finite ? 0 : this.skippedInRow + 1;
    if (this.skippedInRow === MAX_SKIPPED) {
      throw new DivergedError(
        `loss or gradient was not finite ${MAX_SKIPPED} steps in a row (loss ${loss}, norm ${norm})`,
      );
    }
    if (finite && results.length > 0) {
      const { params, state } = this.optimizer.update(gradients, this.moments, this.current, lr);
      this.current = params;
      this.moments = state;
    }
    return { loss, grad_norm: norm, learning_rate: lr, skipped: finite ? 0 : 1 };
  }

  state() {
    const arrays = (prefix: string, values: Trained) =>
      Object.entries(values).map(
        ([name, data]) => [prefix + name, { data, shape: this.initial[name]!.shape }] as const,
      );
    return {
      arrays: Object.fromEntries([
        ...arrays('trained.', this.current),
        // Copied, because the optimiser updates its moments in place.
        ...arrays('expAvg.', copies(this.moments.expAvg)),
        ...arrays('expAvgSq.', copies(this.moments.expAvgSq)),
      ]),
      data: { skippedInRow: this.skippedInRow, optimizerStep: this.moments.step },
    };
  }

  /** @throws InputError when the state has other tensors. */
  restore({ arrays, data }: PolicyState): void {
    const read = (prefix: string) =>
      Object.fromEntries(
        Object.entries(this.initial).map(([name, { shape }]) => {
          const array = arrays[prefix + name];
          if (array === undefined || String(array.shape) !== String(shape)) {
            throw new InputError(
              `the checkpoint is of another model or method: "${name}" should be [${shape}], it has ${array ? `[${array.shape}]` : 'none'}`,
            );
          }
          return [name, Float32Array.from(array.data)];
        }),
      );
    this.current = read('trained.');
    this.moments = { step: Number(data.optimizerStep), expAvg: read('expAvg.'), expAvgSq: read('expAvgSq.') };
    this.skippedInRow = Number(data.skippedInRow);
  }
}

const copies = (arrays: Trained): Trained =>
  Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, array.slice()]));

function sumGradients(results: readonly MicroResult[]): Record<string, Float32Array> {
  const [first, ...others] = results;
  const sums = { ...first?.gradients };
  for (const { gradients } of others) {
    for (const [name, gradient] of Object.entries(gradients)) {
      const sum = sums[name]!;
      for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + gradient[i]!;
    }
  }
  return sums;
}
