import { describe, expect, test } from 'vitest';
import { createOnnxEngine } from '../../src/engine/onnx/onnx-engine.ts';
import { letter } from './model-folder.ts';
import { greatestGap, mixed, recorded, rollOut, trainerLogprobs, withAdvantages } from './rollouts.ts';
import { arraysOf, openTiny, trainedOf } from './tiny-policy.ts';
import { userMessage } from './toy-environment.ts';

describe.each([
  ['tied embeddings', 'llama-tied'],
  ['tied embeddings and biases', 'llama-bf16'],
  ['a head of its own', 'llama-sharded'],
])('full fine-tuning of a model with %s', (_, fixture) => {
  test('changes every weight, and sampler and trainer both compute with the new ones', async () => {
    const tiny = await openTiny({ fixture, recipe: { method: 'full', optimizer: { lr: 1e-2 } } });
    const { policy, base } = tiny;
    const before = await rollOut(tiny);
    await policy.update({ objective: 'rl', rollouts: withAdvantages(before, mixed) });

    const after = trainedOf(policy);
    expect(Object.keys(after)).toEqual(Object.keys(base));
    expect(Object.keys(after)).toContain('model.embed_tokens.weight');
    expect(Object.keys(after)).toContain('model.norm.weight');
    for (const [name, { data }] of Object.entries(base)) {
      expect(greatestGap(after[name]!, data), name).toBeGreaterThan(1e-3);
    }

    const now = await rollOut(tiny);
    expect(greatestGap(recorded(now), await trainerLogprobs(tiny, now))).toBeLessThan(1e-4);
    expect(greatestGap(recorded(before), await trainerLogprobs(tiny, before))).toBeGreaterThan(1e-2);
  });
});

test('on two threads the gradient of an embedding has the same bits every time', async () => {
  const tiny = await openTiny({
    fixture: 'llama-sharded',
    recipe: { method: 'full', objective: 'sft', optimizer: { lr: 1e-3, microBatchSize: 64 } },
    open: () => createOnnxEngine({ threads: 2 }),
  });
  const { policy } = tiny;
  // Two ids over and over: nearly every row adds to the embedding that another thread is adding to.
  const { encodeExample } = policy.snapshot();
  const examples = Array.from({ length: 64 }, (_, group) => ({
    ...encodeExample({
      task: { id: String(group) },
      messages: userMessage(letter(70)),
      target: `${letter(70)}${letter(71)}`.repeat(32),
    }),
    group,
  }));
  const start = policy.state();
  const gradient = async () => {
    await policy.restore(start);
    await policy.update({ objective: 'sft', examples });
    // A first step's moments are its gradients, but for a factor.
    return arraysOf(policy.state(), 'expAvg.')['model.embed_tokens.weight']!;
  };
  const first = await gradient();
  expect(first.some((g) => g !== 0)).toBe(true);
  for (let repeat = 0; repeat < 10; repeat++) expect(await gradient()).toEqual(first);
});
