import { beforeAll, describe, expect, test } from 'vitest';
import { placements } from '../../src/adapter/adapter-settings.ts';
import { BETA } from '../../src/adapter/afa-lora.ts';
import { hyperParameters } from '../../src/algorithm/loss/hyper-parameters.ts';
import type { HostTensor, Named } from '../../src/engine/engine.ts';
import type { PackedRows } from '../../src/model/packed-rows.ts';
import { type MicroBatch, microBatches } from '../../src/policy/batch/micro-batches.ts';
import {
  type MicroInputs,
  type MicroResult,
  UpdateProgram,
} from '../../src/policy/programs/update-program.ts';
import type { Rollout } from '../../src/types.ts';
import { greatestGap, mapInGroups, mixed, recorded, rollOut, trainerLogprobs } from './rollouts.ts';
import { openTiny, type RecipeOverrides, type Tiny, trainedOf } from './tiny-policy.ts';

// A value captured while tracing would be frozen into the graph for ever: each of these must change what comes out,
// with no new compilation.

/** A copy in which every number but the zeros has moved, each by another share of itself. */
function nudged(tensor: HostTensor): HostTensor & { readonly data: Float32Array } {
  return {
    ...tensor,
    data: Float32Array.from(tensor.data, (value, i) => value * (1 + 0.1 * Math.sin(i + 1))),
  };
}

const withNudged = (tensors: Named<HostTensor>, name: string): Named<HostTensor> => ({
  ...tensors,
  [name]: nudged(tensors[name]!),
});

const methods: [name: string, recipe: RecipeOverrides][] = [
  ['lora', { method: 'lora' }],
  ['full', { method: 'full' }],
  ...placements.map((placement): (typeof methods)[number] => [
    `afa-lora ${placement}`,
    { method: 'afa-lora', adapter: { placement } },
  ]),
];

describe.each(methods)('the update program of %s', (_, recipe) => {
  let run: (change?: Partial<MicroInputs>) => Promise<MicroResult>;
  let plain: MicroResult;
  let inputs: MicroInputs;
  let names: { readonly trained: string[]; readonly beta: boolean };
  let compilations: () => number;

  beforeAll(async () => {
    const algorithm = { name: 'grpo', klCoef: 0.1, clipEpsilonHigh: 0.3 } as const;
    const tiny = await openTiny({ recipe: { ...recipe, algorithm }, trained: true, betas: () => [0.6, 0.6] });
    const loss = tiny.recipe.algorithm;
    const trained = Object.keys(trainedOf(tiny.policy));
    const program = new UpdateProgram({ ...tiny, trained, objective: 'rl', loss });
    const weights = tiny.weights();
    inputs = {
      model: tiny.programs.inputs(weights, 64),
      batch: trainable(await rollOut(tiny)),
      temperature: 0.9,
      hyper: { ...hyperParameters(loss), tokens: 80, sequences: 12 },
    };
    names = { trained, beta: BETA in weights.adapter };
    run = (change) => program.run({ ...inputs, ...change });
    plain = await run();
    const compiled = tiny.engine.stats().compilations;
    compilations = () => tiny.engine.stats().compilations - compiled;
  });

  const expectOther = async (what: string, change: Partial<MicroInputs>) => {
    const other = await run(change);
    const gaps = Object.entries(plain.gradients).map(([name, g]) => greatestGap(other.gradients[name]!, g));
    expect(Math.max(...gaps), `gradients by ${what}`).toBeGreaterThan(1e-6);
    expect(other.metrics, `metrics by ${what}`).not.toEqual(plain.metrics);
  };

  test('is the same for the same inputs', async () => {
    expect(await run()).toEqual(plain);
  });

  test('depends on every weight of the model and on every tensor that trains', async () => {
    const model = inputs.model;
    const floats = Object.keys(model).filter((name) => model[name]!.dtype === 'float32' && name !== BETA);
    expect(floats).toEqual(expect.arrayContaining(names.trained));
    for (const name of floats) {
      if (!name.startsWith('rope')) await expectOther(name, { model: withNudged(model, name) });
    }
    expect(compilations()).toBe(0);
  });

  test('depends on the β of each layer, where there is one', async () => {
    expect(names.beta).toBe(recipe.method === 'afa-lora');
    for (const layer of names.beta ? [0, 1] : []) {
      const data = Float32Array.of(0.6, 0.6);
      data[layer] = 0.5;
      const model = { ...inputs.model, [BETA]: { ...inputs.model[BETA]!, data } };
      await expectOther(`β of layer ${layer}`, { model });
    }
    expect(compilations()).toBe(0);
  });

  test('depends on each row of numbers of the batch', async () => {
    const { batch } = inputs;
    const rows = Object.keys(batch.rows);
    expect(rows.sort()).toEqual(['advantages', 'lossWeights', 'mask', 'oldLogprobs', 'refLogprobs']);
    for (const name of rows) {
      const other = await run({ batch: { ...batch, rows: withNudged(batch.rows, name) } });
      expect(other, name).not.toEqual(plain);
      if (name !== 'mask') expect(other.gradients, name).not.toEqual(plain.gradients);
    }
    // The first prompt is a single token and has no prefix: the second is the first with one.
    const packed = batch.packed as PackedRows;
    const places = { prefixIds: packed.prefixIds.shape[1]!, prefixLengths: 1, ids: 0, targets: 0 };
    for (const [name, at] of Object.entries(places)) {
      const tensor = packed[name as keyof typeof places];
      const data = Int32Array.from(tensor.data);
      data[at]! -= 1;
      await expectOther(name, { batch: { ...batch, packed: { ...packed, [name]: { ...tensor, data } } } });
    }
    expect(compilations()).toBe(0);
  });

  test('depends on the temperature and on each number of the loss', async () => {
    await expectOther('temperature', { temperature: 1.1 });
    expect(Object.keys(inputs.hyper).sort()).toEqual([
      'clipHigh',
      'clipLow',
      'klCoef',
      'sequences',
      'tokens',
    ]);
    const others = { clipLow: 0.99, clipHigh: 1.01, klCoef: 0.2, tokens: 40 };
    for (const [name, value] of Object.entries(others)) {
      const other = await run({ hyper: { ...inputs.hyper, [name]: value } });
      if (name !== 'klCoef') expect(other.metrics, name).not.toEqual(plain.metrics);
      if (name !== 'tokens') expect(other.gradients, name).not.toEqual(plain.gradients);
    }
    expect(compilations()).toBe(0);
  });
});

