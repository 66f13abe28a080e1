import { expect, test } from 'vitest';
import { createOnnxEngine } from '../../src/engine/onnx/onnx-engine.ts';
import type { TrainRollout } from '../../src/policy/batch/train-batch.ts';
import { randomStream } from '../../src/random.ts';
import { mixed, rollOut, withAdvantages } from './rollouts.ts';
import { openTiny, type Tiny } from './tiny-policy.ts';

/** Bytes that the budget of these tests allows for: no program at all, so each makes all others go that may. */
const NOTHING = 1;

test('no update makes the decoding program go, and decoding makes no update go twice', async () => {
  const tiny = await openTiny({
    recipe: { metrics: { annealKl: false } },
    open: () => createOnnxEngine({ threads: 1, cacheBytes: NOTHING }),
  });
  const compiled = async (work: () => Promise<unknown>) => {
    const before = tiny.engine.stats().compilations;
    await work();
    return tiny.engine.stats().compilations - before;
  };
  const rollouts = withAdvantages(await rollOut(tiny), mixed);
  const update = () => tiny.policy.update({ objective: 'rl', rollouts });
  // One token is no prompt to prefill, so this decodes and does nothing else.
  const options = { ...tiny.recipe.sampling, maxNewTokens: 3, seed: 1 };
  const decode = () => tiny.policy.snapshot().extend([[5], [7]], options);
  await update();
  for (let step = 0; step < 3; step++) {
    expect(await compiled(decode)).toBe(0);
    expect(await compiled(update)).toBeLessThanOrEqual(1);
  }
});

/** Rows of any length up to `most`, as a sampler might give them. */
function randomRollouts({ config }: Tiny, step: number, most: number): TrainRollout[] {
  const random = randomStream(step, 'lengths');
  const ids = (length: number) =>
    Array.from({ length }, () => 1 + Math.floor(random.next() * (config.vocabSize - 1)));
  const upTo = (limit: number) => 1 + Math.floor(random.next() * limit);
  return Array.from({ length: upTo(3) }, (_, group) => {
    const promptIds = ids(upTo(most));
    return Array.from({ length: 4 }, (_, g): TrainRollout => {
      const tokenIds = ids(upTo(most));
      const advantage = mixed(g, group);
      return {
        task: { id: `${group}` },
        group,
        messages: [],
        promptIds,
        promptText: '',
        text: '',
        tokenIds,
        logprobs: tokenIds.map(() => -3),
        finishReason: 'length',
        beta: 1,
        policyVersion: step,
        scores: [advantage],
        reward: advantage,
        advantage,
      };
    });
  }).flat();
}

test('texts of any number and length compile a handful of programs, and memory stays flat', {
  timeout: 120_000,
}, async () => {
  const tiny = await openTiny({ recipe: { steps: 60 } });
  const seen: { compilations: number; rss: number }[] = [];
  for (let step = 0; step < 60; step++) {
    const rollouts = randomRollouts(tiny, step, 20);
    await tiny.policy.update({ objective: 'rl', rollouts });
    await tiny.policy.logprobs(rollouts);
    await tiny.policy.snapshot().extend(
      rollouts.slice(0, 2).map(({ promptIds }) => promptIds),
      { ...tiny.recipe.sampling, maxNewTokens: 2, seed: step },
    );
    seen.push({ compilations: tiny.engine.stats().compilations, rss: process.memoryUsage().rss });
  }
  // update, anneal_kl, logprobs, prefill, decode
  expect(seen[9]!.compilations).toBe(5);
  expect(seen[59]!.compilations).toBe(seen[9]!.compilations);
  expect(tiny.engine.stats().livePrograms).toBe(seen[9]!.compilations);
  expect(seen[59]!.rss - seen[9]!.rss).toBeLessThan(64 * 2 ** 20);
});
