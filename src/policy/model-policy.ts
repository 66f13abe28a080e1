import { Annealing } from '../adapter/anneal/annealing.ts';
import type { BetaSchedule } from '../adapter/anneal/beta-schedule.ts';
import { writeAdapterFolder } from '../adapter/peft/write-adapter-folder.ts';
import type { StoredAdapter } from '../adapter/stored-adapter.ts';
import { stepsPerBatch } from '../algorithm/algorithm-settings.ts';
import type { Coefficients } from '../algorithm/coefficients.ts';
import { nanMean } from '../algorithm/statistics/nan-statistics.ts';
import type { Engine } from '../engine/engine.ts';
import { InputError } from '../errors.ts';
import { continuationLogprobs } from '../model/batching/continuation-logprobs.ts';
import { KeptKeys } from '../model/cache/kept-keys.ts';
import type { ModelConfig } from '../model/config/model-config.ts';
import { endTokenIds, endTokensDiffer, turnEndIds } from '../model/end-tokens.ts';
import { ModelPrograms, type ModelWeights } from '../model/model-programs.ts';
import { type SaveOptions, saveModel } from '../model/save/save-model.ts';
import { batchLogits, type TokenBatch } from '../model/token-logits.ts';
import type { Tokenizer } from '../model/tokenizer/tokenizer.ts';
import { parameterCount } from '../model/weights/base-weights.ts';
import { heldWeights, type ReadWeight } from '../model/weights/read-weight.ts';
import { randomStream } from '../random.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { completions, sampleRollouts } from '../rollout/sample-rollouts.ts';
import type { SampleRequest, Sampler } from '../rollout/sampler.ts';
import type { SeenPrompt } from '../rollout/seen-prompt.ts';
import { scoredSequences } from '../rollout/text-scorer.ts';
import type { Rollout } from '../types.ts';
import { limitsOf } from './batch/micro-batches.ts';
import { sampleTexts } from './batch/sample-texts.ts';
import type { TrainBatch } from './batch/train-batch.ts';
import { textsOf, trainRows } from './batch/train-rows.ts';
import type { DraftedModel } from './draft/draft-target.ts';
import { Drafting } from './draft/drafting.ts';
import { Learner } from './learner.ts';
import type { Anneal, Trainable } from './method/trainable.ts';
import { OptimiserStep, trainingTemperature } from './optimiser-step.ts';
import type { Policy, PolicyDimensions, PolicySnapshot, PolicyState, UpdateMetrics } from './policy.ts';
import { type PolicyTexts, policyTexts } from './policy-texts.ts';
import { AnnealKl } from './programs/anneal-kl.ts';
import { measureTokens } from './programs/measure-tokens.ts';
import { ValueProgram } from './programs/measure-values.ts';

export interface ModelPolicyOptions {
  readonly engine: Engine;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  readonly trainable: Trainable;
  readonly schedule: BetaSchedule;
  readonly recipe: Recipe;
  /** Folder or file of the model, from which a saved model gets its tokenizer's files. */
  readonly source?: string;
  /** Of objective draft: the frozen model that it drafts for. */
  readonly target?: DraftedModel;
  /** What a person should know about what it starts from. */
  readonly notes?: readonly string[];
}

/** The adapter for a base model of its own, which has what was under the adapter and the weights that it replaces. */
function exported(adapter: StoredAdapter, base: string | undefined): StoredAdapter {
  if (base === undefined) return adapter;
  const { under: _, ...own } = adapter;
  return { ...own, weights: {}, baseModel: base };
}

/** A policy made of a model, the tensors that a method trains, AdamW and the β schedule. */
export class ModelPolicy implements Policy {
  readonly adapter?: () => StoredAdapter;
  readonly saveAdapter?: NonNullable<Policy['saveAdapter']>;
  readonly saveBase?: NonNullable<Policy['saveBase']>;
  readonly target?: Sampler;
  private steps = 0;
  /** Without the tensors as they start: those of method full are as large as the model. */
  private readonly options: Omit<ModelPolicyOptions, 'trainable'>;
  private readonly trainable: Omit<Trainable, 'initial'>;
  private readonly texts: PolicyTexts;
  private readonly learner: Learner;
  private readonly programs: ModelPrograms;
  private readonly step: OptimiserStep;
  private readonly valueProgram: ValueProgram;
  private readonly annealKl: AnnealKl;
  private readonly drafting: Drafting | undefined;
  private readonly annealing: Annealing;

