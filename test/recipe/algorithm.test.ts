import { describe, expect, test } from 'vitest';
import { losses } from '../../src/algorithm/loss/index.ts';
import { InputError } from '../../src/errors.ts';
import { parseRecipe, type Recipe, type RecipeInput } from '../../src/recipe/recipe.ts';
import { banditRecipe } from '../pipeline/bandit.ts';

type Given = NonNullable<RecipeInput['algorithm']>;

const parse = (algorithm: Given): Recipe['algorithm'] => parseRecipe(banditRecipe({ algorithm })).algorithm;

function refused(algorithm: object, message: RegExp | string): void {
  expect(() => parse(algorithm as Given)).toThrow(InputError);
  expect(() => parse(algorithm as Given)).toThrow(message);
}

const names = Object.keys(losses) as NonNullable<Given['name']>[];

describe.each(names)('algorithm %s', (name) => {
  test('is filled in to the same again when parsed twice', () => {
    const once = parseRecipe(banditRecipe({ algorithm: { name } }));
    expect(parseRecipe(once).algorithm).toEqual(once.algorithm);
  });

  test('refuses every option that it does not read, by name', () => {
    const values = {
      clipEpsilon: 0.1,
      clipEpsilonHigh: 0.1,
      delta: 2,
      importanceLevel: 'sequence',
      ratioMax: 3,
      dualClip: 3,
      sapoTemperaturePositive: 2,
      sapoTemperatureNegative: 2,
      klCovCoef: 1,
      ...{
        vespoPositive: { k: 1, lambda: 1 },
        vespoNegative: { k: 1, lambda: 1 },
        covariance: { share: 0.1 },
      },
    };
    for (const [option, value] of Object.entries(values)) {
      const given = { name, [option]: value };
      if (option in losses[name].options) expect(parse(given)).toMatchObject({ [option]: value });
      else refused(given, `algorithm.${option}: ${name} does not read it`);
    }
  });
});

describe('an algorithm brings its own', () => {
  test('clip range', () => {
    expect(parse({})).toMatchObject({ name: 'grpo', clipEpsilon: 0.2 });
    expect(parse({ name: 'dapo' })).toMatchObject({ clipEpsilon: 0.2, clipEpsilonHigh: 0.28 });
    expect(parse({ name: 'gspo' })).toMatchObject({ clipEpsilon: 3e-4, clipEpsilonHigh: 4e-4 });
    expect(parse({ name: 'luspo' })).toMatchObject({ clipEpsilon: 2e-3, importanceLevel: 'sequence' });
    expect(parse({ name: 'cispo' })).toMatchObject({ ratioMax: 5 });
    expect(parse({ name: 'gpg' })).not.toHaveProperty('clipEpsilon');
  });

  test('clip range, which its lower half given alone makes symmetric', () => {
    expect(parse({ name: 'dapo', clipEpsilon: 0.1 })).not.toHaveProperty('clipEpsilonHigh');
    expect(parse({ name: 'dapo', clipEpsilonHigh: 0.3 })).toMatchObject({
      clipEpsilon: 0.2,
      clipEpsilonHigh: 0.3,
    });
  });

  test('advantages, which can be chosen otherwise', () => {
    expect(parse({ name: 'rloo' }).advantage).toEqual({ estimator: 'rloo' });
    expect(parse({ name: 'dr_grpo' })).toMatchObject({
      advantage: { estimator: 'grpo' },
      scaleRewards: 'none',
    });
    expect(parse({ name: 'gpg' })).not.toHaveProperty('scaleRewards');
    expect(parse({ advantage: { estimator: 'opo' } }).advantage).toEqual({ estimator: 'opo' });
    expect(parse({ name: 'reinforce', advantage: { estimator: 'grpo', eps: 1e-3 } })).toMatchObject({
      scaleRewards: 'group',
      advantage: { eps: 1e-3 },
    });
  });

  test('conventions of verl where asked for', () => {
    expect(parse({ compat: 'verl' })).toMatchObject({
      dualClip: 3,
      aggregation: 'token-mean',
      klEstimator: 'low_var_kl',
      klBiasCorrection: false,
    });
    refused({ compat: 'verl', delta: 2 }, 'algorithm.delta: grpo as verl has it does not read it');
    refused(
      { compat: 'verl', name: 'cispo', ratioMax: 2 },
      /ratioMax: cispo as verl has it does not read it/,
    );
    refused({ compat: 'verl', name: 'luspo' }, /algorithm.compat: verl has no luspo.*\(got "verl"\)/);
  });
});