/** A micro-batch with every optional input, and ratios other than 1. */
function trainable(rollouts: readonly Rollout[]): MicroBatch {
  const rows = mapInGroups(rollouts, ({ group, promptIds, tokenIds, logprobs }, g) => ({
    group,
    promptIds,
    tokenIds,
    mask: tokenIds.map(() => 1),
    lossWeights: tokenIds.map(() => 1 / 80),
    advantage: mixed(g, group),
    oldLogprobs: logprobs.map((logprob, t) => logprob + 0.15 * Math.sin(5 * t + g)),
    refLogprobs: logprobs.map((logprob, t) => logprob + 0.1 * Math.cos(3 * t + g)),
  }));
  const [only, ...more] = microBatches(rows, { rows: 64 });
  expect(more).toEqual([]);
  return only!;
}

describe.each(methods)('the sampler’s programs of %s', (_, recipe) => {
  test('depend on every tensor that trains and on each layer’s β', async () => {
    let betas = [0.6, 0.6];
    const tiny = await openTiny({ recipe, trained: true, betas: () => betas });
    const { policy } = tiny;
    const start = policy.state();
    const plain = await seen(tiny);
    const compiled = tiny.engine.stats().compilations;
    for (const [name, tensor] of Object.entries(start.arrays)) {
      if (!name.startsWith('trained.')) continue;
      const { data } = nudged({ ...tensor, dtype: 'float32' });
      await policy.restore({
        ...start,
        arrays: { ...start.arrays, [name]: { ...tensor, data: data as Float32Array } },
      });
      expectOther(await seen(tiny), plain, name);
    }
    await policy.restore(start);
    for (const other of [
      [0.5, 0.6],
      [0.6, 0.5],
    ]) {
      if (recipe.method !== 'afa-lora') break;
      betas = other;
      expectOther(await seen(tiny), plain, `β ${other}`);
    }
    expect(tiny.engine.stats().compilations).toBe(compiled);
  });
});

type Seen = Readonly<Record<'prefill' | 'decode' | 'logits' | 'logprobs', unknown>>;

/** Of the last layer the cache holds keys and values only. */
const notInCache = /layers\.1\.(self_attn\.[qo]_proj|mlp|post_attention_layernorm)|model\.norm/;

function expectOther(other: Seen, plain: Seen, what: string): void {
  for (const [program, out] of Object.entries(other)) {
    if (program === 'prefill' && notInCache.test(what)) expect(out).toEqual(plain.prefill);
    else expect(out, `${program} by ${what}`).not.toEqual(plain[program as keyof Seen]);
  }
}

/** What the sampler's programs make of a fixed prompt, and what the trainer's make of its greedy completion. */
async function seen(tiny: Tiny): Promise<Seen> {
  const { policy, programs, weights } = tiny;
  const prompt = [70, 71, 72, 73];
  const ids: HostTensor = { data: Int32Array.from(prompt), shape: [1, 4], dtype: 'int32' };
  const lengths: HostTensor = { data: Int32Array.of(4), shape: [1], dtype: 'int32' };
  const rollouts = await rollOut(tiny, { prompts: 1, groupSize: 1, temperature: 0, maxNewTokens: 4 });
  return {
    prefill: await programs.decoding(weights()).prefill(ids, lengths),
    decode: recorded(rollouts),
    logits: (await policy.logits({ inputIds: [prompt], attentionMask: [[1, 1, 1, 1]] })).data,
    logprobs: await trainerLogprobs(tiny, rollouts),
  };
}
