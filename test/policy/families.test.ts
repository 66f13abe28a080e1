import { describe, expect, test } from 'vitest';
import { loadWeights } from '../../src/model/weights/load-weights.ts';
import type { TrainBatch } from '../../src/policy/batch/train-batch.ts';
import { parseRecipe } from '../../src/recipe/recipe.ts';
import { nameOf, oneOfEachFamily, readGolden } from '../golden/golden-files.ts';
import { modelFolder, newPath } from './model-folder.ts';
import { greatestGap, mixed, recorded, rollOut, trainerLogprobs, withAdvantages } from './rollouts.ts';
import {
  arraysOf,
  openTiny,
  openTinyRecipe,
  type RecipeOverrides,
  type Tiny,
  tinyRecipe,
  trainedOf,
} from './tiny-policy.ts';
import { requests } from './toy-environment.ts';

// The invariants of training, on a random model of every family. Texts are longer than the recorded windows.

/** Many, so that texts end at different lengths. */
const eosTokenIds = [2, ...Array.from({ length: 14 }, (_, i) => 3 + i)];
const sampling = { groupSize: 4, promptsPerStep: 6, maxNewTokens: 12, temperature: 0.7, topP: 0.9 };

describe.each(oneOfEachFamily.map((folder) => [nameOf(folder), folder] as const))('%s', (_, fixture) => {
  const layers: number = readGolden(fixture, 'config.json').num_hidden_layers;
  const all = (beta: number) => Array<number>(layers).fill(beta);

  test('the trainer finds the log-probs that the sampler recorded, at β = 1, ½ and 0', async () => {
    let beta = 1;
    const tiny = await openTiny({
      fixture,
      recipe: { method: 'afa-lora', sampling },
      eosTokenIds,
      trained: true,
      betas: () => all(beta),
    });
    for (beta of [1, 0.5, 0]) {
      const rollouts = await rollOut(tiny);
      expect(
        Math.max(...rollouts.map(({ promptIds, tokenIds }) => promptIds.length + tokenIds.length)),
      ).toBeGreaterThan(16);
      expect(greatestGap(recorded(rollouts), await trainerLogprobs(tiny, rollouts))).toBeLessThan(1e-4);
    }
  });

  test('two GRPO steps move the adapter and nothing else; merged, it computes the same', async () => {
    const tiny = await openTiny({ fixture, recipe: { method: 'afa-lora', steps: 2, sampling }, eosTokenIds });
    const { policy, trainable, base, config, recipe } = tiny;
    const before = trainedOf(policy);
    const untouched = new Map(Object.entries(base).map(([name, { data }]) => [name, data.slice()]));
    for (let step = 0; step < 2; step++) {
      const metrics = await policy.update({
        objective: 'rl',
        rollouts: withAdvantages(await rollOut(tiny), mixed),
      });
      expect(metrics.grad_norm).toBeGreaterThan(1e-3);
    }
    for (const [name, data] of Object.entries(trainedOf(policy)))
      expect(greatestGap(data, before[name]!), name).toBeGreaterThan(0);
    for (const [name, data] of untouched) expect(greatestGap(base[name]!.data, data), name).toBe(0);

    const folder = newPath();
    await policy.saveMerged(folder);
    const anneal = { step: 2, betas: all(0), zeroStep: 1 };
    const expected = trainable.merged(trainedOf(policy), anneal);
    for (const [name, { data }] of Object.entries(await loadWeights(folder, config)))
      expect(data, name).toEqual(expected(name));
    const merged = await openTinyRecipe(
      parseRecipe({ ...recipe, model: folder, method: 'full', adapter: {} }),
    );
    expect(greatestGap(await logitsOf(merged), await logitsOf(tiny))).toBeLessThan(1e-4);
  });

  test('with all weights training, one step later the sampler has the trainer’s log-probs', async () => {
    const tiny = await openTiny({
      fixture,
      recipe: { method: 'full', optimizer: { lr: 1e-3 }, sampling },
      eosTokenIds,
    });
    const before = trainedOf(tiny.policy);
    await tiny.policy.update({ objective: 'rl', rollouts: withAdvantages(await rollOut(tiny), mixed) });
    // All but embeddings of tokens that no text had: each weight has a part in the loss.
    for (const [name, data] of Object.entries(trainedOf(tiny.policy)))
      expect(greatestGap(data, before[name]!), name).toBeGreaterThan(0);
    const rollouts = await rollOut(tiny, { seed: 12 });
    expect(greatestGap(recorded(rollouts), await trainerLogprobs(tiny, rollouts))).toBeLessThan(1e-4);
  });

  test.each([
    [
      'micro-batches add up to the whole batch',
      'rl',
      { lr: 1e-3, microBatchSize: 64 },
      { lr: 1e-3, microBatchSize: 3 },
    ],
    [
      'examples that share rows have the gradients of rows apart',
      'sft',
      { lr: 1e-3 },
      { lr: 1e-3, packing: 48 },
    ],
  ] as const)('%s', async (_, objective, whole, parts) => {
    const [one, other] = [
      await gradients(fixture, objective, whole),
      await gradients(fixture, objective, parts),
    ];
    for (const [name, gradient] of Object.entries(one)) {
      const size = greatestGap(gradient, new Float32Array(gradient.length));
      expect(size, name).toBeGreaterThan(0);
      expect(greatestGap(other[name]!, gradient) / size, name).toBeLessThan(1e-4);
    }
  });
});

async function logitsOf({ policy }: Tiny): Promise<Float32Array> {
  const inputIds = [Array.from({ length: 20 }, (_, t) => 60 + ((7 * t) % 60))];
  return (await policy.logits({ inputIds, attentionMask: [inputIds[0]!.map(() => 1)] })).data;
}

/** The first step's gradients from one and the same state: after it the first moment is 0.1 times the gradient. */
async function gradients(
  fixture: string,
  objective: 'rl' | 'sft',
  optimizer: NonNullable<RecipeOverrides['optimizer']>,
): Promise<Readonly<Record<string, Float32Array>>> {
  const recipe = parseRecipe(
    tinyRecipe(modelFolder({ fixture, eosTokenIds }), {
      objective,
      method: 'full',
      ...(objective === 'rl' && { sampling }),
      optimizer: { maxGradNorm: 0, ...optimizer },
    }),
  );
  const tiny = await openTinyRecipe(recipe);
  await tiny.policy.update(await batchFor(tiny));
  return arraysOf(tiny.policy.state(), 'expAvg.');
}

async function batchFor(tiny: Tiny): Promise<TrainBatch> {
  const { recipe, policy } = tiny;
  if (recipe.objective === 'rl')
    return { objective: 'rl', rollouts: withAdvantages(await rollOut(tiny), mixed) };
  const { encodeExample } = policy.snapshot();
  const examples = (await requests(recipe.env, 7)).map((each, group) => ({
    ...encodeExample({ ...each, target: recipe.env.target!(each.task) }),
    group,
  }));
  return { objective: 'sft', examples };
}
