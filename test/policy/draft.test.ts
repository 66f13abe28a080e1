import { afterAll, describe, expect, test } from 'vitest';
import { loadModel } from '../../src/causal-lm/load-model.ts';
import { modelDrafted } from '../../src/evaluation/draft/model-drafted.ts';
import { readModelConfig } from '../../src/model/read-config.ts';
import { createPolicy } from '../../src/policy/create-policy.ts';
import type { ModelPolicy } from '../../src/policy/model-policy.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { parseRecipe } from '../../src/recipe/recipe.ts';
import { playEpisodes } from '../../src/rollout/episodes/play-episodes.ts';
import type { Rollout } from '../../src/types.ts';
import { modelFolder, newPath } from './model-folder.ts';
import { greatestGap } from './rollouts.ts';
import { arraysOf, type RecipeOverrides, tinyRecipe } from './tiny-policy.ts';
import { requests } from './toy-environment.ts';

const opened: Policy[] = [];
afterAll(() => Promise.all(opened.map((policy) => policy.dispose())));

const model = modelFolder({ eosTokenIds: [2, 3, 4, 5, 6] });

async function open(overrides: RecipeOverrides = {}, of = model) {
  const recipe = parseRecipe(
    tinyRecipe(of, {
      objective: 'draft',
      draft: { layers: 1 },
      ...overrides,
      sampling: { temperature: 0.8, ...overrides.sampling },
    }),
  );
  const policy = (await createPolicy(recipe)) as ModelPolicy;
  opened.push(policy);
  return { policy, recipe };
}

type Opened = Awaited<ReturnType<typeof open>>;

async function textsOf({ policy, recipe }: Opened, prompts = 3): Promise<readonly Rollout[]> {
  const asked = await requests(recipe.env, prompts);
  return playEpisodes(policy.target!, recipe.env, asked, { ...recipe.sampling, seed: 11 });
}

const update = (policy: Policy, rollouts: readonly Rollout[]) =>
  policy.update({ objective: 'draft', rollouts });

const trainedOf = (policy: ModelPolicy) => arraysOf(policy.state(), 'trained.');

describe.each(['lora', 'afa-lora', 'full'] as const)('a draft by %s', (method) => {
  test('changes with an update, and its target does not', async () => {
    const draft = await open({ method });
    const texts = await textsOf(draft);
    const before = trainedOf(draft.policy);
    const metrics = await update(draft.policy, texts);
    expect(metrics).toMatchObject({ skipped: 0 });
    expect(metrics['draft/divergence']).toBeGreaterThan(0);
    const after = trainedOf(draft.policy);
    const changed = Object.keys(before).filter((name) => greatestGap(before[name]!, after[name]!) > 0);
    const trains = (name: string) => method === 'full' || name.includes('lora_B');
    expect(changed).toEqual(Object.keys(before).filter(trains));
    expect(Object.keys(before).filter((name) => /layers\.[1-9]/.test(name))).toEqual([]);
    expect(await textsOf(draft)).toEqual(texts);
  });

  test('learns the same from a whole batch and from its micro-batches', async () => {
    const whole = await open({ method });
    const parts = await open({ method, optimizer: { lr: 1e-2, microBatchSize: 3 } });
    const texts = await textsOf(whole);
    const [ours, theirs] = [await update(whole.policy, texts), await update(parts.policy, texts)];
    for (const name of ['loss', 'grad_norm', 'draft/divergence', 'draft/acceptance_rate'])
      expect(theirs[name], name).toBeCloseTo(ours[name]!, 5);
  });

  test('gets nearer to its target', async () => {
    const draft = await open({ method });
    const texts = await textsOf(draft);
    const first = await update(draft.policy, texts);
    for (let step = 0; step < 8; step++) await update(draft.policy, texts);
    const last = await update(draft.policy, texts);
    expect(last['draft/divergence']!).toBeLessThan(0.8 * first['draft/divergence']!);
    expect(last['draft/acceptance_rate']!).toBeGreaterThan(first['draft/acceptance_rate']!);
  });

  test('merged at β = 0 and read back, is the draft that was trained: a model of one layer', async () => {
    const annealing = method === 'afa-lora' ? { adapter: { schedule: { fraction: 0.1 } } } : {};
    const draft = await open({ method, ...annealing, steps: 2 });
    const texts = await textsOf(draft);
    for (let step = 0; step < 2; step++) await update(draft.policy, texts);
    const folder = newPath();
    await draft.policy.saveMerged(folder);
    expect((await readModelConfig(folder)).layers).toBe(1);
    const [merged, target] = [await loadModel(folder), await loadModel(model)];
    try {
      const snapshot = draft.policy.snapshot();
      const measured = await snapshot.acceptance!(texts);
      const again = await modelDrafted(merged, target, draft.recipe).acceptance(texts);
      for (const [b, { acceptance, logRatio }] of again.entries()) {
        expect(measured[b]!.acceptance).toHaveLength(texts[b]!.tokenIds.length);
        expect(greatestGap(Float32Array.from(measured[b]!.acceptance), acceptance)).toBeLessThan(1e-4);
        expect(greatestGap(Float32Array.from(measured[b]!.logRatio), logRatio)).toBeLessThan(1e-4);
      }
    } finally {
      await merged.dispose();
      await target.dispose();
    }
  });
});

