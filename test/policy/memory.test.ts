import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { lastValueFrom, tap } from 'rxjs';
import { describe, expect, test } from 'vitest';
import * as tf from '../../src/engine/tfjs.ts';
import { train } from '../../src/index.ts';
import type { TrainEvent } from '../../src/types.ts';
import { modelFolder, newPath } from './model-folder.ts';
import { mixed, rollOut, withAdvantages, withReference } from './rollouts.ts';
import { openTiny, tinyRecipe } from './tiny-policy.ts';

test('neither tracing a program nor taking a step leaves a tensor behind', async () => {
  const tiny = await openTiny({ recipe: { algorithm: { klCoef: 0.1 }, sampling: { maxNewTokens: 4 } } });
  const { policy, engine } = tiny;
  const before = tf.memory().numTensors;
  const seen: { tensors: number; programs: number; compilations: number }[] = [];
  for (let step = 0; step < 20; step++) {
    const rollouts = withAdvantages(await rollOut(tiny, { seed: step }), mixed);
    await policy.update({ objective: 'rl', rollouts: await withReference(policy, rollouts) });
    const { livePrograms: programs, compilations } = engine.stats();
    seen.push({ tensors: tf.memory().numTensors, programs, compilations });
  }
  for (const each of seen) expect(each).toEqual(seen[0]);
  expect(seen[0]!.tensors).toBe(before);
  expect(seen[0]!.programs).toBeGreaterThan(3);
});

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** Arrays and objects that are reachable, and the resident size of the process, bytes. */
function sizes() {
  // Buffers go when the objects that held them have gone.
  collectGarbage();
  collectGarbage();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { used: heapUsed + external, rss };
}

test('the process does not grow over 200 steps of a run', { timeout: 300_000 }, async () => {
  // One copy of the weights (or of a gradient) kept from each of the last 150 steps would be 27 MB.
  const recipe = tinyRecipe(modelFolder(), {
    method: 'full',
    steps: 200,
    sampling: { groupSize: 4, promptsPerStep: 2, maxNewTokens: 4 },
    optimizer: { lr: 1e-5 },
  });
  const at: ReturnType<typeof sizes>[] = [];
  const watch = tap({
    next: (event: TrainEvent) => {
      if (event.type === 'step' && [49, 199].includes(event.metrics.step)) at.push(sizes());
    },
  });
  await lastValueFrom(train(recipe, { out: newPath() }).pipe(watch));
  const [early, late] = at;
  expect(late!.used - early!.used).toBeLessThan(12 * 2 ** 20);
  // Besides, V8 lets its heap grow for a while before it takes the trouble to collect.
  expect(late!.rss - early!.rss).toBeLessThan(40 * 2 ** 20);
});

describe('the weights that full fine-tuning begins with', () => {
  /** Takes a step, and returns what tells whether the first weights are still in memory. */
  async function stepped(klCoef: number) {
    const tiny = await openTiny({
      recipe: { method: 'full', algorithm: { klCoef }, sampling: { maxNewTokens: 4 } },
    });
    const { policy } = tiny;
    const scored = withAdvantages(await rollOut(tiny), mixed);
    const rollouts = klCoef === 0 ? scored : await withReference(policy, scored);
    await policy.update({ objective: 'rl', rollouts });
    return { policy, first: Object.values(tiny.base).map(({ data }) => new WeakRef(data)) };
  }

  const alive = async (first: readonly WeakRef<object>[]) => {
    await new Promise((resolve) => setTimeout(resolve, 10));
    collectGarbage();
    return first.filter((ref) => ref.deref() !== undefined).length;
  };

  test('are gone after a step without a KL term', async () => {
    const { policy, first } = await stepped(0);
    expect(first.length).toBeGreaterThan(10);
    expect(await alive(first)).toBe(0);
    expect(policy.version).toBe(1);
  });

  test('are kept for a KL term', async () => {
    const { policy, first } = await stepped(0.1);
    expect(await alive(first)).toBe(first.length);
    expect(policy.version).toBe(1);
  });
});

test('a state shares its arrays with the policy, and steps after it leave them alone', async () => {
  const tiny = await openTiny({ recipe: { method: 'full' } });
  const { policy } = tiny;
  const rollouts = withAdvantages(await rollOut(tiny), mixed);
  await policy.update({ objective: 'rl', rollouts });
  const [state, again] = [policy.state(), policy.state()];
  for (const [name, { data }] of Object.entries(state.arrays)) expect(again.arrays[name]!.data).toBe(data);
  const before = Object.values(state.arrays).map(({ data }) => data.slice());
  await policy.update({ objective: 'rl', rollouts });
  await policy.restore(state);
  await policy.update({ objective: 'rl', rollouts });
  expect(Object.values(state.arrays).map(({ data }) => data)).toEqual(before);
});