  constructor(options: ModelPolicyOptions) {
    const { trainable, ...others } = options;
    const { engine, config, recipe } = others;
    const { initial, ...method } = trainable;
    this.options = others;
    this.trainable = method;
    const { linear, frozen, adapter, exportBase } = method;
    if (adapter) {
      const stored = () => adapter(this.learner.tensors, this.anneal());
      this.adapter = stored;
      this.saveAdapter = (to, base) => writeAdapterFolder(to, exported(stored(), base), config);
    }
    if (exportBase) this.saveBase = (to) => this.saveModel(to, heldWeights(exportBase));
    this.texts = policyTexts((options.target ?? options).config, options.tokenizer, recipe);
    this.learner = new Learner(initial, recipe);
    this.programs = new ModelPrograms({ engine, config, linear, ...(frozen && { frozen }) });
    const shared = { engine, programs: this.programs };
    this.drafting =
      others.target && new Drafting({ ...shared, target: others.target, ...options, texts: this.texts });
    if (this.drafting) this.target = this.drafting.sampler;
    const { target } = this.drafting ?? {};
    this.step = new OptimiserStep({ ...shared, recipe, learner: this.learner, target });
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
    const trained = Object.values(this.learner.tensors);
    const trainableParameters = trained.reduce((sum, { length }) => sum + length, 0);
    const frozen = parameterCount({
      ...this.drafting?.weightsBeside(this.trainable.frozen),
      ...this.trainable.frozen,
    });
    return {
      trainableParameters,
      totalParameters: frozen + trainableParameters,
      ...this.options.config,
    };
  }

  get notes(): readonly string[] {
    const differ = endTokensDiffer(this.options.config, this.options.tokenizer);
    return [...(differ === undefined ? [] : [differ]), ...(this.options.notes ?? [])];
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
    const { maxPositions: positions, between, encodeExample, encodeTurns } = this.texts;
    const encoding = { tokenizer, endIds: turnEndIds(config, tokenizer), positions };
    const kept = new KeptKeys();
    const sampler = { model, tokenizer, kept, eosTokenIds: endTokenIds(config, tokenizer), version, beta };
    return {
      version,
      beta,
      maxPositions: positions,
      release: () => kept.clear(),
      sample: (requests, options) => sampleRollouts(sampler, requests, options),
      extend: async (texts, options) =>
        (await completions(sampler, texts, { ...options, groupSize: 1 })).flat(),
      between,
      values: (rollouts, signal) =>
        this.valueProgram.measure(weights, rollouts, { ...limitsOf(recipe.optimizer), signal }),
      encodeExample,
      encodeTurns,
      ...(this.drafting && { acceptance: this.drafting.acceptanceUnder(weights) }),
      scoreTexts: (requests, options) => {
        const sequences = scoredSequences(requests, options, encoding);
        const limits = { rows: options.size, tokens: recipe.optimizer.microBatchTokens };
        return continuationLogprobs(this.programs, weights, { sequences, limits, signal: options.signal });
      },
    };
  }

  async update(batch: TrainBatch, coefficients?: Coefficients, signal?: AbortSignal): Promise<UpdateMetrics> {
    const weights = this.weights();
    const taken = await this.step.take(batch, { weights, step: this.steps, coefficients, signal });
    this.steps++;
    const moved = await this.moveBeta(batch, taken);
    return { ...taken, ...moved, compilations: this.options.engine.stats().compilations };
  }

  async skip(batch: TrainBatch): Promise<UpdateMetrics> {
    const learning_rate = this.learner.rate(this.steps);
    this.steps++;
    return { learning_rate, ...(await this.moveBeta(batch, {})) };
  }

  tokenTexts(ids: readonly number[]): readonly string[] {
    return this.texts.tokenTexts(ids);
  }

