import {
  type DivergenceOptions,
  divergenceHead,
  type HeadRows,
} from '../../algorithm/draft/divergence-head.ts';
import type { LossResult } from '../../algorithm/loss/terms/types.ts';
import type { Named } from '../../engine/engine.ts';
import * as tf from '../../engine/tfjs.ts';
import { chunksOf } from '../../model/axes/batch-axes.ts';

export interface DraftLossParts extends Pick<DivergenceOptions, 'loss' | 'weightGradient'> {
  readonly target: HeadRows;
  readonly draft: HeadRows;
  /** Loss tokens of the optimiser batch. */
  readonly tokens: tf.Scalar;
}

/**
 * Σ w·D(p, q) over the completion tokens of a micro-batch's packed rows, and its part of the batch's means. `inputs` has
 * targets, mask, lossWeights and temperature.
 */
export function draftLoss(
  inputs: Named<tf.Tensor>,
  { target, draft, tokens, ...options }: DraftLossParts,
): LossResult {
  const { count, size } = chunksOf(inputs);
  const rows = divergenceHead(
    {
      target,
      draft,
      targets: inputs.targets as tf.Tensor1D,
      temperature: inputs.temperature as tf.Scalar,
    },
    { ...options, chunk: size, chunks: count },
  );
  const flat = (name: 'mask' | 'lossWeights') => tf.reshape(inputs[name]!, [-1]);
  const mean = (x: tf.Tensor) => tf.div(tf.sum(tf.mul(x, flat('mask'))), tokens);
  return {
    loss: tf.sum(tf.mul(rows.divergence, flat('lossWeights'))),
    metrics: {
      'draft/divergence': mean(rows.divergence),
      'draft/acceptance_rate': mean(rows.acceptance),
    },
  };
}
