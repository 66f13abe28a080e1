import { expect, test } from 'vitest';
import { clipCovSelection, klCovSelection } from '../../src/algorithm/loss/terms/covariance-selection.ts';
import { randomStream } from '../../src/random.ts';

/** Covariances by token: 4, −4 (masked), 1, 1 … after centring: the two extremes of row 0 lead. */
const batch = {
  logprobs: [
    [-3, -1, -2],
    [-1, -1, -1],
  ],
  oldLogprobs: [
    [-3, -1, -2],
    [-1, -1, -1],
  ],
  advantages: [-2, 2],
  mask: [
    [1, 0, 1],
    [1, 1, 0],
  ],
};

test('kl_cov takes the tokens of highest covariance, at least one', () => {
  // Means over the four loss tokens: advantage 0, log-prob −1.75; covariances 2.5, 0.5, 1.5, 1.5.
  expect(klCovSelection(batch, 0.01).map((row) => Array.from(row))).toEqual([
    [1, 0, 0],
    [0, 0, 0],
  ]);
  const three = klCovSelection(batch, 0.75).map((row) => Array.from(row));
  expect(three).toEqual([
    [1, 0, 0],
    [1, 1, 0],
  ]);
});

test('clip_cov draws among tokens within the bounds that PPO has not clipped already', () => {
  const options = { share: 1, lower: 1, upper: 2, clipEpsilon: 0.2 };
  const drawn = clipCovSelection(batch, options, randomStream(1, 'cov')).map((row) => Array.from(row));
  expect(drawn).toEqual([
    [0, 0, 0],
    [1, 1, 0],
  ]);
  const moved = { ...batch, oldLogprobs: [batch.oldLogprobs[0]!, [-1.5, -1, -1]] };
  const rest = clipCovSelection(moved, options, randomStream(1, 'cov')).map((row) => Array.from(row));
  expect(rest).toEqual([
    [0, 0, 0],
    [0, 1, 0],
  ]);
});

test('clip_cov draws at least one token and the same ones for the same stream', () => {
  const options = { share: 0.001, lower: 0, upper: 9, clipEpsilon: 0.2 };
  const draw = () =>
    clipCovSelection(batch, options, randomStream(5, 'cov')).flatMap((row) => Array.from(row));
  expect(draw()).toEqual(draw());
  expect(draw().reduce((sum, x) => sum + x, 0)).toBe(1);
});
