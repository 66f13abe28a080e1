import { z } from 'zod';
import { type LossConfig, lossNamed } from '../../src/algorithm/loss/index.ts';
import { lossTerms } from '../../src/algorithm/loss/loss-terms.ts';

/** What a loss is configured by; the options that a loss does not read fall away. */
type LossSettings = Readonly<Record<string, unknown>> & {
  readonly name: string;
  readonly compat?: 'trl' | 'verl';
};

/** A loss's configuration; what is not given has its default, the KL term those of a KL in TRL's loss. */
export function lossConfig({ name, compat = 'trl', ...given }: LossSettings): LossConfig {
  const { options } = lossNamed({ name, compat });
  const settings = { klEstimator: 'k3', klBiasCorrection: true, ...given };
  const parsed = z.object({ ...options, ...lossTerms }).parse(settings);
  // As in a recipe, a range given by its lower half alone is symmetric.
  const symmetric = given.clipEpsilon !== undefined && given.clipEpsilonHigh === undefined;
  return { name, compat, ...parsed, ...(symmetric && { clipEpsilonHigh: undefined }) } as LossConfig;
}
