import { afterAll } from 'vitest';
import { adapterSpec } from '../../src/adapter/adapter-spec.ts';
import { type BetaSchedule, betaSchedule, noAnnealing } from '../../src/adapter/anneal/beta-schedule.ts';
import { initialiseAdapter } from '../../src/adapter/initialise-adapter.ts';
import type { StoredAdapter } from '../../src/adapter/stored-adapter.ts';
import type { Engine, HostTensor, Named } from '../../src/engine/engine.ts';
import { createOnnxEngine } from '../../src/engine/onnx/onnx-engine.ts';
import type { ModelConfig } from '../../src/model/config/model-config.ts';
import { ModelPrograms, type ModelWeights } from '../../src/model/model-programs.ts';
import { readModelConfig } from '../../src/model/read-config.ts';
import { loadTokenizer } from '../../src/model/tokenizer/tokenizer.ts';
import { loadWeights } from '../../src/model/weights/load-weights.ts';
import { methodOf } from '../../src/policy/method/method-of.ts';
import { startingPoint } from '../../src/policy/method/starting-point.ts';
import type { Trainable, Trained } from '../../src/policy/method/trainable.ts';
import { ModelPolicy } from '../../src/policy/model-policy.ts';
import type { PolicyState } from '../../src/policy/policy.ts';
import { randomStream } from '../../src/random.ts';
import { parseRecipe, type Recipe, type RecipeInput } from '../../src/recipe/recipe.ts';
import { type FolderOptions, modelFolder } from './model-folder.ts';
import { toyEnvironment, toyReward } from './toy-environment.ts';

/** From source a thread takes seconds to start, so most tests compute in their own: ANNEAL_WORKER=on turns that round. */
const IN_THREAD = process.env.ANNEAL_WORKER === 'on';

/** A recipe on a recorded random model; what matters to a test is overridden field by field. */
export function tinyRecipe(model: string, overrides: RecipeOverrides = {}): RecipeInput {
  return {
    name: 'tiny',
    model,
    env: toyEnvironment(),
    rewards: [{ reward: toyReward }],
    steps: 10,
    seed: 3,
    checkpoint: { every: 0 },
    ...overrides,
    adapter: { ...(overrides.method !== 'full' && { rank: 4, alpha: 8 }), ...overrides.adapter },
    sampling: { groupSize: 4, promptsPerStep: 3, maxNewTokens: 8, ...overrides.sampling },
    optimizer: { lr: 1e-2, ...overrides.optimizer },
    eval: { every: 0, tasks: 3, ...overrides.eval },
    runtime: { engine: 'onnx', threads: 1, worker: IN_THREAD, ...overrides.runtime },
  };
}

export type RecipeOverrides = Partial<Omit<RecipeInput, 'model'>>;

export interface TinyOptions extends FolderOptions {
  readonly recipe?: RecipeOverrides;
  /** Start from an adapter whose B is not 0, as if it had been trained. */
  readonly trained?: boolean;
  /** β of each layer at any time, in place of the recipe's schedule. */
  readonly betas?: () => readonly number[];
  /** What computes; onnx on one thread unless said otherwise. */
  readonly open?: () => Promise<Engine>;
}

/** A policy made as `createPolicy` makes it, with its parts within reach. */
export interface Tiny {
  readonly recipe: Recipe;
  readonly config: ModelConfig;
  readonly engine: Engine;
  readonly policy: ModelPolicy;
  readonly trainable: Trainable;
  /** The model's weights as they were loaded. */
  readonly base: Named<HostTensor>;
  /** Programs of their own, besides the policy's. */
  readonly programs: ModelPrograms;
  /** What the trainer computes with now. */
  weights(betas?: readonly number[]): ModelWeights;
}

const engines: Engine[] = [];
afterAll(() => Promise.all(engines.map((engine) => engine.dispose())));

export async function openTiny({
  recipe: overrides,
  trained,
  betas,
  open,
  ...folder
}: TinyOptions = {}): Promise<Tiny> {
  return openTinyRecipe(parseRecipe(tinyRecipe(modelFolder(folder), overrides)), { trained, betas, open });
}

const onnxOnOneThread = () => createOnnxEngine({ threads: 1 });

type PolicyOptions = { readonly [name in 'trained' | 'betas' | 'open']?: TinyOptions[name] | undefined };

export async function openTinyRecipe(
  recipe: Recipe,
  { trained = false, betas, open = onnxOnOneThread }: PolicyOptions = {},
): Promise<Tiny> {
  const read = await readModelConfig(recipe.model);
  const weights = await loadWeights(recipe.model, read, recipe.runtime.baseDtype);
  const start = await startingPoint(recipe, { config: read, weights });
  const { config, weights: base } = start.model;
  const trainable = methodOf(
    recipe,
    trained ? { ...start, continued: trainedAdapter(recipe, config) } : start,
  );
  const { linear, frozen } = trainable;
  const { layers } = config;
  const linearSchedule =
    recipe.method === 'afa-lora' && betaSchedule({ ...recipe.adapter, steps: recipe.steps, layers });
  const schedule: BetaSchedule = betas
    ? { betas, zeroStep: recipe.steps }
    : linearSchedule || noAnnealing(layers);
  const engine = await open();
  engines.push(engine);
  const tokenizer = await loadTokenizer(recipe.model);
  const policy = new ModelPolicy({ engine, config, tokenizer, trainable, schedule, recipe });
  return {
    recipe,
    config,
    engine,
    policy,
    trainable,
    base,
    programs: new ModelPrograms({ engine, config, linear, ...(frozen && { frozen }) }),
    weights: (at = betas?.() ?? Array<number>(layers).fill(policy.beta)) =>
      trainable.weights(trainedOf(policy), at),
  };
}

/** An adapter as if it had been trained. */
function trainedAdapter(recipe: Recipe, config: ModelConfig): StoredAdapter {
  const spec = adapterSpec(recipe, config);
  const tensors = withSomeB(initialiseAdapter(spec, config, recipe.seed));
  return { spec, tensors, weights: {}, baseModel: undefined };
}

/** The adapter with B uniform in ±.3: it moves logits by about as much as the weights' own spread. */
function withSomeB(tensors: Named<HostTensor>): Named<HostTensor> {
  const random = randomStream(1, 'B');
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => {
      if (!name.endsWith('.lora_B.weight')) return [name, tensor];
      const data = Float32Array.from(tensor.data, () => 0.6 * random.next() - 0.3);
      return [name, { ...tensor, data }];
    }),
  );
}

/** The tensors that train, as they are now. */
export const trainedOf = (policy: ModelPolicy): Trained => arraysOf(policy.state(), 'trained.');

/** A policy's arrays of one kind ('trained.', 'expAvg.', 'expAvgSq.') by tensor name. */
export function arraysOf({ arrays }: PolicyState, prefix: string): Trained {
  return Object.fromEntries(
    Object.entries(arrays).flatMap(([name, { data }]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), data as Float32Array]] : [],
    ),
  );
}