test('the type of a recipe knows the options of each loss', () => {
  const given = [
    { name: 'cispo', ratioMax: 2 },
    { name: 'grpo', compat: 'verl', dualClip: 3 },
    { delta: 2, valueCoef: 0.1, advantage: { estimator: 'gae', lambda: 0.9 } },
    // @ts-expect-error gpg clips nothing
    { name: 'gpg', clipEpsilon: 0.2 },
  ] satisfies Given[];
  for (const algorithm of given.slice(0, -1)) parse(algorithm);
  const algorithm = parse({ name: 'cispo', ratioMax: 2 });
  if (algorithm.name === 'cispo' && algorithm.compat === 'trl') expect(algorithm.ratioMax).toBe(2);
});

describe('ppo', () => {
  test('has a value function by TRL’s coefficients, and its KL in the reward', () => {
    expect(parse({ name: 'ppo' })).toMatchObject({
      valueCoef: 0.1,
      valueClip: 0.2,
      detachValueHead: false,
      whitenRewards: false,
      scorePlacement: 'past-last',
      klIn: 'reward',
      klEstimator: 'k1',
      klBiasCorrection: false,
      shuffle: true,
      advantage: { estimator: 'gae' },
    });
    expect(parse({ name: 'ppo' })).not.toHaveProperty('dualClip');
  });

  test('as verl has it places the score on the last token and caps the loss', () => {
    expect(parse({ name: 'ppo', compat: 'verl' })).toMatchObject({
      scorePlacement: 'last-token',
      dualClip: 3,
      klEstimator: 'k1',
    });
  });

  test('may do without a value function, and other losses with one', () => {
    const critic = parse({ name: 'grpo', advantage: { estimator: 'gae', gamma: 0.9, lambda: 0.8 } });
    expect(critic).toMatchObject({ valueCoef: 0.1, klIn: 'reward' });
    const actor = parse({ name: 'ppo', advantage: { estimator: 'grpo' } });
    expect(actor).toMatchObject({ klIn: 'loss', klEstimator: 'k3', shuffle: false });
    expect(actor).not.toHaveProperty('valueCoef');
    expect(parse({ name: 'rloo', klIn: 'reward' })).toMatchObject({ klEstimator: 'k1' });
    expect(parse({ name: 'ppo', klIn: 'loss' })).toMatchObject({ klEstimator: 'k3', klBiasCorrection: true });
  });

  test('needs no second completion of a prompt', () => {
    const alone = (algorithm: Given) => parseRecipe(banditRecipe({ algorithm, sampling: { groupSize: 1 } }));
    for (const name of ['ppo', 'reinforce'] as const) expect(alone({ name }).sampling.groupSize).toBe(1);
    expect(() => alone({})).toThrow(/groupSize: must be at least 2: advantages \(grpo\).*got 1/);
    expect(() => alone({ name: 'ppo', dynamicSampling: { maxTries: 2 } })).toThrow(/groupSize/);
  });
});

