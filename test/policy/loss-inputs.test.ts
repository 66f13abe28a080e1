import { describe, expect, test } from 'vitest';
import { valueSettings } from '../../src/algorithm/algorithm-settings.ts';
import { hyperParameters } from '../../src/algorithm/loss/hyper-parameters.ts';
import { losses } from '../../src/algorithm/loss/index.ts';
import { type MicroBatch, microBatches } from '../../src/policy/batch/micro-batches.ts';
import { trainRows } from '../../src/policy/batch/train-rows.ts';
import { weighRows } from '../../src/policy/batch/weigh-rows.ts';
import { measureTokens } from '../../src/policy/programs/measure-tokens.ts';
import { type MicroResult, UpdateProgram } from '../../src/policy/programs/update-program.ts';
import { randomStream } from '../../src/random.ts';
import { mapInGroups, mixed, rollOut, withAdvantages, withValueTargets } from './rollouts.ts';
import { openTiny, type RecipeOverrides, type Tiny, trainedOf } from './tiny-policy.ts';

// Every number of a loss and every row of numbers that it reads is an input of the compiled graph: another value gives
// another result with no new compilation.

type Algorithm = NonNullable<RecipeOverrides['algorithm']>;
type Name = NonNullable<Algorithm['name']>;

const names = Object.keys(losses) as Name[];
const added = {
  klCoef: 0.1,
  klIn: 'loss',
  entropyCoef: 0.05,
  topEntropyQuantile: 0.7,
  offPolicyThreshold: 0.15,
} as const;

/** Each loss with all that it can be given, ranges narrow enough to bind. */
function full(name: Name, compat: 'trl' | 'verl'): Algorithm {
  const options = {
    clipEpsilon: 0.1,
    clipEpsilonHigh: 0.1,
    delta: 1.12,
    ratioMax: 1.1,
    dualClip: 1.05,
    covariance: { share: 0.2, ...(name === 'clip_cov' && { lower: -9, upper: 9 }) },
  };
  const read = compat === 'verl' ? { clipEpsilon: 0, clipEpsilonHigh: 0, dualClip: 0 } : losses[name].options;
  const own = Object.entries(options).filter(([option]) => option in read);
  return {
    name,
    compat,
    ...added,
    ...Object.fromEntries(own),
    ...(name === 'ppo' && { valueClip: 0.05 }),
    samplerCorrection: { mode: 'token_truncate' },
  };
}

const cases: [title: string, algorithm: Algorithm][] = [
  ...names.map((name): [string, Algorithm] => [name, full(name, 'trl')]),
  ['grpo (verl)', full('grpo', 'verl')],
  ['ppo (verl)', full('ppo', 'verl')],
];

/**
 * Scalars of a batch that are for some losses only (sequences: metrics of one ratio a completion), and
 * the threshold, which has done its work when the rows of high entropy are made.
 */
const idle = ['sequences', 'entropyThreshold'];

describe.each(cases)('%s', (_, algorithm) => {
  test('reads every number and every row from the graph’s inputs', async () => {
    const tiny = await openTiny({ recipe: { algorithm }, trained: true, betas: () => [0.6, 0.6] });
    const loss = tiny.recipe.algorithm;
    const trained = Object.keys(trainedOf(tiny.policy));
    const value = valueSettings(loss);
    const program = new UpdateProgram({ ...tiny, trained, objective: 'rl', loss, value });
    const { batch, scalars } = await weighted(tiny);
    const weights = tiny.weights();
    const model = { ...tiny.programs.inputs(weights, 64), ...weights.valueHead };
    const critic = value && { valueCoef: value.coef, valueClip: value.clip };
    const numbers: Record<string, number> = { ...hyperParameters(loss), ...critic, ...scalars };
    const run = (hyper: Readonly<Record<string, number>>, rows: MicroBatch['rows']) =>
      program.run({ model, hyper, batch: { ...batch, rows }, temperature: 0.9 });
    const plain = await run(numbers, batch.rows);
    const { compilations } = tiny.engine.stats();
    for (const name of Object.keys(numbers).filter((n) => !idle.includes(n))) {
      // A bound may bind on one side only.
      const others = [0.5, 2].map((factor) =>
        run({ ...numbers, [name]: numbers[name]! * factor }, batch.rows),
      );
      expect(await Promise.all(others), name).not.toEqual([plain, plain]);
    }
    expect(Object.keys(batch.rows)).toEqual(
      expect.arrayContaining([
        'oldLogprobs',
        'refLogprobs',
        'samplingLogprobs',
        'highEntropy',
        'importanceRatio',
        ...(value ? ['oldValues', 'returns', 'valueMask', 'valueWeights'] : []),
      ]),
    );
    for (const [name, tensor] of Object.entries(batch.rows)) {
      const data = Float32Array.from(tensor.data, (x, i) => x * (1 + 0.4 * Math.sin(i + 1)) + 0.7);
      expectOther(await run(numbers, { ...batch.rows, [name]: { ...tensor, data } }), plain, name);
    }
    expect(tiny.engine.stats().compilations).toBe(compilations);
  });
});

function expectOther(other: MicroResult, plain: MicroResult, what: string): void {
  expect({ ...other }, what).not.toEqual(plain);
}

/** A batch in which log-probs, old, sampled and of the reference, all differ, as one micro-batch. */
async function weighted({ policy, programs, weights, recipe }: Tiny) {
  const { algorithm, sampling } = recipe;
  const scored = withAdvantages(await rollOut({ policy, recipe }), mixed);
  const rollouts = mapInGroups(scored, (rollout, g) => {
    const shifted = (by: (t: number) => number) => rollout.logprobs.map((logprob, t) => logprob + by(t));
    return {
      ...rollout,
      logprobs: shifted((t) => 0.4 * Math.sin(5 * t + g + 1)),
      oldLogprobs: shifted((t) => 0.6 * Math.sin(0.3 * t + 2 * g)),
      refLogprobs: shifted((t) => 0.3 * Math.cos(3 * t + g)),
    };
  });
  const valued = valueSettings(algorithm) ? withValueTargets(rollouts) : rollouts;
  const texts = trainRows({ objective: 'rl', rollouts: valued }, algorithm);
  const { temperature, maxNewTokens } = sampling;
  const { rows, scalars } = await weighRows(texts, {
    loss: algorithm,
    maxCompletionLength: maxNewTokens,
    random: randomStream(0, 'some'),
    samplerCorrection: algorithm.samplerCorrection,
    measure: () => measureTokens(texts, { programs, weights: weights(), temperature, limits: { rows: 64 } }),
  });
  return { batch: microBatches(rows, { rows: 64 })[0]!, scalars };
}
