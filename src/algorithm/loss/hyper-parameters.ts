import { lossNamed } from './index.ts';
import type { LossConfig } from './terms/types.ts';

/**
 * The numbers of a loss configuration that its graph takes as scalar inputs, so that changing one needs no new
 * compilation: just those that the selected code reads.
 * @throws InputError when no loss has the configured name.
 */
export function hyperParameters(config: LossConfig): Record<string, number> {
  return {
    ...lossNamed(config).hyper(config),
    ...(config.klCoef !== 0 && { klCoef: config.klCoef }),
    ...(config.entropyCoef && { entropyCoef: config.entropyCoef }),
    ...(config.offPolicyThreshold !== undefined && { offPolicyThreshold: config.offPolicyThreshold }),
  };
}
