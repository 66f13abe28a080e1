import { Annealing } from '../adapter/anneal/annealing.ts';
import type { BetaSchedule } from '../adapter/anneal/beta-schedule.ts';
import { stepsPerBatch } from '../algorithm/algorithm-settings.ts';
import { nanMean } from '../algorithm/statistics/nan-statistics.ts';
import type { Engine } from '../engine/engine.ts';
import { InputError } from '../errors.ts';
import type { ModelConfig } from '../model/config/model-config.ts';
import { saveModelFolder } from '../model/folder.ts';
import { ModelPrograms, type ModelWeights } from '../model/model-programs.ts';
import type { TokenBatch } from '../model/token-logits.ts';
import { batchLogits } from '../model/token-logits.ts';
import type { Tokenizer } from '../model/tokenizer/tokenizer.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { completions, sampleGroups } from '../rollout/sample-groups.ts';
import type { Group } from '../types.ts';
import { AnnealKl } from './anneal-kl.ts';
import { BatchLoss, trainingTemperature } from './batch-loss.ts';
import type { CoefficientState } from './coefficients.ts';
import { Learner } from './learner.ts';
import { measureTokens } from './measure-tokens.ts';
import { ValueProgram } from './measure-values.ts';
import type {
  Policy,
  PolicyDimensions,
  PolicySnapshot,
  PolicyState,
  TrainBatch,
  UpdateMetrics,
} from './policy.ts';
import {
  countTokens,
  exampleSequences,
  rolloutSequences,
  rowsByGroup,
  textsOf,
  type UnweightedSequences,
} from './train-batch.ts';
import type { Anneal, Trainable } from './trainable.ts';

export interface ModelPolicyOptions {
  readonly engine: Engine;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  readonly trainable: Trainable;
  readonly schedule: BetaSchedule;
  readonly recipe: Recipe;
}

/** A policy made of a model, the tensors that a method trains, AdamW and the β schedule. */
export class ModelPolicy implements Policy {
  readonly saveAdapter?: NonNullable<Policy['saveAdapter']>;
  private steps = 0;
  private readonly options: ModelPolicyOptions;
  private readonly learner: Learner;
  private readonly programs: ModelPrograms;
  private readonly loss: BatchLoss;
  private readonly valueProgram: ValueProgram;
  private readonly annealKl: AnnealKl;
  private readonly annealing: Annealing;

  constructor(options: ModelPolicyOptions) {
    const { engine, config, recipe } = options;
    this.options = options;
    const { linear, frozen, saveAdapter, initial } = options.trainable;
    if (saveAdapter) this.saveAdapter = (to) => saveAdapter(to, this.learner.tensors, this.anneal());
    this.learner = new Learner(initial, recipe);
    this.programs = new ModelPrograms({ engine, config, linear, ...(frozen && { frozen }) });
    const shared = { engine, programs: this.programs };
    this.loss = new BatchLoss({ ...shared, recipe, trained: Object.keys(this.learner.tensors) });
    this.valueProgram = new ValueProgram(shared);
    this.annealKl = new AnnealKl(shared);
    this.annealing = new Annealing(options.schedule, {
      schedule: recipe.adapter.schedule,
      steps: recipe.steps,
      stepsPerMove: recipe.algorithm.annealPer === 'batch' ? stepsPerBatch(recipe.algorithm) : 1,
      measuresKl: recipe.metrics.annealKl,
    });
  }

  get dimensions(): PolicyDimensions {
    const count = (arrays: Iterable<ArrayLike<number>>) =>
      [...arrays].reduce((sum, { length }) => sum + length, 0);
    const trainableParameters = count(Object.values(this.learner.tensors));
    const frozen = count(Object.values(this.options.trainable.frozen ?? {}).map(({ data }) => data));
    return {
      ...{ trainableParameters, totalParameters: frozen + trainableParameters },
      ...this.options.config,
    };
  }

  get version(): number {
    return this.steps;
  }

  get beta(): number {
    return Math.max(...this.annealing.betas());
  }

  get betaZeroStep(): number {
    return this.annealing.zeroStep;
  }

  snapshot(): PolicySnapshot {
    const { tokenizer, config, recipe } = this.options;
    const [weights, version, beta] = [this.weights(), this.version, this.beta];
    const model = this.programs.decoding(weights);
    const sampler = { model, tokenizer, eosTokenIds: config.eosTokenIds, version, beta };
    return {
      version,
      beta,
      maxPositions: config.maxPositionEmbeddings,
      sample: (requests, options) => sampleGroups(sampler, requests, options),
      extend: async (texts, options) =>
        (await completions(sampler, texts, { ...options, groupSize: 1 })).flat(),
      between: (conversation, { tokenIds }, said) => tokenizer.encodeBetween(conversation, tokenIds, said),
      values: async (groups) => {
        // One token more, whatever it is: the value before it is the one after the text.
        const longer = textsOf(groups).map(({ prompt, completions }) => ({
          prompt,
          completions: completions.map((ids) => [...ids, 0]),
        }));
        const size = recipe.optimizer.microBatchSize;
        return rowsByGroup(groups, await this.valueProgram.measure(weights, longer, size));
      },
    };
  }

