import { type ValueSettings, valueSettings } from '../algorithm/algorithm-settings.ts';
import { type Coefficients, lossCoefficients, startCoefficients } from '../algorithm/coefficients.ts';
import { hyperParameters } from '../algorithm/loss/hyper-parameters.ts';
import { type LossConfig, lossNamed } from '../algorithm/loss/index.ts';
import { totalTokens } from '../algorithm/statistics/aggregation.ts';
import type { Engine } from '../engine/engine.ts';
import { holding } from '../engine/held-time.ts';
import { longestText, type ModelPrograms, type ModelWeights } from '../model/model-programs.ts';
import type { PackedRows } from '../model/packed-rows.ts';
import type { SharedRows } from '../model/shared-rows.ts';
import { randomStream } from '../random.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { byGroup } from '../rollout/groups.ts';
import { limitsOf, type MicroBatch, microBatches, type WeightedRow } from './batch/micro-batches.ts';
import { sharedBatches } from './batch/shared-batches.ts';
import type { TrainBatch } from './batch/train-batch.ts';
import { hasAdvantage, type TrainRow, trainRows } from './batch/train-rows.ts';
import { type BatchSize, countUnforwarded } from './batch/unforwarded-groups.ts';
import { type WeightedBatch, weighExamples, weighRows } from './batch/weigh-rows.ts';
import type { DraftTarget } from './draft/draft-target.ts';
import { GradientSum } from './gradient-sum.ts';
import type { Learner } from './learner.ts';
import type { UpdateMetrics } from './policy.ts';
import { measureTokens } from './programs/measure-tokens.ts';
import { UpdateProgram } from './programs/update-program.ts';

export interface OptimiserStepOptions {
  readonly engine: Engine;
  readonly programs: ModelPrograms;
  readonly learner: Learner;
  readonly recipe: Recipe;
  /** Of objective draft. */
  readonly target?: DraftTarget | undefined;
}

/** The temperature at which the trainer scores tokens: the sampler's, and 1 for texts that nobody sampled. */
export const trainingTemperature = ({ objective, sampling }: Recipe): number =>
  objective === 'sft' ? 1 : sampling.temperature;

/** Takes optimiser steps by the recipe's loss. */
export class OptimiserStep {
  private readonly options: OptimiserStepOptions;
  private readonly loss: LossConfig;
  private readonly value: ValueSettings | undefined;
  private readonly program: UpdateProgram;

  constructor(options: OptimiserStepOptions) {
    const { engine, programs, learner, recipe, target } = options;
    const { objective, algorithm } = recipe;
    this.options = options;
    this.loss = compiledLoss(algorithm);
    this.value = objective === 'rl' ? valueSettings(algorithm) : undefined;
    const trained = Object.keys(learner.tensors);
    this.program = new UpdateProgram({
      engine,
      programs,
      trained,
      objective,
      loss: this.loss,
      value: this.value,
      draft: target && { target, loss: recipe.draft.loss },
      recompute: recipe.runtime.recompute,
    });
  }

