import { describe, expect, test } from 'vitest';
import { hyperParameters } from '../../src/algorithm/loss/hyper-parameters.ts';
import type { HostTensor, Named } from '../../src/engine/engine.ts';
import { microBatches } from '../../src/policy/batch/micro-batches.ts';
import { UpdateProgram } from '../../src/policy/programs/update-program.ts';
import { mapInGroups, rollOut } from './rollouts.ts';
import { openTiny, type RecipeOverrides, type Tiny, trainedOf } from './tiny-policy.ts';

const everywhere = { placement: 's-A-s-B-s', activation: 'gelu' } as const;
const cases: [name: string, betas: readonly number[], recipe: RecipeOverrides][] = [
  ...[
    [1, 1],
    [0.5, 0.5],
    [0, 0],
  ].flatMap((betas): typeof cases => [
    [`afa-lora A-s-B, silu, at β = ${betas}`, betas, {}],
    [`afa-lora s-A-s-B-s, gelu, at β = ${betas}`, betas, { adapter: everywhere }],
  ]),
  ['afa-lora with another β in each layer', [0.3, 0.8], {}],
  ['full', [0, 0], { method: 'full' }],
];

describe('the gradient of the GRPO loss through the whole model is that of finite differences', () => {
  test.each(cases)('%s', async (_, betas, recipe) => {
    const algorithm = { name: 'grpo', klCoef: 0.1 } as const;
    const tiny = await openTiny({ recipe: { ...recipe, algorithm }, trained: true, betas: () => betas });
    const { trained, evaluate } = await lossOf(tiny);
    const { gradients } = await evaluate({});
    // Of each tensor the entry that matters most: the others' differences drown in float32.
    for (const name of trained) {
      const gradient = gradients[name]!;
      const at = gradient.reduce((best, g, i) => (Math.abs(g) > Math.abs(gradient[best]!) ? i : best), 0);
      const size = Math.abs(gradient[at]!);
      expect(size, name).toBeGreaterThan(5e-3);
      const slope = await difference(evaluate, tiny, name, at);
      expect(Math.abs(slope - gradient[at]!), `${name}: ${slope} and ${gradient[at]}`).toBeLessThan(
        2e-4 + 5e-3 * size,
      );
    }
  });
});

type Evaluate = (changed: Named<HostTensor>) => Promise<{ loss: number; gradients: Named<Float32Array> }>;

/** dloss/dw of entry `at` of a tensor, by central differences of the fourth order. */
async function difference(evaluate: Evaluate, tiny: Tiny, name: string, at: number): Promise<number> {
  const tensor = tiny.programs.inputs(tiny.weights(), 64)[name]!;
  const step = 0.002;
  const shifted = async (steps: number) => {
    const data = Float32Array.from(tensor.data);
    data[at] = data[at]! + steps * step;
    const { loss } = await evaluate({ [name]: { ...tensor, data } });
    return loss;
  };
  const near = (await shifted(1)) - (await shifted(-1));
  const far = (await shifted(2)) - (await shifted(-2));
  return (8 * near - far) / (12 * step);
}

/** The update program on one batch in which some tokens are clipped and none is near a bound. */
async function lossOf(tiny: Tiny): Promise<{ trained: readonly string[]; evaluate: Evaluate }> {
  const { recipe, policy, programs, weights } = tiny;
  const trained = Object.keys(trainedOf(policy));
  const program = new UpdateProgram({ ...tiny, trained, objective: 'rl', loss: recipe.algorithm });
  const rows = mapInGroups(await rollOut(tiny), ({ group, promptIds, tokenIds, logprobs }, g) => ({
    group,
    promptIds,
    tokenIds,
    mask: logprobs.map(() => 1),
    lossWeights: logprobs.map(() => 1 / logprobs.length / 12),
    advantage: (g % 2 ? 2 : -2) + group,
    oldLogprobs: logprobs.map((logprob, t) => logprob + [-0.6, -0.02, 0.02, 0.6][(t + g) % 4]!),
    refLogprobs: logprobs.map((logprob, t) => logprob + 0.3 * Math.cos(3 * t + g)),
  }));
  const [batch] = microBatches(rows, { rows: 64 });
  const hyper = { ...hyperParameters(recipe.algorithm), tokens: 1, sequences: 1 };
  const evaluate: Evaluate = (changed) =>
    program.run({
      batch: batch!,
      hyper,
      temperature: recipe.sampling.temperature,
      model: { ...programs.inputs(weights(), 64), ...changed },
    });
  return { trained, evaluate };
}
