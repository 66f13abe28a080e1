import { adapterSpec } from '../../../src/adapter/adapter-spec.ts';
import type { StoredAdapter } from '../../../src/adapter/stored-adapter.ts';
import type { ModelConfig } from '../../../src/model/config/model-config.ts';
import { expectedTensors } from '../../../src/model/weights/expected-tensors.ts';
import { normal, randomStream } from '../../../src/random.ts';

const MODULES = ['q_proj', 'v_proj', 'down_proj'];

/** An adapter with random tensors, at a β. */
export function madeUpAdapter(config: ModelConfig, beta: number, rank = 4): StoredAdapter {
  const settings = { rank, alpha: 8, rsLora: false, placement: 'A-s-B', activation: 'gelu' } as const;
  const adapter = { ...settings, targetModules: MODULES };
  const spec = adapterSpec(
    { method: 'afa-lora', adapter } as unknown as Parameters<typeof adapterSpec>[0],
    config,
  );
  const random = randomStream(1, 'adapter');
  const sizes = expectedTensors(config);
  const noise = (shape: [number, number]) => ({
    data: Float32Array.from({ length: shape[0] * shape[1] }, () => 0.3 * normal(random)),
    shape,
    dtype: 'float32' as const,
  });
  const tensors = Object.keys(spec.modules).flatMap((module) => {
    const [out, inner] = sizes[`${module}.weight`] as unknown as [number, number];
    const at = `base_model.model.${module}`;
    return [
      [`${at}.lora_A.weight`, noise([rank, inner])],
      [`${at}.lora_B.weight`, noise([out, rank])],
    ] as const;
  });
  return {
    spec,
    tensors: Object.fromEntries(tensors),
    weights: {},
    baseModel: undefined,
    afa: {
      activation: 'gelu',
      placement: 'A-s-B',
      schedule: { kind: 'linear', fraction: 0.3 },
      steps: 10,
      step: 0,
      beta: Array<number>(config.layers).fill(beta),
    } as NonNullable<StoredAdapter['afa']>,
  };
}
