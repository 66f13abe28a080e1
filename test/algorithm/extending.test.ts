import '@tensorflow/tfjs-backend-cpu';
import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { estimateAdvantages, estimators } from '../../src/algorithm/advantage/index.ts';
import { batchConstants } from '../../src/algorithm/loss/batch-constants.ts';
import { hyperParameters } from '../../src/algorithm/loss/hyper-parameters.ts';
import { losses } from '../../src/algorithm/loss/index.ts';
import { policyLoss } from '../../src/algorithm/loss/policy-loss.ts';
import * as tf from '../../src/engine/tfjs.ts';
import { bestOfGroup } from './best-of-group.ts';
import { halfNegative } from './half-negative.ts';

/** Parses `algorithm` with the worked examples of docs/extending.md in the maps of losses and estimators. */
let parse: (
  given: object,
) => ReturnType<typeof import('../../src/algorithm/algorithm-schema.ts').algorithm.parse>;

beforeAll(async () => {
  await tf.setBackend('cpu');
  Object.assign(losses, { half_negative: halfNegative });
  Object.assign(estimators, { best_of_group: bestOfGroup });
  // Loaded after the maps have their new lines, as a build would.
  const { algorithm } = await import('../../src/algorithm/algorithm-schema.ts');
  parse = (given) => algorithm.parse(given as never);
});

test.each([
  ['loss/definitions/half-negative.ts', 'half-negative.ts'],
  ['advantage/best-of-group.ts', 'best-of-group.ts'],
])('docs/extending.md shows %s as it stands here', (path, name) => {
  const page = readFileSync('docs/extending.md', 'utf8');
  const block = page.slice(page.indexOf(`// src/algorithm/${path}\n`));
  const shown = block.slice(0, block.indexOf('```'));
  const file = readFileSync(`test/algorithm/${name}`, 'utf8');
  const body = (text: string) => text.slice(text.indexOf('/**'));
  expect(body(shown)).toBe(body(file));
  // The imports are the same from another folder.
  const imported = (text: string) =>
    [...text.matchAll(/^(import .* from ').*\/([\w-]+\.ts';)$/gm)].map((match) => match[1]! + match[2]!);
  expect(imported(shown).sort()).toEqual(imported(file).sort());
});

test('a loss is one file and one line in a map', () => {
  expect(parse({ name: 'half_negative' })).toMatchObject({
    negativeWeight: 0.5,
    aggregation: 'token-mean',
    advantage: { estimator: 'grpo' },
  });
  expect(() => parse({ name: 'half_negative', clipEpsilon: 0.1 })).toThrow(
    /half_negative does not read it; its own options: negativeWeight, aggregation/,
  );
  expect(() => parse({ name: 'half_negative', negativeWeight: 2 })).toThrow(/expected number to be <=1/);
});

test('its loss is the formula worked out by hand', () => {
  const config = parse({ name: 'half_negative', negativeWeight: 0.2 });
  const mask = [
    [1, 1],
    [1, 0],
  ];
  const constants = batchConstants({ mask, maxCompletionLength: 2 }, config);
  const numbers = { ...hyperParameters(config), ...constants.scalars };
  const { loss } = policyLoss(
    {
      logprobs: tf.tensor2d([
        [-1, -2],
        [-3, -9],
      ]),
      advantages: tf.tensor1d([2, -1]),
      mask: tf.tensor2d(mask),
      lossWeights: tf.tensor2d(constants.lossWeights.map((row) => Array.from(row))),
      hyper: Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, tf.scalar(value)])),
    },
    config,
  );
  // −(−1·2 − 2·2 + 0.2·3·1)/3 tokens.
  expect(loss.dataSync()[0]).toBeCloseTo((6 - 0.6) / 3, 6);
});

test('an estimator is one file and one line in a map', () => {
  const algorithm = parse({ advantage: { estimator: 'best_of_group', slope: 2 } });
  const batch = { rewards: [1, 0, 0.5], groups: [0, 0, 0] };
  expect(Array.from(estimateAdvantages(batch, algorithm).advantages as Float32Array)).toEqual([0, -2, -1]);
  expect(() => parse({ advantage: { estimator: 'best_of_group' }, scaleRewards: 'none' })).toThrow(
    /the advantage estimator best_of_group does not read it \(grpo, grpo_vectorized, grpo_passk do\); its own options: slope/,
  );
});