  async update(batch: TrainBatch): Promise<UpdateMetrics> {
    const sequences = this.sequences(batch);
    const { results, metrics } = await this.loss.compute(sequences, {
      weights: this.weights(),
      step: this.steps,
    });
    const applied = this.learner.update(results, this.steps);
    this.steps++;
    const moved = await this.moveBeta(batch, sequences, applied);
    return {
      ...(batch.objective === 'sft' && { num_tokens: countTokens(sequences) }),
      ...{ ...metrics, ...applied, ...moved },
      compilations: this.options.engine.stats().compilations,
    };
  }

  async pass(batch: TrainBatch): Promise<UpdateMetrics> {
    const learning_rate = this.learner.rate(this.steps);
    this.steps++;
    return { learning_rate, ...(await this.moveBeta(batch, this.sequences(batch), {})) };
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
    const { arrays, data } = this.learner.state();
    const coefficients = this.loss.state();
    return { arrays, data: { ...data, steps: this.steps, coefficients, anneal: this.annealState() } };
  }

  async restore(state: PolicyState): Promise<void> {
    const { data } = state;
    this.learner.restore(state);
    this.steps = Number(data.steps);
    this.loss.restore(data.coefficients as CoefficientState);
    this.annealing.restore((data.anneal as ReturnType<typeof this.annealState>).clock);
    const anneal = JSON.stringify(this.annealState());
    if (JSON.stringify(data.anneal) !== anneal) {
      throw new InputError(
        `the checkpoint was made under another β schedule, ${JSON.stringify(data.anneal)}; this recipe's is ${anneal}`,
      );
    }
  }

  async saveMerged(folder: string): Promise<void> {
    const { config, tokenizer } = this.options;
    const weights = this.options.trainable.merged(this.learner.tensors, this.anneal());
    await saveModelFolder(folder, { config, weights, tokenizerFiles: tokenizer.files });
  }

  async dispose(): Promise<void> {
    for (const program of [this.loss, this.valueProgram, this.annealKl, this.programs])
      await program.dispose();
    await this.options.engine.dispose();
  }

  /** Moves β on after a step, and says how far that alone takes the policy on the step's texts. */
  private moveBeta(
    batch: TrainBatch,
    sequences: readonly UnweightedSequences[],
    { grad_norm: gradNorm }: UpdateMetrics,
  ): Promise<UpdateMetrics> {
    const { recipe } = this.options;
    const reward =
      batch.objective === 'rl' ? nanMean(batch.groups.flatMap(({ rewards }) => rewards)) : undefined;
    const size = recipe.optimizer.microBatchSize;
    const own = batch.objective === 'rl' ? textsOf(batch.groups) : sequences;
    const texts = { sequences: own, temperature: trainingTemperature(recipe), size };
    return this.annealing.advance(this.steps, { reward, gradNorm }, (next) =>
      this.annealKl.measure(this.weights(), next, texts),
    );
  }

  private anneal(): Anneal {
    return { step: this.steps, betas: this.annealing.betas(), zeroStep: this.betaZeroStep };
  }

  /** What a checkpoint says of the schedule: its kind, horizon and where it stands. */
  private annealState() {
    const { method, steps, adapter, algorithm } = this.options.recipe;
    const clock = this.annealing.state();
    return { method, steps, annealPer: algorithm.annealPer, ...adapter.schedule, ...this.anneal(), clock };
  }

  private weights(): ModelWeights {
    return this.options.trainable.weights(this.learner.tensors, this.annealing.betas());
  }

  private sequences(batch: TrainBatch): UnweightedSequences[] {
    const { recipe, tokenizer, config } = this.options;
    if (batch.objective === 'rl') return rolloutSequences(batch.groups, recipe.algorithm);
    const endId = tokenizer.eosTokenId ?? config.eosTokenIds[0];
    if (endId === undefined) throw new InputError('the model has no end-of-text token to teach');
    const positions = config.maxPositionEmbeddings;
    return exampleSequences(batch.examples, { tokenizer, endId, positions, ...recipe.sampling });
  }

  private async logprobsUnder(weights: ModelWeights, groups: readonly Group[]): Promise<number[][][]> {
    const { sampling, optimizer } = this.options.recipe;
    const measuring = { programs: this.programs, weights, temperature: sampling.temperature };
    const texts = textsOf(groups);
    const { logprobs } = await measureTokens(texts, { ...measuring, size: optimizer.microBatchSize });
    return rowsByGroup(groups, logprobs);
  }
}