  referenceLogprobs(rollouts: readonly Rollout[], signal?: AbortSignal): Promise<number[][]> {
    const reference = this.trainable.reference?.();
    if (reference === undefined) throw new Error('the recipe has klCoef 0, so no reference policy is kept');
    return this.logprobsUnder(reference, rollouts, signal);
  }

  logprobs(rollouts: readonly Rollout[], signal?: AbortSignal): Promise<number[][]> {
    return this.logprobsUnder(this.weights(), rollouts, signal);
  }

  logits(batch: TokenBatch) {
    return batchLogits(this.programs, this.weights(), batch);
  }

  seenPrompt(request: SampleRequest): SeenPrompt {
    return this.texts.seenPrompt(request);
  }

  usesPrompt(request: SampleRequest): boolean {
    return this.texts.usesPrompt(request);
  }

  state(): PolicyState {
    const { arrays, data } = this.learner.state();
    return { arrays, data: { ...data, steps: this.steps, anneal: this.annealState() } };
  }

  async restore(state: PolicyState): Promise<void> {
    const { data } = state;
    this.learner.restore(state);
    this.steps = Number(data.steps);
    this.annealing.restore((data.anneal as ReturnType<typeof this.annealState>).clock);
    const anneal = JSON.stringify(this.annealState());
    if (JSON.stringify(data.anneal) !== anneal) {
      throw new InputError(
        `the checkpoint was made under another β schedule, ${JSON.stringify(data.anneal)}; this recipe's is ${anneal}`,
      );
    }
  }

  async saveMerged(out: string, options?: SaveOptions): Promise<void> {
    await this.saveModel(out, this.trainable.merged(this.learner.tensors, this.anneal()), options);
  }

  async dispose(): Promise<void> {
    for (const program of [this.step, this.valueProgram, this.annealKl, this.drafting, this.programs])
      await program?.dispose();
    await this.options.engine.dispose();
  }

  private async saveModel(out: string, readWeight: ReadWeight, options?: SaveOptions): Promise<void> {
    const { config, tokenizer, source } = this.options;
    await saveModel(out, { config, readWeight, tokenizerFiles: tokenizer.files, source }, options);
  }

  /** Moves β on after a step, and measures how far that move alone takes the policy on the step's texts (anneal_kl). */
  private moveBeta(batch: TrainBatch, { grad_norm: gradNorm }: UpdateMetrics): Promise<UpdateMetrics> {
    const { recipe } = this.options;
    const isRl = batch.objective === 'rl';
    const reward = isRl ? nanMean(batch.rollouts.map((rollout) => rollout.reward)) : undefined;
    const measured = () => {
      const sampled = batch.objective !== 'sft';
      const texts = sampled ? textsOf(batch.rollouts) : trainRows(batch, recipe.algorithm);
      const random = randomStream(recipe.seed, `anneal_kl of step ${this.steps}`);
      return {
        texts: sampleTexts(texts, { tokens: recipe.metrics.annealKlTokens, random }),
        temperature: trainingTemperature(recipe),
        limits: limitsOf(recipe.optimizer),
      };
    };
    return this.annealing.advance(this.steps, { reward, gradNorm }, (next) =>
      this.annealKl.measure(this.weights(), next, measured()),
    );
  }

  private anneal(): Anneal {
    return { step: this.steps, betas: this.annealing.betas(), zeroStep: this.betaZeroStep };
  }

  /** The schedule as a checkpoint holds it: its kind, its horizon and where it stands. */
  private annealState() {
    const { method, steps, adapter, algorithm } = this.options.recipe;
    const clock = this.annealing.state();
    return { method, steps, annealPer: algorithm.annealPer, ...adapter.schedule, ...this.anneal(), clock };
  }

  private weights(): ModelWeights {
    return this.trainable.weights(this.learner.tensors, this.annealing.betas());
  }

  private async logprobsUnder(
    weights: ModelWeights,
    rollouts: readonly Rollout[],
    signal: AbortSignal | undefined,
  ): Promise<number[][]> {
    const { sampling, optimizer } = this.options.recipe;
    const { logprobs } = await measureTokens(rollouts, {
      programs: this.programs,
      weights,
      temperature: sampling.temperature,
      limits: limitsOf(optimizer),
      signal,
    });
    return logprobs.map((row) => Array.from(row));
  }
}
