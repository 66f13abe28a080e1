import type { Engine, HostTensor, Named } from '../../engine/engine.ts';
import { KeptKeys } from '../../model/cache/kept-keys.ts';
import { endTokenIds } from '../../model/end-tokens.ts';
import type { ModelPrograms, ModelWeights } from '../../model/model-programs.ts';
import type { Tokenizer } from '../../model/tokenizer/tokenizer.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { completions, sampleRollouts } from '../../rollout/sample-rollouts.ts';
import type { Sampler } from '../../rollout/sampler.ts';
import type { Rollout } from '../../types.ts';
import { limitsOf } from '../batch/micro-batches.ts';
import { textsOf } from '../batch/train-rows.ts';
import { type DraftedModel, DraftTarget } from './draft-target.ts';
import { AcceptanceProgram } from './measure-acceptance.ts';

export interface DraftingOptions {
  readonly engine: Engine;
  /** The draft's. */
  readonly programs: ModelPrograms;
  readonly target: DraftedModel;
  readonly tokenizer: Tokenizer;
  readonly recipe: Recipe;
  readonly texts: Pick<Sampler, 'between' | 'maxPositions'>;
}

/** What a policy that drafts has besides: its target, to sample from and to be measured by. */
export class Drafting {
  readonly target: DraftTarget;
  /** The target as a sampler. It never changes: its version is 0. */
  readonly sampler: Sampler;
  private readonly program: AcceptanceProgram;
  private readonly options: DraftingOptions;

  constructor(options: DraftingOptions) {
    const { engine, programs, target } = options;
    this.options = options;
    this.target = new DraftTarget({ engine, ...target });
    this.program = new AcceptanceProgram({ engine, programs }, this.target);
    this.sampler = this.makeSampler();
  }

  /** Measures the draft with these weights in rollouts of the target. */
  acceptanceUnder(weights: ModelWeights) {
    const { sampling, optimizer } = this.options.recipe;
    const how = { temperature: sampling.temperature, limits: limitsOf(optimizer) };
    return (rollouts: readonly Rollout[], signal?: AbortSignal) =>
      this.program.measure(weights, { texts: textsOf(rollouts), ...how, signal });
  }

  /** The target's weights that are not among some others. */
  weightsBeside(others: Named<HostTensor> = {}): Named<HostTensor> {
    const held = new Set(Object.values(others).map(({ data }) => data));
    const own = Object.entries(this.options.target.weights);
    return Object.fromEntries(
      own.filter(([, { data }]) => !held.has(data)).map(([name, tensor]) => [`target.${name}`, tensor]),
    );
  }

  async dispose(): Promise<void> {
    await this.program.dispose();
    await this.target.dispose();
  }

  private makeSampler(): Sampler {
    const { target, tokenizer, texts } = this.options;
    const eosTokenIds = endTokenIds(target.config, tokenizer);
    const model = this.target.decoding();
    const kept = new KeptKeys();
    const sampler = { model, tokenizer, kept, eosTokenIds, version: 0, beta: 0 };
    return {
      maxPositions: texts.maxPositions,
      between: texts.between,
      sample: (requests, options) => sampleRollouts(sampler, requests, options),
      extend: async (given, options) =>
        (await completions(sampler, given, { ...options, groupSize: 1 })).flat(),
    };
  }
}
