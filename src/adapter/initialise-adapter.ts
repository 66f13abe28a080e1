import type { HostTensor } from '../engine/engine.ts';
import type { ModelConfig } from '../model/config/model-config.ts';
import { randomStream } from '../random.ts';
import type { AdapterSpec } from './adapter-spec.ts';
import { adapterShapes } from './adapter-tensors.ts';

/**
 * Makes a fresh adapter as PEFT does. A [R, in] is kaiming-uniform(√5), which is uniform in ±1/√in. B [out, R] is 0, so
 * that the adapter changes nothing yet. The same seed gives the same bits. Each A draws from its own random stream.
 */
export function initialiseAdapter(
  spec: AdapterSpec,
  config: ModelConfig,
  seed: number,
): Record<string, HostTensor> {
  const tensors = Object.entries(adapterShapes(spec, config)).map(([name, shape]): [string, HostTensor] => {
    const [rows, columns] = shape as [number, number];
    const data = new Float32Array(rows * columns);
    if (name.endsWith('.lora_A.weight')) {
      const stream = randomStream(seed, `initialise ${name}`);
      const bound = 1 / Math.sqrt(columns);
      for (let i = 0; i < data.length; i++) data[i] = bound * (2 * stream.next() - 1);
    }
    return [name, { data, shape, dtype: 'float32' }];
  });
  return Object.fromEntries(tensors);
}
