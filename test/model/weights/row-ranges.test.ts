import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { ModelConfig } from '../../../src/model/config/model-config.ts';
import { openGguf } from '../../../src/model/files/gguf.ts';
import { readModelConfig } from '../../../src/model/read-config.ts';
import { expectedTensors } from '../../../src/model/weights/expected-tensors.ts';
import { unfused } from '../../../src/model/weights/fused.ts';
import { ggufWeights } from '../../../src/model/weights/gguf-weights.ts';
import { openShards, openSingle } from '../../../src/model/weights/safetensors-weights.ts';
import type { WeightStore } from '../../../src/model/weights/weight-store.ts';

const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url));

const stores: [
  name: string,
  folder: string,
  open: (path: string, config: ModelConfig) => Promise<WeightStore>,
][] = [
  ['bfloat16', join(fixtures, 'models/llama-bf16'), (path) => openSingle(join(path, 'model.safetensors'))],
  [
    'shards',
    join(fixtures, 'models/llama-sharded'),
    (path) => openShards(join(path, 'model.safetensors.index.json')),
  ],
  [
    'linear layers stored as one',
    join(fixtures, 'own/models/phi3-tiny'),
    async (path, config) => unfused(await openSingle(join(path, 'model.safetensors')), config),
  ],
  [
    'GGUF, whose heads are permuted',
    join(fixtures, 'own/gguf/families/llama-linear.gguf'),
    async (path, config) => ggufWeights(await openGguf(path), config),
  ],
];

test.each(stores)(
  'rows of %s are rows of the whole, wherever they begin and end',
  async (_, folder, open) => {
    const config = await readModelConfig(folder);
    const store = await open(folder, config);
    try {
      for (const [name, [rows, columns = 1]] of Object.entries(expectedTensors(config))) {
        const whole = await store.read(name);
        for (const [first, count] of [
          [0, rows!],
          [1, 1],
          [3, rows! - 5],
          [rows! - 1, 1],
        ] as const) {
          const part = await store.read(name, { first, count });
          expect(part, `${name} from ${first}`).toEqual(
            whole.slice(first * columns, (first + count) * columns),
          );
        }
      }
    } finally {
      await store.close();
    }
  },
);
