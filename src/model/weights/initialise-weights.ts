import { totalmem } from 'node:os';
import type { HostTensor } from '../../engine/engine.ts';
import { InputError } from '../../errors.ts';
import { normal, type RandomStream, randomStream } from '../../random.ts';
import type { ModelConfig } from '../config/model-config.ts';
import { elementCount } from '../files/safetensors-header.ts';
import { type BaseDtype, bytesPerWeight, formOf } from './base-weights.ts';
import { expectedTensors } from './expected-tensors.ts';
import { weightWriter } from './weight-writer.ts';

/** transformers' default `initializer_range`. */
const DEFAULT_RANGE = 0.02;

/**
 * Fresh weights for a config, by name: linears and embeddings normal with standard deviation `initializer_range`
 * (config.json; .02 when left out), norms such that they multiply by 1, biases 0. The same seed gives the same bits;
 * each tensor has a stream of its own.
 * @throws InputError when the machine has less memory than they take.
 */
export function initialiseWeights(
  config: ModelConfig,
  seed: number,
  dtype: BaseDtype = 'float32',
): Record<string, HostTensor> {
  const range = config.raw.initializer_range;
  const std = typeof range === 'number' ? range : DEFAULT_RANGE;
  const expected = Object.entries(expectedTensors(config));
  const bytes = expected.reduce(
    (sum, [, shape]) => sum + bytesPerWeight[formOf(shape, dtype)] * elementCount(shape),
    0,
  );
  if (bytes > totalmem()) {
    throw new InputError(
      `a fresh model of this config takes ${gigabytes(bytes)}, this machine has ${gigabytes(totalmem())}; make its sizes smaller`,
    );
  }
  const weights = expected.map(([name, shape]) => {
    const data = new Float32Array(elementCount(shape));
    if (isNorm(name)) data.fill(config.normAddsOne ? 0 : 1);
    else if (!name.endsWith('.bias')) fillNormal(data, std, randomStream(seed, `initialise ${name}`));
    const writer = weightWriter(name, shape, dtype);
    writer.write(data, 0);
    return writer.tensors;
  });
  return Object.assign({}, ...weights);
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

const isNorm = (name: string): boolean => name.endsWith('norm.weight');

function fillNormal(data: Float32Array, std: number, stream: RandomStream): void {
  for (let i = 0; i < data.length; i++) data[i] = std * normal(stream);
}
