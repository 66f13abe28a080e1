import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { loadModel } from '../../src/causal-lm/load-model.ts';
import { createEagerEngine } from '../../src/engine/eager/eager-engine.ts';
import { createOnnxEngine } from '../../src/engine/onnx/onnx-engine.ts';
import { InputError } from '../../src/errors.ts';
import { parseRecipe } from '../../src/recipe/recipe.ts';
import { modelFolder, newPath } from './model-folder.ts';
import {
  greatestGap,
  mixed,
  recorded,
  rollOut,
  trainerLogprobs,
  withAdvantages,
  withValueTargets,
} from './rollouts.ts';
import {
  arraysOf,
  openTiny,
  openTinyRecipe,
  type RecipeOverrides,
  type Tiny,
  tinyRecipe,
  trainedOf,
} from './tiny-policy.ts';

/** A model whose rows are whole blocks, so that every matrix of it is rounded. */
const fixture = 'llama-bf16';
const eosTokenIds = [2, ...Array.from({ length: 14 }, (_, i) => 3 + i)];
const sampling = { groupSize: 4, promptsPerStep: 6, maxNewTokens: 12, temperature: 0.7, topP: 0.9 };
/** β of each layer; no model here has more. */
const everywhere = (beta: number): readonly number[] => Array(8).fill(beta);
const dtypes = ['bfloat16', 'q8', 'q4'] as const;
type Dtype = (typeof dtypes)[number];

const open = (baseDtype: Dtype, recipe: RecipeOverrides, betas: () => readonly number[]) =>
  openTiny({
    fixture,
    eosTokenIds,
    recipe: { sampling, ...recipe, runtime: { baseDtype } },
    trained: true,
    betas,
  });

