import { type AdamWState, adamW, type Moments, type StateDtype } from '../algorithm/optimizer/adamw.ts';
import { clipGradNorm } from '../algorithm/optimizer/clip.ts';
import { learningRate } from '../algorithm/optimizer/learning-rate.ts';
import type { Optimizer } from '../algorithm/optimizer/types.ts';
import { DivergedError, InputError } from '../errors.ts';
import { float32ToBfloat16 } from '../model/files/half.ts';
import type { Recipe } from '../recipe/recipe.ts';
import type { GradientSum } from './gradient-sum.ts';
import { type SavedArray, type Shapes, shapesOf, type Trainable, type Trained } from './method/trainable.ts';
import type { PolicyState, UpdateMetrics } from './policy.ts';

/** The run ends after this many non-finite updates in a row. */
const MAX_SKIPPED = 3;

type LearnerSettings = Pick<Recipe, 'optimizer' | 'steps' | 'seed'>;
/** What a step needs to know of its batch. */
type BatchGradient = Pick<GradientSum, 'loss' | 'gradients' | 'isEmpty'>;

/**
 * The tensors that train, and AdamW with its moments. A step makes new tensors, because a sampler may still read the
 * old ones.
 */
export class Learner {
  private current: Trained;
  private moments: AdamWState;
  /** Whether a state that was handed out holds the moments' arrays, which then may not change. */
  private momentsAreShared = false;
  private skippedInRow = 0;
  private readonly shapes: Shapes;
  private readonly recipe: LearnerSettings;
  private readonly optimizer: Optimizer<AdamWState>;

  constructor(initial: Trainable['initial'], recipe: LearnerSettings) {
    this.shapes = shapesOf(initial);
    this.recipe = recipe;
    this.current = Object.fromEntries(Object.entries(initial).map(([name, { data }]) => [name, data]));
    const { betas, eps, weightDecay, stateDtype } = recipe.optimizer;
    this.optimizer = adamW({ betas, eps, weightDecay, stateDtype, seed: recipe.seed });
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
   * Clips the batch's gradients and takes the step after `step` others, which uses their arrays up. A loss or gradient
   * that is not finite skips the step. @throws DivergedError when that happens three times in a row.
   */
  update({ loss, gradients, isEmpty }: BatchGradient, step: number): UpdateMetrics {
    const lr = this.rate(step);
    const { maxGradNorm } = this.recipe.optimizer;
    const { norm } = clipGradNorm(gradients, maxGradNorm || Number.POSITIVE_INFINITY);
    const finite = Number.isFinite(norm) && Number.isFinite(loss);
    this.skippedInRow = finite ? 0 : this.skippedInRow + 1;
    if (this.skippedInRow === MAX_SKIPPED) {
      throw new DivergedError(
        `loss or gradient was not finite ${MAX_SKIPPED} steps in a row (loss ${loss}, norm ${norm})`,
      );
    }
    if (finite && !isEmpty) {
      this.ownMoments();
      const { params, state } = this.optimizer.update(gradients, this.moments, this.current, lr);
      this.current = params;
      this.moments = state;
    }
    return { loss, grad_norm: norm, learning_rate: lr, skipped: finite ? 0 : 1 };
  }

  /** The state as it is now. Later steps leave its arrays alone, and so must whoever gets it. */
  state(): PolicyState {
    this.momentsAreShared = true;
    const arrays = (prefix: string, values: Trained | Moments) =>
      Object.entries(values).map(
        ([name, data]) => [prefix + name, { data, shape: this.shapes[name]! }] as const,
      );
    return {
      arrays: Object.fromEntries([
        ...arrays('trained.', this.current),
        ...arrays('expAvg.', this.moments.expAvg),
        ...arrays('expAvgSq.', this.moments.expAvgSq),
      ]),
      data: { skippedInRow: this.skippedInRow, optimizerStep: this.moments.step },
    };
  }

  /** Takes over a state, whose arrays it shares. @throws InputError when the state has other tensors. */
  restore({ arrays, data }: PolicyState): void {
    const read = <A>(prefix: string, as: (array: SavedArray['data']) => A): Record<string, A> =>
      Object.fromEntries(
        Object.entries(this.shapes).map(([name, shape]) => {
          const array = arrays[prefix + name];
          if (array === undefined || String(array.shape) !== String(shape)) {
            throw new InputError(
              `the checkpoint is of another model or method: "${name}" should be [${shape}], it has ${array ? `[${array.shape}]` : 'none'}`,
            );
          }
          return [name, as(array.data)];
        }),
      );
    const held = (array: SavedArray['data']) => asHeld(array, this.recipe.optimizer.stateDtype);
    this.current = read('trained.', (array) => array as Float32Array);
    const [expAvg, expAvgSq] = [read('expAvg.', held), read('expAvgSq.', held)];
    this.moments = { step: Number(data.optimizerStep), expAvg, expAvgSq };
    this.momentsAreShared = true;
    this.skippedInRow = Number(data.skippedInRow);
  }

  /** Copies shared moments, one array at a time, so that those of a state that is gone go too. */
  private ownMoments(): void {
    if (!this.momentsAreShared) return;
    for (const moments of [this.moments.expAvg, this.moments.expAvgSq]) {
      for (const [name, array] of Object.entries(moments)) moments[name] = array.slice();
    }
    this.momentsAreShared = false;
  }
}

/** A moment of a state as it is held. Files widen bfloat16, so narrowing it again loses nothing. */
const asHeld = (array: SavedArray['data'], dtype: StateDtype): SavedArray['data'] =>
  dtype === 'bfloat16' && array instanceof Float32Array ? float32ToBfloat16(array) : array;
