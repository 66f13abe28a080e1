import type { BetaSchedule } from '../adapter/schedule.ts';
import { totalTokens } from '../algorithm/aggregation.ts';
import { hyperParameters } from '../algorithm/loss/hyper-parameters.ts';
import { lossNamed } from '../algorithm/loss/index.ts';
import { combineMetrics } from '../algorithm/loss/metrics.ts';
import type { LossConfig } from '../algorithm/loss/types.ts';
import { nanMean } from '../algorithm/nan-statistics.ts';
import type { Recipe } from '../config.ts';
import type { Engine } from '../engine/engine.ts';
import { InputError, RunError } from '../errors.ts';
import type { ModelConfig } from '../model/config.ts';
import { saveModelFolder } from '../model/folder.ts';
import { ModelPrograms, type ModelWeights } from '../model/model-programs.ts';
import { batchLogits } from '../model/token-logits.ts';
import type { Tokenizer } from '../model/tokenizer.ts';
import { type AdamWState, adamW } from '../optimizer/adamw.ts';
import { clipGradNorm } from '../optimizer/clip.ts';
import { learningRate } from '../optimizer/learning-rate.ts';
import type { Optimizer } from '../optimizer/types.ts';
import { randomStream } from '../random.ts';
import { sampleGroups } from '../rollout/sample.ts';
import type { Group } from '../types.ts';
import { AnnealKl } from './anneal-kl.ts';
import { Annealing } from './annealing.ts';
import {
  type CoefficientState,
  coefficients,
  compiledLoss,
  nextCoefficients,
  startCoefficients,
} from './coefficients.ts';
import { type BatchSize, withLeftOut } from './left-out.ts';
import { type MeasureOptions, measureTokens } from './measure-tokens.ts';
import { microBatches } from './micro-batches.ts';
import type {
  Policy,
  PolicyDimensions,
  PolicySnapshot,
  PolicyState,
  TokenBatch,
  TrainBatch,
  UpdateMetrics,
} from './policy.ts';
import { type PreparedBatch, prepareBatch, weighExamples } from './prepare-batch.ts';
import {
  exampleSequences,
  hasAdvantage,
  rolloutSequences,
  rowsOf,
  type UnweightedSequences,
} from './train-batch.ts';
import type { Anneal, Trainable, Trained } from './trainable.ts';
import { type MicroResult, UpdateProgram } from './update-program.ts';

export interface ModelPolicyOptions {
  readonly engine: Engine;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  readonly trainable: Trainable;
  readonly schedule: BetaSchedule;
  readonly recipe: Recipe;
}

/** Non-finite updates in a row that end the run. */
const MAX_SKIPPED = 3;

/** A policy made of a model, the tensors that a method trains, AdamW and the β schedule. */
export class ModelPolicy implements Policy {
  readonly saveAdapter?: NonNullable<Policy['saveAdapter']>;
  private steps = 0;
  private skippedInRow = 0;
  private trained: Trained;
  private moments: AdamWState;
  private readonly optimizer: Optimizer<AdamWState>;
  private readonly programs: ModelPrograms;
  private readonly updateProgram: UpdateProgram;
  private readonly annealKl: AnnealKl;
  private readonly annealing: Annealing;
  private readonly loss: LossConfig;
  private coefficients: CoefficientState;
  private readonly options: ModelPolicyOptions;

  constructor(options: ModelPolicyOptions) {
    const { engine, config, trainable, recipe } = options;
    this.options = options;
    this.trained = Object.fromEntries(
      Object.entries(trainable.initial).map(([name, { data }]) => [name, data]),
    );
    const { betas, eps, weightDecay } = recipe.optimizer;
    this.optimizer = adamW({ betas, eps, weightDecay });
    this.moments = this.optimizer.init(this.trained);
    this.loss = compiledLoss(recipe.algorithm);
    this.coefficients = startCoefficients(recipe.algorithm);
    const save = trainable.saveAdapter;
    if (save) this.saveAdapter = (folder) => save(folder, this.trained, this.anneal());
    const { linear, frozen } = trainable;
    this.programs = new ModelPrograms({ engine, config, linear, ...(frozen && { frozen }) });
    this.annealKl = new AnnealKl({ engine, programs: this.programs });
    this.annealing = new Annealing(options.schedule, recipe);
    this.updateProgram = new UpdateProgram({
      engine,
      programs: this.programs,
      trained: Object.keys(this.trained),
      objective: recipe.objective,
      loss: this.loss,
    });
  }