test.each([
  ['forward', 'float32'],
  ['reverse', 'float32'],
  ['tv', 'float32'],
  ['forward', 'q8'],
] as const)('the loss %s is that of the two models’ logits, on a base in %s', async (loss, baseDtype) => {
  const name = baseDtype === 'q8' ? modelFolder({ fixture: 'llama-bf16', eosTokenIds: [2, 3, 4] }) : model;
  const overrides = { method: 'lora', draft: { layers: 1, loss }, runtime: { baseDtype } } as const;
  const draft = await open(overrides, name);
  const texts = await textsOf(draft);
  const metrics = await update((await open(overrides, name)).policy, texts);
  const target = await loadModel(name, { baseDtype });
  try {
    let [sum, tokens] = [0, 0];
    for (const { promptIds, tokenIds } of texts) {
      const inputIds = [[...promptIds, ...tokenIds]];
      const columns = tokenIds.map((_, t) => promptIds.length + t - 1);
      const batch = { inputIds, attentionMask: [inputIds[0]!.map(() => 1)], columns };
      const [p, q] = [await target.logits(batch), await draft.policy.logits(batch)];
      for (let t = 0; t < tokenIds.length; t++) sum += divergence(loss, rowOf(p, t), rowOf(q, t));
      tokens += tokenIds.length;
    }
    expect(metrics['draft/divergence']).toBeCloseTo(sum / tokens, 4);
  } finally {
    await target.dispose();
  }
});

const rowOf = ({ data, shape }: { data: Float32Array; shape: readonly number[] }, t: number): number[] => {
  const row = Array.from(data.subarray(t * shape[2]!, (t + 1) * shape[2]!), (z) => Math.exp(z / 0.8));
  const total = row.reduce((a, b) => a + b, 0);
  return row.map((weight) => weight / total);
};

function divergence(loss: 'forward' | 'reverse' | 'tv', p: readonly number[], q: readonly number[]): number {
  const kl = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, each, v) => sum + each * Math.log(each / b[v]!), 0);
  if (loss === 'forward') return kl(p, q);
  if (loss === 'reverse') return kl(q, p);
  return p.reduce((sum, each, v) => sum + Math.abs(each - q[v]!), 0) / 2;
}

describe('a draft that is another model', () => {
  test('trains on the target’s texts', async () => {
    const draft = await open({ draft: { model: modelFolder({ eosTokenIds: [2, 3, 4, 5, 6] }) }, seed: 4 });
    const metrics = await update(draft.policy, await textsOf(draft));
    // The same weights: nothing is left to learn.
    expect(metrics['draft/divergence']).toBeCloseTo(0, 5);
    expect(metrics['draft/acceptance_rate']).toBeCloseTo(1, 5);
  });

  test('of another vocabulary is refused, with what differs', async () => {
    const other = modelFolder({ fixture: 'mistral-window' });
    await expect(open({ draft: { model: other } })).rejects.toThrow(
      /can't draft for .*: its vocabulary has 150 tokens, the target's has 160; a draft needs its target's tokenizer/,
    );
    const renamed = modelFolder({ eosTokenIds: [9] });
    await expect(open({ draft: { model: renamed } })).rejects.toThrow(
      /its token 2 is "丂", the target's is "<end>"/,
    );
  });
});

test('a draft with as many layers as its target is refused', async () => {
  await expect(open({ draft: { layers: 2 } })).rejects.toThrow(
    /draft.layers is 2, and the target .* has 2 layers: a draft needs fewer/,
  );
});

test.each([
  [{ draft: { loss: 'tv' } }, /needs either draft.layers .* or draft.model/],
  [{ draft: { layers: 1, model: 'x' } }, /needs either draft.layers .* or draft.model/],
  [{ draft: { layers: 1 }, algorithm: { klCoef: 0.1 } }, /algorithm.klCoef: is about rewarded completions/],
  [{ draft: { layers: 1 }, eval: { accuracy: 'acc' } }, /eval.accuracy: .*it is the acceptance rate/],
  [{ objective: 'rl', draft: { layers: 1 } }, /draft.layers: is for objective 'draft'/],
] as const)('a recipe with %o is refused', (overrides, message) => {
  const recipe = tinyRecipe(model, { objective: 'draft', ...(overrides as RecipeOverrides) });
  expect(() => parseRecipe(recipe)).toThrow(message);
});
