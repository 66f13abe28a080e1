import { type LossConfig, lossNamed } from './index.ts';

/**
 * The numbers of a loss configuration that its graph takes as scalar inputs, so that changing one needs no new
 * compilation: just those that the selected code reads.
 */
export function hyperParameters(config: LossConfig): Record<string, number> {
  const definition = lossNamed(config);
  return {
    ...(definition.hyper ? definition.hyper(config) : numbers(config, Object.keys(definition.options))),
    ...(config.klCoef !== 0 && { klCoef: config.klCoef }),
    ...(config.entropyCoef !== 0 && { entropyCoef: config.entropyCoef }),
    ...(config.offPolicyThreshold !== undefined && { offPolicyThreshold: config.offPolicyThreshold }),
  };
}

const numbers = (config: Readonly<Record<string, unknown>>, names: readonly string[]) =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = config[name];
      return typeof value === 'number' ? [[name, value]] : [];
    }),
  );
