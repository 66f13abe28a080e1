import { describe, expect, test } from 'vitest';
import { greatestGap, mixed, recorded, rollOut, trainerLogprobs, withAdvantages } from './rollouts.ts';
import { openTiny, trainedOf } from './tiny-policy.ts';

describe.each([
  ['tied embeddings', 'llama-tied'],
  ['tied embeddings and biases', 'llama-bf16'],
  ['a head of its own', 'llama-sharded'],
])('full fine-tuning of a model with %s', (_, fixture) => {
  test('changes every weight, and sampler and trainer both compute with the new ones', async () => {
    const tiny = await openTiny({ fixture, recipe: { method: 'full', optimizer: { lr: 1e-2 } } });
    const { policy, base } = tiny;
    const before = await rollOut(tiny);
    await policy.update({ objective: 'rl', groups: withAdvantages(before, mixed) });

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
