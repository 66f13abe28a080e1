import { describe, expect, test } from 'vitest';
import { valueSettings } from '../../src/algorithm/algorithm-settings.ts';
import { hyperParameters } from '../../src/algorithm/loss/hyper-parameters.ts';
import type { HostTensor } from '../../src/engine/engine.ts';
import type { ModelWeights } from '../../src/model/model-programs.ts';
import { microBatches } from '../../src/policy/batch/micro-batches.ts';
import { type TrainRow, trainRows } from '../../src/policy/batch/train-rows.ts';
import { weighRows } from '../../src/policy/batch/weigh-rows.ts';
import { measureTokens } from '../../src/policy/programs/measure-tokens.ts';
import { UpdateProgram } from '../../src/policy/programs/update-program.ts';
import { randomStream } from '../../src/random.ts';
import { nameOf, oneOfEachFamily, readGolden } from '../golden/golden-files.ts';
import { mapInGroups, rollOut, withAdvantages, withValueTargets } from './rollouts.ts';
import { openTiny, type RecipeOverrides, type Tiny, trainedOf } from './tiny-policy.ts';

type Algorithm = NonNullable<RecipeOverrides['algorithm']>;

/** Entropy and KL terms are in, so that every path of the graph that can carry a gradient does. */
const terms = { klCoef: 0.1, entropyCoef: 0.05 };
const losses: [title: string, algorithm: Algorithm, detached: boolean][] = [
  ['grpo', { name: 'grpo', ...terms }, false],
  ['gspo', { name: 'gspo', clipEpsilon: 0.1, clipEpsilonHigh: 0.1, ...terms }, false],
  ['cispo', { name: 'cispo', ratioMax: 1.2, entropyCoef: 0.05 }, true],
  ['ppo', { name: 'ppo', valueCoef: 0.5, valueClip: 0.3, entropyCoef: 0.05 }, false],
];
const betas = [1, 0.5, 0];
const everyLoss = losses.flatMap(([title, algorithm, detached]) =>
  betas.map((beta) => ({
    title: `${title} at β = ${beta}`,
    algorithm,
    detached,
    beta,
    fixture: 'llama-tied',
  })),
);
const everyModel = oneOfEachFamily.map((fixture) => ({
  title: `grpo at β = 0.5, ${nameOf(fixture)}`,
  algorithm: { name: 'grpo', ...terms } as const,
  detached: false,
  beta: 0.5,
  fixture,
}));
const cases = [...everyLoss, ...everyModel];

describe('gradients through the whole model are those of finite differences', () => {
  test.each(cases)('$title', async ({ algorithm, detached, beta, fixture }) => {
    const betas = () => Array<number>(layersOf(fixture)).fill(beta);
    const tiny = await openTiny({ fixture, recipe: { algorithm }, trained: true, betas });
    const { gradients, slopeAt } = await differentiable(tiny, detached);
    for (const [name, gradient] of Object.entries(gradients)) {
      // Of each tensor the entry that matters most: the others' differences drown in float32.
      const at = gradient.reduce((best, g, i) => (Math.abs(g) > Math.abs(gradient[best]!) ? i : best), 0);
      const slope = await slopeAt(name, at);
      expect(Math.abs(gradient[at]!), name).toBeGreaterThan(2e-3);
      expect(Math.abs(slope - gradient[at]!), `${name}: ${slope} for ${gradient[at]}`).toBeLessThan(
        2e-4 + 5e-3 * Math.abs(gradient[at]!),
      );
    }
  });
});

const layersOf = (fixture: string): number => readGolden('models', fixture, 'config.json').num_hidden_layers;

/**
 * The loss of a batch in which some ratios are clipped and none is near a bound. A loss that takes the ratio as a
 * constant is differenced with the ratio held: the log-probs that it is taken against move along.
 */
async function differentiable(tiny: Tiny, detached: boolean) {
  const { recipe, policy, programs, weights } = tiny;
  const loss = recipe.algorithm;
  const trained = Object.keys(trainedOf(policy));
  const value = valueSettings(loss);
  const program = new UpdateProgram({ ...tiny, trained, objective: 'rl', loss, value });
  const { temperature } = recipe.sampling;
  const measure = (of: ModelWeights, texts: readonly TrainRow[]) =>
    measureTokens(texts, { programs, weights: of, temperature, limits: { rows: 64 } });
  const rows = await offPolicyRows(tiny);
  const before = (await measure(weights(), rows)).logprobs;

  const evaluate = async (of: ModelWeights) => {
    const now = detached ? (await measure(of, rows)).logprobs : before;
    const moved = rows.map((row, b) => {
      const [x, y] = [now[b]!, before[b]!];
      return { ...row, oldLogprobs: row.oldLogprobs!.map((old, t) => old + x[t]! - y[t]!) };
    });
    const weighted = await weighRows(moved, {
      loss,
      maxCompletionLength: recipe.sampling.maxNewTokens,
      random: randomStream(0, 'none'),
      measure: () => measure(of, moved),
    });
    const [batch] = microBatches(weighted.rows, { rows: 64 });
    const critic = value && { valueCoef: value.coef, valueClip: value.clip };
    const hyper = { ...hyperParameters(loss), ...critic, ...weighted.scalars };
    const model = { ...programs.inputs(of, 64), ...of.valueHead };
    return program.run({ model, batch: batch!, temperature, hyper });
  };

  /** dloss/dw of entry `at` of a tensor, by central differences of the fourth order. */
  const slopeAt = async (name: string, at: number): Promise<number> => {
    const step = 0.002;
    const shifted = async (steps: number) =>
      (await evaluate(withMoved(weights(), name, at, steps * step))).loss;
    const near = (await shifted(1)) - (await shifted(-1));
    const far = (await shifted(2)) - (await shifted(-2));
    return (8 * near - far) / (12 * step);
  };
  return { gradients: (await evaluate(weights())).gradients, slopeAt };
}

function withMoved(weights: ModelWeights, name: string, at: number, by: number): ModelWeights {
  const part = name in weights.adapter ? 'adapter' : 'valueHead';
  const tensor = weights[part]![name]!;
  const data = Float32Array.from(tensor.data);
  data[at] = data[at]! + by;
  const moved: HostTensor = { ...tensor, data };
  return { ...weights, [part]: { ...weights[part], [name]: moved } };
}

async function offPolicyRows(tiny: Tiny): Promise<TrainRow[]> {
  const { algorithm } = tiny.recipe;
  const scored = withAdvantages(await rollOut(tiny), (g, p) => (g % 2 ? 2 : -2) + p);
  // With one ratio a completion, all of a completion's tokens have moved alike. Else each token has moved its own way.
  const alike = algorithm.name === 'gspo';
  const moves = [-0.6, -0.02, 0.02, 0.6];
  const rollouts = mapInGroups(scored, (rollout, g) => {
    const shifted = (by: (t: number) => number) => rollout.logprobs.map((logprob, t) => logprob + by(t));
    return {
      ...rollout,
      logprobs: shifted((t) => moves[((alike ? 0 : t) + g + rollout.group) % 4]!),
      refLogprobs: shifted((t) => 0.3 * Math.cos(3 * t + g)),
    };
  });
  const valued = valueSettings(algorithm) ? withValueTargets(rollouts) : rollouts;
  return trainRows({ objective: 'rl', rollouts: valued }, algorithm);
}