  get dimensions(): PolicyDimensions {
    const { config, trainable } = this.options;
    const count = (arrays: Iterable<ArrayLike<number>>) =>
      [...arrays].reduce((sum, { length }) => sum + length, 0);
    const base = trainable.reference().base;
    const trainableParameters = count(Object.values(this.trained));
    const baseParameters = count(Object.values(base).map(({ data }) => data));
    return {
      trainableParameters,
      totalParameters: trainable.frozen ? baseParameters + trainableParameters : baseParameters,
      ...config,
    };
  }

  get version(): number {
    return this.steps;
  }

  get beta(): number {
    return Math.max(...this.betas());
  }

  get betaZeroStep(): number {
    return this.options.schedule.zeroStep;
  }

  snapshot(): PolicySnapshot {
    const { tokenizer, config } = this.options;
    const [weights, version, beta] = [this.weights(), this.version, this.beta];
    const model = this.programs.decoding(weights);
    return {
      version,
      beta,
      sample: (requests, options) =>
        sampleGroups({ model, tokenizer, eosTokenIds: config.eosTokenIds, version, beta }, requests, options),
    };
  }

  async update(batch: TrainBatch): Promise<UpdateMetrics> {
    const rl = batch.objective === 'rl';
    const { recipe } = this.options;
    const sequences = this.sequences(batch);
    const prepared = await this.prepare(batch.objective, sequences);
    const learning = rl && this.needsAdvantage() ? prepared.groups.filter(hasAdvantage) : prepared.groups;
    const own = rl ? coefficients(this.coefficients, recipe.algorithm) : {};
    const hyper = { ...(rl && { ...hyperParameters(this.loss), ...own }), ...prepared.scalars };
    const temperature = this.temperature(batch);
    const model = this.programs.inputs(this.weights());
    const results: MicroResult[] = [];
    for (const micro of microBatches(learning, recipe.optimizer.microBatchSize)) {
      results.push(await this.updateProgram.run({ model, batch: micro, temperature, hyper }));
    }
    const sizes = { all: sizeOf(prepared.groups), forwarded: sizeOf(learning) };
    const metrics = withLeftOut(combineMetrics(results.map(({ metrics }) => metrics)), sizes);
    const applied = this.apply(results);
    const moved = await this.moveBeta(batch, prepared, applied);
    this.coefficients = nextCoefficients(this.coefficients, recipe.algorithm, { ...metrics, ...sizes.all });
    return {
      ...(!rl && { num_tokens: countTokens(sequences) }),
      ...prepared.metrics,
      ...metrics,
      ...(own.klCoef !== undefined && { kl_coef: own.klCoef }),
      ...(own.entropyCoef !== undefined && { entropy_coef: own.entropyCoef }),
      ...applied,
      ...moved,
      compilations: this.options.engine.stats().compilations,
    };
  }

  referenceLogprobs(groups: readonly Group[]): Promise<number[][][]> {
    return this.logprobsUnder(this.options.trainable.reference(), groups);
  }

  logprobs(groups: readonly Group[]): Promise<number[][][]> {
    return this.logprobsUnder(this.weights(), groups);
  }

  logits(batch: TokenBatch) {
    return batchLogits(this.programs, this.weights(), batch);
  }

  encodePrompt(messages: Parameters<Tokenizer['encodeChat']>[0]): readonly number[] {
    return this.options.tokenizer.encodeChat(messages);
  }

