import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InputError, RefusedError } from '../../src/errors.ts';
import { createPolicy } from '../../src/policy/create-policy.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { parseRecipe, type Recipe } from '../../src/recipe/recipe.ts';
import { openPolicy } from '../../src/workers/open-policy.ts';
import { modelFolder, newPath } from '../policy/model-folder.ts';
import { mixed, withAdvantages } from '../policy/rollouts.ts';
import { tinyRecipe } from '../policy/tiny-policy.ts';
import { requests, toyTool } from '../policy/toy-environment.ts';

function recipeOf(overrides: Parameters<typeof tinyRecipe>[1] = {}): Recipe {
  const folder = modelFolder({ eosTokenIds: [2, 3, 4], chatTemplate: true });
  const shared = {
    optimizer: { lr: 1e-2, microBatchSize: 2 },
    env: toyTool(),
    algorithm: { name: 'ppo' as const, klCoef: 0.1 },
  };
  const adapter = { schedule: { fraction: 1 }, ...overrides.adapter };
  return parseRecipe(tinyRecipe(folder, { ...shared, ...overrides, adapter }));
}

/** Requests whose tasks hold what can't be sent to a thread. */
async function asked({ env }: Recipe) {
  const plain = await requests(env, 3);
  return plain.map((request) => ({ ...request, task: { ...request.task, check: () => true } }));
}

