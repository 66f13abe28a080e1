import type { HostTensor, Named } from '../engine/engine.ts';
import type { AdapterSpec } from './adapter-spec.ts';
import { BETA } from './afa-lora.ts';
import { doraNorms } from './dora.ts';

/**
 * What `adaptedLinear` reads besides the base weights: the adapter's tensors, β of each layer [L] if it anneals, and
 * with DoRA the norms of the adapted weights' rows.
 */
export function adapterInputs(
  spec: AdapterSpec,
  {
    tensors,
    betas,
    base,
  }: {
    readonly tensors: Named<HostTensor>;
    readonly betas: readonly number[];
    readonly base: Named<HostTensor>;
  },
): Named<HostTensor> {
  const beta: HostTensor = { data: Float32Array.from(betas), shape: [betas.length], dtype: 'float32' };
  return { ...tensors, ...(spec.anneals && { [BETA]: beta }), ...doraNorms(spec, tensors, base) };
}