  /** The step after `step` others, from top to bottom. `weights` are the policy's, with the β of this step. */
  async take(
    batch: TrainBatch,
    {
      weights,
      step,
      coefficients = this.recipesCoefficients(),
      signal,
    }: {
      readonly weights: ModelWeights;
      readonly step: number;
      readonly coefficients?: Coefficients | undefined;
      /** Until the last micro-batch has been computed, aborting it ends the step without a trace. */
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<UpdateMetrics> {
    const { recipe, programs, learner, target } = this.options;

    // 1. Each text as a row: token ids with a mask, an advantage and log-probs, [B].
    const rows = trainRows(batch, recipe.algorithm);

    // 2. What depends on the whole batch: the weight of each token in the loss, and which tokens are selected.
    const weighted = await this.weigh(rows, { weights, step, signal });

    // 3. Micro-batches. Groups without any advantage have no gradient, unless another term of the loss gives them one.
    const groups = byGroup(weighted.rows);
    const learning = this.needsAdvantage() ? groups.filter((group) => group.some(hasAdvantage)) : groups;
    const batches = cutBatch(learning.flat(), recipe.optimizer);

    // 4. The loss and gradients of each micro-batch. They add up to those of the batch.
    const inputs = {
      temperature: trainingTemperature(recipe),
      hyper: this.hyper({ ...coefficients, ...weighted.scalars }),
    };
    const sum = new GradientSum();
    for (const microBatch of batches) {
      signal?.throwIfAborted();
      const longest = longestText(microBatch.packed);
      const model = {
        ...programs.inputs(weights, longest),
        ...weights.valueHead,
        ...target?.inputs(longest),
      };
      sum.add(await this.program.run({ ...inputs, model, batch: microBatch }));
    }
    signal?.throwIfAborted();

    // 5. The gradients are clipped, and AdamW moves the trained tensors.
    const applied = holding(() => learner.update(sum, step));

    const sizes = { all: sizeOf(rows), forwarded: { ...sizeOf(learning.flat()), ...shapeOf(batches) } };
    return {
      ...weighted.metrics,
      ...countUnforwarded(sum.metrics(), sizes),
      ...(coefficients.klCoef !== undefined && { kl_coef: coefficients.klCoef }),
      ...(coefficients.entropyCoef !== undefined && { entropy_coef: coefficients.entropyCoef }),
      ...applied,
    };
  }

  dispose(): Promise<void> {
    return this.program.dispose();
  }

  private async weigh(
    rows: readonly TrainRow[],
    {
      weights,
      step,
      signal,
    }: {
      readonly weights: ModelWeights;
      readonly step: number;
      readonly signal: AbortSignal | undefined;
    },
  ): Promise<WeightedBatch> {
    const { recipe, programs } = this.options;
    const { seed, sampling, algorithm, optimizer } = recipe;
    const shared = { loss: this.loss, maxCompletionLength: sampling.maxNewTokens };
    if (recipe.objective !== 'rl') return weighExamples(rows, shared);
    const { temperature } = sampling;
    return weighRows(rows, {
      ...shared,
      samplerCorrection: algorithm.samplerCorrection,
      random: randomStream(seed, `tokens of step ${step}`),
      measure: () =>
        measureTokens(rows, { programs, weights, temperature, limits: limitsOf(optimizer), signal }),
    });
  }

  private recipesCoefficients(): Coefficients {
    const { objective, algorithm } = this.options.recipe;
    return objective === 'rl' ? lossCoefficients(startCoefficients(algorithm), algorithm) : {};
  }

  /** The scalars that the loss reads. */
  private hyper(own: Readonly<Record<string, number>>): Record<string, number> {
    const { value } = this;
    return {
      ...(this.options.recipe.objective === 'rl' && hyperParameters(this.loss)),
      ...(value && { valueCoef: value.coef, valueClip: value.clip }),
      ...own,
    };
  }

  /** Whether a group has no gradient at all when its advantages are all 0. */
  private needsAdvantage(): boolean {
    if (this.options.recipe.objective !== 'rl' || this.value !== undefined) return false;
    const { klCoef, entropyCoef } = this.loss;
    return klCoef === 0 && !entropyCoef && !lossNamed(this.loss).pullsWithoutAdvantage;
  }
}

/**
 * The loss as it is compiled. With adaptiveEntropy the entropy bonus is always in the graph, and each step feeds its
 * own coefficient, which may be 0. A KL penalty in the rewards is not a term of the loss.
 */
export function compiledLoss(algorithm: Recipe['algorithm']): LossConfig {
  const { adaptiveEntropy, entropyCoef, klIn, klCoef } = algorithm;
  return {
    ...algorithm,
    entropyCoef: adaptiveEntropy ? adaptiveEntropy.max : entropyCoef,
    klCoef: klIn === 'loss' ? klCoef : 0,
  };
}

/** The micro-batches of a batch: examples share rows where the recipe says so. */
function cutBatch(
  rows: readonly WeightedRow[],
  optimizer: Recipe['optimizer'],
): readonly MicroBatch<PackedRows | SharedRows>[] {
  const limits = limitsOf(optimizer);
  const { packing: rowLength } = optimizer;
  return rowLength === 0 ? microBatches(rows, limits) : sharedBatches(rows, { limits, rowLength });
}

/** How many filler rows the micro-batches hold, and whether each token has its own advantage. */
function shapeOf(batches: readonly MicroBatch<unknown>[]) {
  return {
    fillers: batches.reduce((sum, { fillers }) => sum + fillers, 0),
    tokenAdvantages: batches.some(({ rows }) => (rows.advantages?.shape.length ?? 1) > 1),
  };
}

const sizeOf = (rows: readonly TrainRow[]): BatchSize => ({
  tokens: totalTokens(rows.map(({ mask }) => mask)),
  sequences: rows.length,
});