describe('refused are', () => {
  test('aggregation where the loss is defined with its own', () => {
    refused({ name: 'rloo', aggregation: 'token-mean' }, /aggregation: rloo does not read it.*"token-mean"/);
  });

  test('options of the advantages that the estimator does not read', () => {
    refused(
      { name: 'reinforce', scaleRewards: 'group' },
      /scaleRewards: the advantage estimator reinforce does/,
    );
    refused(
      { advantage: { estimator: 'opo', gamma: 0.9 } },
      /algorithm.advantage.gamma: the advantage estimator/,
    );
    refused(
      { rewardAggregation: 'normalise-then-sum', scaleRewards: 'group' },
      /normalise-then-sum does not/,
    );
  });

  test('options at odds with one another', () => {
    refused(
      { name: 'rloo', rewardAggregation: 'normalise-then-sum' },
      /goes with the advantage estimator grpo/,
    );
    refused({ rewardAggregation: 'normalise-then-sum', klIn: 'reward' }, /klIn: a penalty in the reward/);
    refused({ name: 'ppo', klBiasCorrection: true }, /klBiasCorrection: is of the KL in the loss/);
    refused(
      { valueCoef: 0.5 },
      /valueCoef: the advantage estimator grpo does not read it \(gae does\).*\(got 0.5/,
    );
    refused(
      { scorePlacement: 'last-token' },
      /scorePlacement: the advantage estimator grpo does not read it \(gae does\)/,
    );
    refused({ klControl: { type: 'adaptive', target: 0.1, horizon: 100 } }, /needs klCoef above 0/);
    refused({ stepsPerGeneration: 3 }, /must divide sampling.promptsPerStep \(2\)/);
    refused(
      { rewardAggregation: 'normalise-then-sum', missingEosPenalty: 1 },
      /missingEosPenalty: is taken from the sum/,
    );
    refused({ samplerCorrection: { min: 5, max: 2 } }, /samplerCorrection: has min above max, 2.*got 5/);
    refused({ adaptiveEntropy: { target: 1, min: 2 } }, /adaptiveEntropy: has min above max, 1/);
    refused({ targetKl: 0.1 }, /targetKl: spares a batch its further steps, and there are none/);
  });

  test('an adaptive KL coefficient that one batch could take to 0', () => {
    const control = (horizon: number) => ({
      klCoef: 0.1,
      klControl: { type: 'adaptive', target: 0.1, horizon },
    });
    // 2 prompts of 4 completions.
    refused(control(1), /klControl.horizon: must be above 1.6, or 8 completions at once .*got 1/);
    refused({ ...control(1), klIn: 'reward', stepsPerGeneration: 2 }, /must be above 1.6/);
    // In the loss it moves at every step, by the completions of that.
    expect(parse({ ...control(1), stepsPerGeneration: 2 } as Given).klControl).toMatchObject({ horizon: 1 });
  });

  test('names that there are not', () => {
    refused({ name: 'ppo2' }, /algorithm.name: .*"grpo".*got "ppo2"/);
    refused({ advantage: { estimator: 'gea' } }, /algorithm.advantage.estimator: .*got "gea"/);
    refused({ klEstimator: 'k9' }, /algorithm.klEstimator: .*got "k9"/);
    refused({ clipEpsilom: 0.1 }, /"clipEpsilom"; did you mean clipEpsilon\?/);
    refused({ advantage: { estimator: 'gae', gama: 1 } }, /advantage: .*"gama"; did you mean gamma\?/);
  });

  test('options of another loss, with the losses that have them and the options that this one has', () => {
    refused({ name: 'gpg', ratioMax: 2 }, 'gpg does not read it (cispo does); its own options: aggregation');
    refused({ dualClip: 3 }, 'grpo does not read it (ppo, grpo as verl has it, dapo as verl has it,');
    refused(
      { name: 'kl_cov', covariance: { share: 0.1, upper: 2 } },
      /covariance: Unrecognized key: "upper"; there are share\b/,
    );
    // What this loss does not read is not what is meant.
    refused({ name: 'cispo', ratioMin: 2 }, /"ratioMin"; did you mean ratioMax\?/);
    refused({ name: 'grpo', ratioMix: 2 }, /^(?!.*did you mean ratioMax)/);
  });
});

describe('supervised fine-tuning', () => {
  const sft = (given: object, schedule: object = {}) =>
    parseRecipe({
      ...banditRecipe(),
      objective: 'sft',
      algorithm: given,
      adapter: { schedule },
    } as RecipeInput);

  test('refuses what only sampled completions give a meaning to', () => {
    for (const given of [
      { klCoef: 0.5 },
      { entropyCoef: 0.1 },
      { samplerCorrection: {} },
      { maskTruncated: true },
    ]) {
      const [name] = Object.keys(given);
      expect(() => sft(given)).toThrow(new RegExp(`algorithm.${name}: is about sampled completions`));
    }
    expect(() => sft({}, { kind: 'adaptive' })).toThrow(
      /schedule.signal: objective 'sft' has no rewards to go by/,
    );
  });

  test('takes the rest as it is', () => {
    expect(sft({ name: 'dapo', numIterations: 2 }).algorithm.numIterations).toBe(2);
    expect(sft({}, { kind: 'adaptive', signal: 'gradNormVariance' }).objective).toBe('sft');
  });
});
