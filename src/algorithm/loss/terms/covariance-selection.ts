import { type RandomStream, sampleIndices } from '../../../random.ts';
import { type Rows, totalTokens } from '../../statistics/aggregation.ts';
import { type ClipRange, clipBounds } from './clipped.ts';
import type { CovarianceBatch } from './types.ts';

/** At least one token is dropped; only those whose covariance lies strictly between the bounds are eligible. */
type ClipCovOptions = ClipRange & {
  readonly share: number;
  readonly lower: number;
  readonly upper: number;
};

interface Candidate {
  readonly b: number;
  readonly t: number;
  readonly covariance: number;
}

/**
 * The tokens that clip_cov drops, as rows of 0 and 1: drawn at random from those whose covariance (A − mean A)(log π −
 * mean log π) lies within bounds, means taken over the loss tokens of the optimiser batch. Tokens that PPO clips
 * already are not eligible.
 */
export function clipCovSelection(
  batch: CovarianceBatch,
  options: ClipCovOptions,
  random: RandomStream,
): Float32Array[] {
  const { lower, upper } = options;
  const { clipLow, clipHigh } = clipBounds(options);
  const isClipped = ({ b, t }: Candidate) => {
    const advantage = advantageAt(batch, b, t);
    const ratio = Math.exp(batch.logprobs[b]![t]! - batch.oldLogprobs[b]![t]!);
    return (advantage > 0 && ratio > clipHigh!) || (advantage < 0 && ratio < clipLow!);
  };
  const eligible = candidates(batch).filter(
    (token) => token.covariance > lower && token.covariance < upper && !isClipped(token),
  );
  const wanted = Math.max(1, Math.floor(options.share * totalTokens(batch.mask)));
  const order = sampleIndices(random, eligible.length, Math.min(wanted, eligible.length));
  return marked(
    batch.mask,
    order.map((i) => eligible[i]!),
  );
}

/** The tokens that kl_cov penalises: the share of the batch's loss tokens with the highest covariance, at least one. */
export function klCovSelection(batch: CovarianceBatch, share: number): Float32Array[] {
  const all = candidates(batch).sort((a, b) => b.covariance - a.covariance);
  return marked(batch.mask, all.slice(0, Math.max(1, Math.floor(all.length * share))));
}

function candidates(batch: CovarianceBatch): Candidate[] {
  const tokens = batch.mask.flatMap((row, b) =>
    Array.from(row, (m, t) => ({ b, t, m })).filter(({ m }) => m > 0),
  );
  const mean = (of: (b: number, t: number) => number) =>
    tokens.reduce((sum, { b, t }) => sum + of(b, t), 0) / tokens.length;
  const advantage = mean((b, t) => advantageAt(batch, b, t));
  const logprob = mean((b, t) => batch.logprobs[b]![t]!);
  return tokens.map(({ b, t }) => ({
    b,
    t,
    covariance: (advantageAt(batch, b, t) - advantage) * (batch.logprobs[b]![t]! - logprob),
  }));
}

function advantageAt({ advantages }: CovarianceBatch, b: number, t: number): number {
  const row = advantages[b]!;
  return typeof row === 'number' ? row : row[t]!;
}

function marked(mask: Rows, tokens: readonly Candidate[]): Float32Array[] {
  const rows = mask.map((row) => new Float32Array(row.length));
  for (const { b, t } of tokens) rows[b]![t] = 1;
  return rows;
}
