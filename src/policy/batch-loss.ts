import { type ValueSettings, valueSettings } from '../algorithm/algorithm-settings.ts';
import { hyperParameters } from '../algorithm/loss/hyper-parameters.ts';
import { type LossConfig, lossNamed } from '../algorithm/loss/index.ts';
import { combineMetrics } from '../algorithm/loss/terms/metrics.ts';
import { totalTokens } from '../algorithm/statistics/aggregation.ts';
import type { Engine } from '../engine/engine.ts';
import type { ModelPrograms, ModelWeights } from '../model/model-programs.ts';
import { randomStream } from '../random.ts';
import type { Recipe } from '../recipe/recipe.ts';
import {
  type CoefficientState,
  coefficients,
  compiledLoss,
  nextCoefficients,
  startCoefficients,
} from './coefficients.ts';
import { type BatchSize, withLeftOut } from './left-out.ts';
import { measureTokens } from './measure-tokens.ts';
import { type MicroBatch, microBatches } from './micro-batches.ts';
import type { UpdateMetrics } from './policy.ts';
import { type PreparedBatch, prepareBatch, weighExamples } from './prepare-batch.ts';
import { hasAdvantage, rowsOf, type UnweightedSequences } from './train-batch.ts';
import { type MicroResult, UpdateProgram } from './update-program.ts';

export interface BatchLossOptions {
  readonly engine: Engine;
  readonly programs: ModelPrograms;
  /** Names of the tensors to differentiate by. */
  readonly trained: readonly string[];
  readonly recipe: Recipe;
}

/** The temperature at which the trainer scores tokens: the sampler's, and 1 for texts that nobody sampled. */
export const trainingTemperature = ({ objective, sampling }: Recipe): number =>
  objective === 'rl' ? sampling.temperature : 1;

/** The recipe's loss over whole optimiser batches, with the coefficients in it that move by what is measured. */
export class BatchLoss {
  private readonly options: BatchLossOptions;
  private readonly loss: LossConfig;
  private readonly value: ValueSettings | undefined;
  private readonly program: UpdateProgram;
  private coefficients: CoefficientState;

  constructor(options: BatchLossOptions) {
    const { objective, algorithm } = options.recipe;
    this.options = options;
    this.loss = compiledLoss(algorithm);
    this.value = objective === 'rl' ? valueSettings(algorithm) : undefined;
    this.coefficients = startCoefficients(algorithm);
    this.program = new UpdateProgram({ ...options, objective, loss: this.loss, value: this.value });
  }

  /** Loss, gradients and metrics of the batch of step `step`, in its micro-batches. */
  async compute(
    sequences: readonly UnweightedSequences[],
    { weights, step }: { readonly weights: ModelWeights; readonly step: number },
  ): Promise<{ readonly results: readonly MicroResult[]; readonly metrics: UpdateMetrics }> {
    const { recipe, programs } = this.options;
    const prepared = await this.prepare(sequences, { weights, step });
    const learning = this.needsAdvantage() ? prepared.groups.filter(hasAdvantage) : prepared.groups;
    const own = recipe.objective === 'rl' ? coefficients(this.coefficients, recipe.algorithm) : {};
    const inputs = {
      model: { ...programs.inputs(weights), ...weights.valueHead },
      temperature: trainingTemperature(recipe),
      hyper: this.hyper({ ...own, ...prepared.scalars }),
    };
    const results: MicroResult[] = [];
    const batches = microBatches(learning, recipe.optimizer.microBatchSize);
    for (const batch of batches) {
      results.push(await this.program.run({ ...inputs, batch }));
    }
    const sizes = { all: sizeOf(prepared.groups), forwarded: { ...sizeOf(learning), ...shapeOf(batches) } };
    const metrics = withLeftOut(combineMetrics(results.map((result) => result.metrics)), sizes);
    this.coefficients = nextCoefficients(this.coefficients, recipe.algorithm, { ...metrics, ...sizes.all });
    return {
      results,
      metrics: {
        ...prepared.metrics,
        ...metrics,
        ...(own.klCoef !== undefined && { kl_coef: own.klCoef }),
        ...(own.entropyCoef !== undefined && { entropy_coef: own.entropyCoef }),
      },
    };
  }

  /** Plain data, for checkpoints. */
  state(): CoefficientState {
    return this.coefficients;
  }

  restore(state: CoefficientState): void {
    this.coefficients = state;
  }

  dispose(): Promise<void> {
    return this.program.dispose();
  }

  private hyper(own: Readonly<Record<string, number>>): Record<string, number> {
    const { value } = this;
    return {
      ...(this.options.recipe.objective === 'rl' && hyperParameters(this.loss)),
      ...(value && { valueCoef: value.coef, valueClip: value.clip }),
      ...own,
    };
  }

  private async prepare(
    sequences: readonly UnweightedSequences[],
    { weights, step }: { readonly weights: ModelWeights; readonly step: number },
  ): Promise<PreparedBatch> {
    const { recipe, programs } = this.options;
    const { seed, sampling, algorithm, optimizer } = recipe;
    const shared = { loss: this.loss, maxCompletionLength: sampling.maxNewTokens };
    if (recipe.objective === 'sft') return weighExamples(sequences, shared);
    const { temperature } = sampling;
    return prepareBatch(sequences, {
      ...shared,
      samplerCorrection: algorithm.samplerCorrection,
      random: randomStream(seed, `tokens of step ${step}`),
      measure: () =>
        measureTokens(sequences, { programs, weights, temperature, size: optimizer.microBatchSize }),
    });
  }

  /** Whether a group whose advantages are all 0 gets no gradient from anywhere. */
  private needsAdvantage(): boolean {
    if (this.options.recipe.objective === 'sft' || this.value !== undefined) return false;
    const { klCoef, entropyCoef } = this.loss;
    return klCoef === 0 && !entropyCoef && !lossNamed(this.loss).pullsWithoutAdvantage;
  }
}

/** What the batches hold beside completions, and whether tokens have advantages of their own. */
function shapeOf(batches: readonly MicroBatch[]) {
  return {
    fillers: batches.reduce((sum, { rows, completions }) => sum + rows.mask!.shape[0]! - completions, 0),
    tokenAdvantages: batches.some(({ rows }) => rows.advantages!.shape.length > 1),
  };
}

function sizeOf(groups: readonly UnweightedSequences[]): BatchSize {
  const rows = rowsOf(groups);
  return { tokens: totalTokens(rows.map(({ mask }) => mask)), sequences: rows.length };
}
