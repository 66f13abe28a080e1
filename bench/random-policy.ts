import { betaSchedule, noAnnealing } from '../src/adapter/anneal/beta-schedule.ts';
import { openEngine } from '../src/engine/select/select-engine.ts';
import type { ModelConfig } from '../src/model/config/model-config.ts';
import type { Tokenizer } from '../src/model/tokenizer/tokenizer.ts';
import { methodOf } from '../src/policy/method/method-of.ts';
import { ModelPolicy } from '../src/policy/model-policy.ts';
import { applyOverrides } from '../src/recipe/apply-overrides.ts';
import { parseRecipe, type Recipe, type RecipeInput } from '../src/recipe/recipe.ts';
import { bytesOf, configOf, noiseFrom, randomWeights, type Shape } from './random-model.ts';

/** A policy of random weights, as a run would make it. */
export interface RandomPolicy {
  readonly policy: ModelPolicy;
  readonly recipe: Recipe;
  readonly config: ModelConfig;
  /** Bytes of the base's weights. */
  readonly weightBytes: number;
}

/** A recipe for benchmarks: rank 16 on all linear layers. `set` holds overrides as `--set` takes them. */
export function benchRecipe(fields: Partial<RecipeInput>, set: readonly string[] = []): Recipe {
  const input = {
    name: 'bench',
    model: 'bench',
    method: 'lora',
    adapter: { rank: 16, alpha: 32 },
    env: { name: 'none', tasks: async function* () {}, prompt: () => [] },
    rewards: [{ reward: () => [] }],
    steps: 1000,
    ...fields,
    optimizer: { lr: 1e-4, ...fields.optimizer },
  } as RecipeInput;
  return parseRecipe(applyOverrides(input, set));
}

/** Makes the policy of a recipe on random weights, in the dtype and on the engine that its `runtime` names. */
export async function randomPolicy(shape: Shape, recipe: Recipe): Promise<RandomPolicy> {
  const config = configOf(shape);
  const weights = randomWeights(config, recipe.runtime.baseDtype);
  const { layers } = config;
  const policy = new ModelPolicy({
    engine: await openEngine(recipe.runtime),
    config,
    tokenizer: randomTokenizer(config.vocabSize),
    trainable: methodOf(recipe, { model: { config, weights } }),
    schedule:
      recipe.method === 'afa-lora'
        ? betaSchedule({ ...recipe.adapter, steps: recipe.steps, layers })
        : noAnnealing(layers),
    recipe,
  });
  return { policy, recipe, config, weightBytes: bytesOf(weights) };
}

/** The text of a prompt that `randomTokenizer` makes into so many random ids. */
export const promptOfLength = (tokens: number, seed: number): string => `${tokens} ${seed}`;

/** A tokenizer for the texts of `promptOfLength`. Ids have no text. */
function randomTokenizer(vocabSize: number): Tokenizer {
  const encode = (text: string): number[] => {
    const [tokens = 1, seed = 0] = text.split(' ').map(Number);
    const next = noiseFrom(seed);
    return Array.from({ length: tokens }, () => Math.floor((next() * 0.5 + 0.5) * vocabSize));
  };
  const textOf = (messages: readonly { readonly content: string }[]) => messages.at(-1)!.content;
  const tokenizer = {
    vocabSize,
    eosTokenId: undefined,
    hasChatTemplate: false,
    files: {},
    encode,
    decode: () => '',
    tokenId: () => undefined,
    applyChatTemplate: textOf,
    encodeChat: (messages: readonly { readonly content: string }[]) => encode(textOf(messages)),
    turnEnd: () => [],
    withTemplate: () => tokenizer,
  };
  return tokenizer as unknown as Tokenizer;
}