describe('a policy in a thread of its own', () => {
  let [here, there]: [Policy, Policy] = [] as never;
  let recipe: Recipe;
  const both = async <T>(of: (policy: Policy) => T): Promise<[Awaited<T>, Awaited<T>]> => [
    await of(here),
    await of(there),
  ];
  beforeAll(async () => {
    recipe = recipeOf();
    here = await createPolicy(recipe);
    there = await openPolicy({ ...recipe, runtime: { ...recipe.runtime, worker: true } });
  });
  afterAll(() => Promise.all([here.dispose(), there.dispose()]));

  const sampling = { ...parseRecipe(tinyRecipe('m')).sampling, seed: 5 };

  /** A batch to train on, sampled from the policy as it is. */
  async function batchOf(policy: Policy) {
    const snapshot = policy.snapshot();
    const rollouts = await snapshot.sample(await asked(recipe), sampling);
    const values = await snapshot.values(rollouts);
    snapshot.release?.();
    const reference = await policy.referenceLogprobs(rollouts);
    const trained = withAdvantages(rollouts, mixed).map((rollout, b) => ({
      ...rollout,
      refLogprobs: reference[b]!,
      tokenAdvantages: rollout.tokenIds.map((_, t) => mixed(t, b)),
      valueTargets: {
        values: values[b]!.slice(0, -1),
        returns: rollout.tokenIds.map((_, t) => mixed(b, t)),
        mask: rollout.tokenIds.map(() => 1),
      },
    }));
    return { objective: 'rl' as const, rollouts: trained };
  }

  test('knows the same of itself and of texts', async () => {
    expect(there.dimensions).toEqual(here.dimensions);
    expect(there.notes).toEqual(here.notes);
    expect(there.betaZeroStep).toBe(here.betaZeroStep);
    const [request] = await asked(recipe);
    expect(there.seenPrompt(request!)).toEqual(here.seenPrompt(request!));
    expect(there.usesPrompt(request!)).toBe(true);
    expect(there.tokenTexts!([60, 61])).toEqual(here.tokenTexts!([60, 61]));
    const [ours, theirs] = await both((policy) => policy.snapshot());
    const example = { ...request!, target: request!.messages[0]!.content };
    expect(theirs.encodeExample(example)).toEqual(ours.encodeExample(example));
    expect(theirs.maxPositions).toBe(ours.maxPositions);
    const said = [{ role: 'tool', content: example.target }] as const;
    const turn = { tokenIds: [60, 2] };
    expect(theirs.between(request!.messages, turn, said)).toEqual(
      ours.between(request!.messages, turn, said),
    );
  });

  test('samples, scores and measures the same to the bit', async () => {
    const tasks = await asked(recipe);
    const [ours, theirs] = await both((policy) => policy.snapshot().sample(tasks, sampling));
    expect(theirs).toEqual(ours);
    expect(theirs.map(({ task }) => task)).toEqual(theirs.map(({ group }) => tasks[group]!.task));
    const texts = tasks.map((request) => ({ ...request, texts: [request.messages[0]!.content] }));
    const measures: readonly ((policy: Policy) => Promise<unknown>)[] = [
      (policy: Policy) => policy.logprobs(ours),
      (policy: Policy) => policy.referenceLogprobs(ours),
      (policy: Policy) => policy.snapshot().values(ours),
      (policy: Policy) => policy.snapshot().extend([[60, 61]], sampling),
      (policy: Policy) => policy.snapshot().scoreTexts(texts, { maxPromptLength: 64, ended: true, size: 2 }),
      (policy: Policy) => policy.logits({ inputIds: [[60, 61, 62]], attentionMask: [[1, 1, 1]] }),
    ];
    for (const measure of measures) {
      const [mine, its] = await both(measure);
      expect(its).toEqual(mine);
    }
  });

  test('learns the same to the bit, and a snapshot stays as it was', async () => {
    const tasks = await asked(recipe);
    const [before, beforeThere] = await both((policy) => policy.snapshot());
    for (let step = 0; step < 3; step++) {
      const metrics = await both(async (policy) => policy.update(await batchOf(policy), { klCoef: 0.1 }));
      expect(metrics[1]).toEqual(metrics[0]);
      expect([there.version, there.beta]).toEqual([here.version, here.beta]);
    }
    const skipped = await both(async (policy) => policy.skip(await batchOf(policy)));
    expect(skipped[1]).toEqual(skipped[0]);
    expect(there.version).toBe(4);
    const [ours, theirs] = await both((policy) => policy.state());
    expect(theirs).toEqual(ours);
    const old = await before.sample(tasks, sampling);
    expect(await beforeThere.sample(tasks, sampling)).toEqual(old);
    expect(await there.snapshot().sample(tasks, sampling)).not.toEqual(old);
    beforeThere.release?.();
    await expect(beforeThere.sample(tasks, sampling)).rejects.toThrow(/was released/);
  });

  test('a state is the caller’s own, and restoring it takes the policy back', async () => {
    const start = await there.state();
    const kept = structuredClone(start);
    const batch = await batchOf(there);
    const first = await there.update(batch, { klCoef: 0.1 });
    expect(start).toEqual(kept);
    const after = await there.state();
    await there.restore(start);
    expect(there.version).toBe(kept.data.steps);
    expect(await there.update(batch, { klCoef: 0.1 })).toEqual(first);
    expect(await there.state()).toEqual(after);
  });

  test('an update that is given up leaves the policy as it was', async () => {
    const before = await there.state();
    const batch = await batchOf(there);
    const reason = new Error('enough');
    // On a busy machine the word may come too late.
    for (let tries = 0, given = false; !given; tries++) {
      expect(tries).toBeLessThan(20);
      const stop = new AbortController();
      const update = there.update(batch, { klCoef: 0.1 }, stop.signal);
      stop.abort(reason);
      const outcome: unknown = await update.catch((error: unknown) => error);
      given = outcome === reason;
      if (!given) await there.restore(structuredClone(before));
      expect(await there.state()).toEqual(before);
    }
    const stop = AbortSignal.abort(reason);
    const sample = there.snapshot().sample(await asked(recipe), { ...sampling, signal: stop });
    await expect(sample).rejects.toBe(reason);
  });

  test('writes the same files, and refuses what must not be', async () => {
    await expect(there.saveMerged(newPath())).rejects.toThrow(RefusedError);
    await here.restore(await there.state());
    const [ours, theirs] = await both((policy) => policy.adapter!());
    expect(theirs).toEqual(ours);
    expect(there.saveBase).toBeUndefined();
  });
});

test('what is wrong with a recipe is said as without a thread', async () => {
  const recipe = recipeOf({ adapter: { targetModules: ['no_such_module'] } });
  const ours: unknown = await createPolicy(recipe).catch((error: unknown) => error);
  const opened = openPolicy({ ...recipe, runtime: { ...recipe.runtime, worker: true } });
  const theirs: unknown = await opened.catch((error: unknown) => error);
  expect(theirs).toBeInstanceOf(InputError);
  expect((theirs as Error).message).toBe((ours as Error).message);
});
