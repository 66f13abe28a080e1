import type { StoredAdapter } from '../adapter/stored-adapter.ts';
import type { Coefficients } from '../algorithm/coefficients.ts';
import type { SaveOptions } from '../model/save/save-model.ts';
import type { TokenBatch } from '../model/token-logits.ts';
import type { TrainBatch } from '../policy/batch/train-batch.ts';
import type { Policy, PolicyState, UpdateMetrics } from '../policy/policy.ts';
import type { Recipe } from '../recipe/recipe.ts';
import type { SampleOptions, SampleRequest } from '../rollout/sampler.ts';
import type { ScoreOptions, ScoreRequest } from '../rollout/text-scorer.ts';
import type { TokenAcceptance } from '../rollout/token-acceptance.ts';
import type { Completion, Rollout } from '../types.ts';

/** Where a policy stands; it moves with each step. */
export type Standing = Pick<Policy, 'version' | 'beta' | 'betaZeroStep'>;

/** What is known of a policy as soon as it is made. */
export interface Opened {
  readonly standing: Standing;
  readonly dimensions: Policy['dimensions'];
  readonly notes: readonly string[];
  /** Which of the optional parts it has. */
  readonly has: { readonly [part in 'adapter' | 'saveAdapter' | 'saveBase' | 'target']: boolean };
}

/** The numbers of a step, and where it took the policy. */
export interface Stepped {
  readonly metrics: UpdateMetrics;
  readonly standing: Standing;
}

type Rows = readonly (readonly number[])[];

/**
 * What a thread that holds a policy is asked for. The methods of a snapshot begin with its number, which the caller
 * gives. Rollouts and requests come without their tasks' content, which only the program's own code reads.
 */
export interface PolicyCalls {
  /** Makes the policy. `commits` are what the program takes names on the hub for. */
  open(recipe: Recipe, commits: readonly (readonly [string, string])[]): Opened;
  /** Keeps the weights as they are after `version` steps, as snapshot `number`. */
  snapshot(number: number, version: number): void;
  release(number: number): void;
  sample(number: number, requests: readonly SampleRequest[], options: SampleOptions): readonly Rollout[];
  extend(number: number, texts: Rows, options: SampleOptions): readonly Completion[];
  values(number: number, rollouts: readonly Rollout[]): Rows;
  scoreTexts(number: number, requests: readonly ScoreRequest[], options: ScoreOptions): readonly Rows[];
  acceptance(number: number, rollouts: readonly Rollout[]): readonly TokenAcceptance[];
  sampleTarget(requests: readonly SampleRequest[], options: SampleOptions): readonly Rollout[];
  extendTarget(texts: Rows, options: SampleOptions): readonly Completion[];
  update(batch: TrainBatch, coefficients: Coefficients | undefined): Stepped;
  skip(batch: TrainBatch): Stepped;
  referenceLogprobs(rollouts: readonly Rollout[]): Rows;
  logprobs(rollouts: readonly Rollout[]): Rows;
  logits(batch: TokenBatch): { readonly data: Float32Array; readonly shape: readonly number[] };
  state(): PolicyState;
  restore(state: PolicyState): Standing;
  adapter(): StoredAdapter;
  saveAdapter(folder: string, base: string | undefined): readonly string[];
  saveBase(folder: string): void;
  saveMerged(out: string, options: SaveOptions | undefined): void;
  dispose(): void;
}
