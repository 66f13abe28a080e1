import type { HostTensor } from '../engine/engine.ts';
import type { ModelConfig } from '../model/config/model-config.ts';
import { randomStream } from '../random.ts';
import type { AdapterSpec } from './adapter-spec.ts';
import { adapterShapes } from './adapter-tensors.ts';

/**
 * A fresh adapter, as PEFT makes it: A [R, in] kaiming-uniform(√5), that is uniform in ±1/√in, and B [out, R] = 0, so that it
 * changes nothing yet. The same seed gives the same bits; each A has a stream of its own.
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