  state(): PolicyState {
    const { initial } = this.options.trainable;
    const arrays = (prefix: string, values: Trained) =>
      Object.entries(values).map(
        ([name, data]) => [prefix + name, { data, shape: initial[name]!.shape }] as const,
      );
    return {
      arrays: Object.fromEntries([
        ...arrays('trained.', this.trained),
        // The optimiser updates its moments in place; a checkpoint is of one moment.
        ...arrays('expAvg.', copies(this.moments.expAvg)),
        ...arrays('expAvgSq.', copies(this.moments.expAvgSq)),
      ]),
      data: {
        steps: this.steps,
        skippedInRow: this.skippedInRow,
        optimizerStep: this.moments.step,
        coefficients: this.coefficients,
        anneal: this.annealState(),
      },
    };
  }

  async restore({ arrays, data }: PolicyState): Promise<void> {
    const { initial } = this.options.trainable;
    const read = (prefix: string) =>
      Object.fromEntries(
        Object.entries(initial).map(([name, { shape }]) => {
          const array = arrays[prefix + name];
          if (array === undefined || String(array.shape) !== String(shape)) {
            throw new InputError(
              `the checkpoint is of another model or method: "${name}" should be [${shape}], it has ${array ? `[${array.shape}]` : 'none'}`,
            );
          }
          return [name, Float32Array.from(array.data)];
        }),
      );
    this.trained = read('trained.');
    this.moments = { step: Number(data.optimizerStep), expAvg: read('expAvg.'), expAvgSq: read('expAvgSq.') };
    this.steps = Number(data.steps);
    this.skippedInRow = Number(data.skippedInRow);
    this.coefficients = data.coefficients as CoefficientState;
    this.annealing.restore((data.anneal as ReturnType<typeof this.annealState>).clock);
    const anneal = JSON.stringify(this.annealState());
    if (JSON.stringify(data.anneal) !== anneal) {
      throw new InputError(
        `the checkpoint was made under another β schedule, ${JSON.stringify(data.anneal)}; this recipe's is ${anneal}`,
      );
    }
  }

  async saveMerged(folder: string): Promise<void> {
    const { config, tokenizer, trainable } = this.options;
    const weights = trainable.merged(this.trained, this.anneal());
    await saveModelFolder(folder, { config, weights, tokenizerFiles: tokenizer.files });
  }

  async dispose(): Promise<void> {
    await this.updateProgram.dispose();
    await this.annealKl.dispose();
    await this.programs.dispose();
    await this.options.engine.dispose();
  }

  /** Moves β on after a step, and says how far that alone takes the policy on the step's texts. */
  private moveBeta(
    batch: TrainBatch,
    { groups }: PreparedBatch,
    { grad_norm }: UpdateMetrics,
  ): Promise<UpdateMetrics> {
    const reward =
      batch.objective === 'rl' ? nanMean(batch.groups.flatMap(({ rewards }) => rewards)) : undefined;
    const size = this.options.recipe.optimizer.microBatchSize;
    const texts = { sequences: groups, temperature: this.temperature(batch), size };
    return this.annealing.advance(this.steps, { reward, gradNorm: grad_norm }, (next) =>
      this.annealKl.measure(this.weights(), next, texts),
    );
  }

  /** β of each layer for the step about to be taken. */
  private betas(): readonly number[] {
    return this.annealing.betas();
  }

  private temperature({ objective }: TrainBatch): number {
    return objective === 'rl' ? this.options.recipe.sampling.temperature : 1;
  }

  private anneal(): Anneal {
    return { step: this.steps, betas: this.betas(), zeroStep: this.betaZeroStep };
  }

  /** What a checkpoint says of the schedule: its kind, horizon and where it stands. */
  private annealState() {
    const { method, steps, adapter, algorithm } = this.options.recipe;
    const clock = this.annealing.state();
    return { method, steps, annealPer: algorithm.annealPer, ...adapter.schedule, ...this.anneal(), clock };
  }

  private weights(): ModelWeights {
    return this.options.trainable.weights(this.trained, this.betas());
  }