describe.each(dtypes)('a base of %s', (baseDtype) => {
  let now = everywhere(1);
  const opened = open(baseDtype, { method: 'afa-lora' }, () => now);

  test('holds every matrix in its dtype, and the vectors in float32', async () => {
    const { base, policy } = await opened;
    const codes = { bfloat16: 'bfloat16', q8: 'int8', q4: 'uint8' }[baseDtype];
    const held = Object.entries(base).filter(([name]) => !name.endsWith('.scales'));
    const isVector = (name: string) => /norm|bias/.test(name);
    for (const [name, { dtype }] of held) expect(dtype, name).toBe(isVector(name) ? 'float32' : codes);
    const whole = await openTiny({ fixture });
    expect(policy.dimensions.totalParameters).toBe(whole.policy.dimensions.totalParameters);
  });

  test.each([1, 0.5, 0])(
    'the trainer finds the log-probs that the sampler recorded, at β = %d',
    async (beta) => {
      now = everywhere(beta);
      const tiny = await opened;
      const rollouts = await rollOut(tiny);
      expect(greatestGap(recorded(rollouts), await trainerLogprobs(tiny, rollouts))).toBeLessThan(1e-4);
    },
  );

  test('an update changes the adapter, and not a bit of the base', async () => {
    const tiny = await opened;
    const copies = Object.entries(tiny.base).map(([name, { data }]) => [name, data.slice()] as const);
    const before = trainedOf(tiny.policy);
    const rollouts = withAdvantages(await rollOut(tiny), mixed);
    await tiny.policy.update({ objective: 'rl', rollouts });
    const after = trainedOf(tiny.policy);
    for (const name of Object.keys(before))
      expect(greatestGap(before[name]!, after[name]!), name).toBeGreaterThan(0);
    for (const [name, data] of copies) expect(tiny.weights().base[name]!.data, name).toEqual(data);
  });

  test('micro-batches add up to the step of the whole batch', async () => {
    const steps = await Promise.all(
      [64, 5].map(async (microBatchSize) => {
        const optimizer = { lr: 1e-2, microBatchSize, eps: 1e-4, maxGradNorm: 0 };
        const tiny = await open(baseDtype, { optimizer, algorithm: { klCoef: 0.1 } }, () => everywhere(0.5));
        const rollouts = withAdvantages(await rollOut(tiny), mixed).map((rollout) => ({
          ...rollout,
          refLogprobs: rollout.logprobs.map((logprob) => logprob - 0.1),
        }));
        const metrics = await tiny.policy.update({ objective: 'rl', rollouts });
        return { metrics, trained: trainedOf(tiny.policy) };
      }),
    );
    const [whole, parts] = steps as [(typeof steps)[0], (typeof steps)[0]];
    expect(parts.metrics.grad_norm).toBeCloseTo(whole.metrics.grad_norm!, 5);
    for (const [name, data] of Object.entries(whole.trained))
      expect(greatestGap(data, parts.trained[name]!), name).toBeLessThan(1e-5);
  });

  test('merged at β = 0 and read back in float32, the model has the logits that it had unmerged', async () => {
    now = everywhere(0);
    const tiny = await opened;
    const folder = newPath();
    await tiny.policy.saveMerged(folder);
    const merged = await openTinyRecipe(
      parseRecipe(tinyRecipe(folder, { method: 'full', sampling: tiny.recipe.sampling })),
    );
    expect(greatestGap(await logitsOf(merged), await logitsOf(tiny))).toBeLessThan(1e-4);
    const base = await openTiny({ fixture, recipe: { method: 'full' } });
    expect(greatestGap(await logitsOf(merged), await logitsOf(base))).toBeGreaterThan(0.05);
  });

  test('an eager engine computes the same', async () => {
    now = everywhere(0.5);
    const tiny = await opened;
    const rollouts = await rollOut(tiny);
    const eager = await openTiny({
      fixture,
      eosTokenIds,
      recipe: { sampling, method: 'afa-lora', runtime: { baseDtype } },
      betas: () => now,
      open: () => createEagerEngine('cpu'),
    });
    await eager.policy.restore(tiny.policy.state());
    expect(greatestGap(recorded(rollouts), await trainerLogprobs(eager, rollouts))).toBeLessThan(1e-4);
    const batch = { objective: 'rl', rollouts: withAdvantages(rollouts, mixed) } as const;
    const [theirs, ours] = [await eager.policy.update(batch), await tiny.policy.update(batch)];
    expect(ours.grad_norm).toBeCloseTo(theirs.grad_norm!, 4);
  });

  test('a loaded model merges and saves what it computes with', async () => {
    const { recipe } = await opened;
    const folder = newPath();
    const engine = await createOnnxEngine({ threads: 1 });
    const held = await loadModel(recipe.model, { engine, baseDtype });
    await held.save(folder);
    const widened = await loadModel(folder, { engine });
    expect(greatestGap((await widened.logits(batch)).data, (await held.logits(batch)).data)).toBeLessThan(
      1e-4,
    );
    await engine.dispose();
  });
});

const trainings: [name: string, recipe: RecipeOverrides][] = [
  ['grpo with KL and an entropy bonus', { algorithm: { klCoef: 0.1, entropyCoef: 0.05 } }],
  ['ppo', { algorithm: { name: 'ppo', valueCoef: 0.5 } }],
  ['lora', { method: 'lora' }],
];

