import { z } from 'zod';
import { estimatorNamed } from '../../src/algorithm/advantage/index.ts';
import type { AdvantageBatch, Advantages } from '../../src/algorithm/advantage/types.ts';

/** The advantages of a named estimator; options that are not given, or that it does not read, are as in a recipe. */
export function estimate(
  name: string,
  batch: AdvantageBatch,
  { compat, ...options }: { readonly compat?: 'trl' | 'verl'; readonly [option: string]: unknown } = {},
): Advantages {
  const rewardAggregation = name === 'normalise-then-sum' ? name : 'sum';
  const estimator = estimatorNamed({ estimator: name, compat, rewardAggregation });
  const shape = { ...estimator.options, ...estimator.beside };
  return estimator.estimate(batch, z.object(shape).parse(options));
}
