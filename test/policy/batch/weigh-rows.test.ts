import { describe, expect, test } from 'vitest';
import type { TrainRow } from '../../../src/policy/batch/train-rows.ts';
import { countUnforwarded } from '../../../src/policy/batch/unforwarded-groups.ts';
import { type WeighOptions, weighRows } from '../../../src/policy/batch/weigh-rows.ts';
import { randomStream } from '../../../src/random.ts';
import { lossConfig } from '../../algorithm/loss-config.ts';

const loss = lossConfig({ name: 'grpo' });

/** Two groups of two completions of 2 tokens; the last token of all is masked. */
const texts: TrainRow[] = [0, 1].flatMap((p) =>
  [0, 1].map((g) => ({
    group: p,
    promptIds: [1],
    tokenIds: g === 0 ? [2, 3] : [4, 5],
    mask: p === 1 && g === 1 ? [1, 0] : [1, 1],
    advantage: g === 0 ? 1 : -1,
    oldLogprobs: [-1, -1],
    samplingLogprobs: [-1, -1.5],
  })),
);

const entropies = [
  [4, 1],
  [2, 3],
  [0, 5],
  [6, 9],
].map((row) => Float32Array.from(row));
const logprobs = [
  [-9, -1],
  [-1, -1],
  [-1, -1],
  [-9, -50],
].map((row) => Float32Array.from(row));

const weigh = (options: Partial<WeighOptions>) =>
  weighRows(texts, {
    loss,
    maxCompletionLength: 8,
    random: randomStream(1, 'x'),
    measure: async () => ({ logprobs, entropies }),
    ...options,
  });

const plain = (rows: readonly (ArrayLike<number> | undefined)[]) => rows.map((row) => Array.from(row!));

describe('over the whole optimiser batch', () => {
  test('nothing is measured when the loss picks no tokens', async () => {
    const measure = () => Promise.reject(new Error('measured'));
    const { rows } = await weigh({ measure });
    expect(rows[0]).not.toHaveProperty('highEntropy');
    expect(plain(rows.map((row) => row.lossWeights))).toEqual([
      [1 / 8, 1 / 8],
      [1 / 8, 1 / 8],
      [1 / 8, 1 / 8],
      [1 / 4, 0],
    ]);
  });

  test('dr_grpo divides by completions times the token limit', async () => {
    const { rows } = await weigh({ loss: lossConfig({ name: 'dr_grpo' }) });
    expect(rows[0]!.lossWeights[0]).toBeCloseTo(1 / (4 * 8), 9);
  });

  test('the tokens of highest entropy are picked, masked ones aside', async () => {
    const { rows, scalars } = await weigh({ loss: { ...loss, topEntropyQuantile: 0.5 } });
    // The loss tokens' entropies are 0 1 2 3 4 5 6.
    expect(scalars.entropyThreshold).toBe(3);
    expect(plain(rows.map((row) => row.highEntropy))).toEqual([
      [1, 0],
      [0, 1],
      [0, 1],
      [1, 0],
    ]);
  });

  test('kl_cov picks the tokens whose log-prob and advantage go together most', async () => {
    const covariance = { share: 0.3 };
    const { rows } = await weigh({ loss: lossConfig({ name: 'kl_cov', covariance }) });
    // Negative advantage and a log-prob far below the mean; then the advantages of the likely tokens.
    const selected = plain(rows.map((row) => row.selected));
    expect(selected[3]).toEqual([1, 0]);
    expect(selected.flat().reduce((a, b) => a + b)).toBe(2);
    expect(selected[0]![0]).toBe(0);
  });

  test('clip_cov draws among those between the bounds, the same for the same stream', async () => {
    const covariance = { share: 0.3, lower: 0, upper: 100 };
    const draw = async (seed: number) => {
      const options = { loss: lossConfig({ name: 'clip_cov', covariance }), random: randomStream(seed, 'x') };
      return plain((await weigh(options)).rows.map((row) => row.selected));
    };
    expect(await draw(1)).toEqual(await draw(1));
    const drawn = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(draw));
    expect(new Set(drawn.map(String)).size).toBeGreaterThan(1);
    for (const rows of drawn) expect([rows[0]![0], rows[3]![1]]).toEqual([0, 0]);
  });

  test('sampler and trainer are weighed against each other, by token or by completion', async () => {
    const by = async (mode: 'token_truncate' | 'sequence_truncate' | 'sequence_mask', max: number) =>
      (await weigh({ samplerCorrection: { mode, max } })).rows.map((row) => row.importanceRatio);
    const token = (await by('token_truncate', 1.2)) as Float32Array[];
    expect(plain(token)[0]).toEqual([1, Math.fround(1.2)]);
    const [first, , , last] = await by('sequence_truncate', 9);
    expect(first).toBeCloseTo(Math.exp(0.5), 6);
    expect(last).toBe(1);
    expect(await by('sequence_mask', 1.2)).toEqual([0, 0, 0, 1]);
    const { metrics } = await weigh({ samplerCorrection: { mode: 'token_mask' } });
    expect(metrics['sampling/sampling_logp_difference/max']).toBe(0.5);
  });
});

test('groups that were not forwarded count in the metrics as far as is known', () => {
  const metrics = {
    entropy: 1,
    'clip_ratio/low_mean': 0.1,
    'clip_ratio/low_min': 0.3,
    'clip_ratio/high_max': 0.4,
    'val/ratio': 0.5,
    // Six completions, of which four were forwarded, with two rows to fill up: (2 + 2 · 1)/6.
    'vespo/phi_seq_mean': 4 / 6,
  };
  const forwarded = { tokens: 10, sequences: 4, fillers: 2, tokenAdvantages: false };
  const sizes = { all: { tokens: 30, sequences: 6 }, forwarded };
  const known = { entropy: 3, 'clip_ratio/low_min': 0, 'val/ratio': 1.5, 'vespo/phi_seq_mean': 0.5 };
  expect(countUnforwarded(metrics, sizes)).toEqual({ ...metrics, ...known });
  const perToken = { ...sizes, forwarded: { ...forwarded, tokenAdvantages: true } };
  expect(countUnforwarded(metrics, perToken)['vespo/phi_seq_mean']).toBe(2);
  expect(
    countUnforwarded(metrics, { ...sizes, forwarded: { ...forwarded, ...sizes.all, fillers: 0 } }),
  ).toEqual(metrics);
});