describe.each(dtypes)(
  'training on a base of %s is training in float32 on the rounded weights',
  (baseDtype) => {
    test.each(trainings)('%s: the same metrics and gradients', async (_, recipe) => {
      const betas = () => everywhere(recipe.method === 'lora' ? 0 : 0.5);
      const held = await open(baseDtype, recipe, betas);
      const rounded = await openTinyRecipe(
        parseRecipe(tinyRecipe(await roundedFolder(held), { sampling, ...recipe })),
        { trained: true, betas },
      );
      const rollouts = withAdvantages(await rollOut(held), mixed);
      const ppo = recipe.algorithm?.name === 'ppo';
      const update = async ({ policy }: Tiny) => {
        const reference = await policy.referenceLogprobs(rollouts);
        const rows = rollouts.map((rollout, b) => ({ ...rollout, refLogprobs: reference[b]! }));
        return policy.update({ objective: 'rl', rollouts: ppo ? withValueTargets(rows) : rows });
      };
      const [ours, theirs] = [await update(held), await update(rounded)];
      for (const name of ['loss', 'grad_norm', 'entropy'])
        expect(ours[name], name).toBeCloseTo(theirs[name]!, 4);
      expect(theirs.grad_norm).toBeGreaterThan(1e-2);
      // The first moment after one step is a tenth of the gradient.
      const gradients = arraysOf(rounded.policy.state(), 'expAvg.');
      for (const [name, gradient] of Object.entries(arraysOf(held.policy.state(), 'expAvg.')))
        expect(greatestGap(gradient, gradients[name]!), name).toBeLessThan(1e-5);
    });
  },
);

const own = (name: string) => fileURLToPath(new URL(`../fixtures/own/models/${name}`, import.meta.url));

// Those families of which a random model with rows of whole blocks is recorded; of Qwen2 with a head of its own.
describe.each(['gemma2-tiny', 'gemma3-tiny', 'qwen2-window', 'smollm3-nope'])(
  '%s on a base of q4',
  (name) => {
    const folder = { fixture: own(name), eosTokenIds, trained: true, betas: () => everywhere(0.5) };
    const recipe = { method: 'afa-lora', sampling } as const;
    const opened = openTiny({ ...folder, recipe: { ...recipe, runtime: { baseDtype: 'q4' } } });

    test('the trainer finds the log-probs that the sampler recorded', async () => {
      const tiny = await opened;
      expect(Object.keys(tiny.base).filter((part) => part.endsWith('.q4')).length).toBeGreaterThan(10);
      const rollouts = await rollOut(tiny);
      expect(greatestGap(recorded(rollouts), await trainerLogprobs(tiny, rollouts))).toBeLessThan(1e-4);
    });

    test('a step is that on the widened weights', async () => {
      const held = await opened;
      const widened = parseRecipe(tinyRecipe(await roundedFolder(held), recipe));
      const rounded = await openTinyRecipe(widened, { trained: true, betas: folder.betas });
      const rollouts = withAdvantages(await rollOut(held), mixed);
      for (const { policy } of [held, rounded]) await policy.update({ objective: 'rl', rollouts });
      const gradients = arraysOf(rounded.policy.state(), 'expAvg.');
      for (const [tensor, gradient] of Object.entries(arraysOf(held.policy.state(), 'expAvg.')))
        expect(greatestGap(gradient, gradients[tensor]!), tensor).toBeLessThan(1e-5);
    });
  },
);

test("method full is refused: it would train what doesn't change", () => {
  const recipe = tinyRecipe(modelFolder({ fixture }), { method: 'full', runtime: { baseDtype: 'q4' } });
  expect(() => parseRecipe(recipe)).toThrow(InputError);
  expect(() => parseRecipe(recipe)).toThrow(/runtime\.baseDtype.*method 'full' trains every weight.*q4/s);
});

const batch = {
  inputIds: [
    [0, 0, 0, 61, 70, 99],
    [80, 65, 64, 2, 118, 77],
  ],
  attentionMask: [
    [0, 0, 0, 1, 1, 1],
    [1, 1, 1, 1, 1, 1],
  ],
};

async function logitsOf({ policy }: Tiny): Promise<Float32Array> {
  return (await policy.logits(batch)).data;
}

/** A folder with the base of a policy, widened to float32. */
async function roundedFolder({ recipe }: Tiny): Promise<string> {
  const folder = newPath();
  const engine = await createOnnxEngine({ threads: 1 });
  const model = await loadModel(recipe.model, { engine, baseDtype: recipe.runtime.baseDtype });
  await model.save(folder);
  await engine.dispose();
  return folder;
}