  private sequences(batch: TrainBatch): UnweightedSequences[] {
    const { recipe, tokenizer, config } = this.options;
    if (batch.objective === 'rl') return rolloutSequences(batch.groups, recipe.algorithm);
    const endId = tokenizer.eosTokenId ?? config.eosTokenIds[0];
    if (endId === undefined) throw new InputError('the model has no end-of-text token to teach');
    const positions = config.maxPositionEmbeddings;
    return exampleSequences(batch.examples, { tokenizer, endId, positions, ...recipe.sampling });
  }

  /** Whether a group whose advantages are all 0 gets no gradient from anywhere. */
  private needsAdvantage(): boolean {
    const { klCoef, entropyCoef } = this.loss;
    return klCoef === 0 && !entropyCoef && !lossNamed(this.loss).pullsWithoutAdvantage;
  }

  private async prepare(
    objective: TrainBatch['objective'],
    sequences: readonly UnweightedSequences[],
  ): Promise<PreparedBatch> {
    const { seed, sampling, algorithm } = this.options.recipe;
    const shared = { loss: this.loss, maxCompletionLength: sampling.maxNewTokens };
    if (objective === 'sft') return weighExamples(sequences, shared);
    return prepareBatch(sequences, {
      ...shared,
      samplerCorrection: algorithm.samplerCorrection,
      random: randomStream(seed, `tokens of step ${this.steps}`),
      measure: () => measureTokens(sequences, this.measuring(this.weights())),
    });
  }

  private measuring(weights: ModelWeights): MeasureOptions {
    const { sampling, optimizer } = this.options.recipe;
    const { temperature } = sampling;
    return { programs: this.programs, weights, temperature, size: optimizer.microBatchSize };
  }

  private async logprobsUnder(weights: ModelWeights, groups: readonly Group[]): Promise<number[][][]> {
    const sequences = groups.map(({ promptIds, rollouts }) => ({
      prompt: promptIds,
      completions: rollouts.map(({ tokenIds }) => tokenIds),
    }));
    const { logprobs } = await measureTokens(sequences, this.measuring(weights));
    let next = 0;
    return groups.map(({ rollouts }) => rollouts.map(() => Array.from(logprobs[next++]!)));
  }

  /** Adds up the micro-batches' gradients, clips them and takes the step. */
  private apply(results: readonly MicroResult[]): UpdateMetrics {
    const { optimizer, steps } = this.options.recipe;
    const lr = learningRate({ ...optimizer, type: optimizer.lrSchedule, totalSteps: steps }, this.steps);
    const loss = results.reduce((sum, result) => sum + result.loss, 0);
    const gradients = sumGradients(results);
    const { norm } = clipGradNorm(gradients, optimizer.maxGradNorm || Number.POSITIVE_INFINITY);
    this.steps++;
    const finite = Number.isFinite(norm) && Number.isFinite(loss);
    this.skippedInRow = finite ? 0 : this.skippedInRow + 1;
    if (this.skippedInRow === MAX_SKIPPED) {
      throw new RunError(
        `loss or gradient was not finite ${MAX_SKIPPED} steps in a row (loss ${loss}, norm ${norm})`,
      );
    }
    if (finite && results.length > 0) {
      const { params, state } = this.optimizer.update(gradients, this.moments, this.trained, lr);
      this.trained = params;
      this.moments = state;
    }
    return { loss, grad_norm: norm, learning_rate: lr, skipped: finite ? 0 : 1 };
  }
}

const copies = (arrays: Trained): Trained =>
  Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, array.slice()]));

function sizeOf(groups: readonly UnweightedSequences[]): BatchSize {
  const rows = rowsOf(groups);
  return { tokens: totalTokens(rows.map(({ mask }) => mask)), sequences: rows.length };
}

const countTokens = (groups: readonly UnweightedSequences[]): number =>
  groups.reduce(
    (sum, { prompt, completions }) =>
      completions.reduce((all, { length }) => all + prompt.length + length, sum),
    0,
  );

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
