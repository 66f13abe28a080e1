import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseModelConfig } from '../../../src/model/families/parse-config.ts';
import { readModelConfig } from '../../../src/model/read-config.ts';
import { expectedTensors } from '../../../src/model/weights/expected-tensors.ts';
import { firstLayers } from '../../../src/model/weights/first-layers.ts';
import { loadWeights } from '../../../src/model/weights/load-weights.ts';

const families = [
  ...['llama-bf16', 'mistral-window', 'qwen2-tied', 'qwen3-headdim'].map((name) => `models/${name}`),
  ...['gemma2-tiny', 'gemma3-tiny', 'phi3-tiny', 'phi3-longrope', 'qwen2-window', 'smollm3-nope'].map(
    (name) => `own/models/${name}`,
  ),
];

describe.each(families)('the first layers of %s', (name) => {
  const folder = resolve('test/fixtures', name);

  test('are a model whose config.json says the same of each of them', async () => {
    const config = await readModelConfig(folder);
    const weights = await loadWeights(folder, config);
    for (let count = 1; count < config.layers; count++) {
      const { config: first, weights: kept } = firstLayers({ config, weights }, count);
      const { raw, rawGeneration, ...form } = first;
      const {
        raw: _,
        rawGeneration: __,
        ...read
      } = parseModelConfig({
        config: raw,
        ...(rawGeneration && { generation: rawGeneration }),
        where: 'config.json',
      });
      expect(read).toEqual(form);
      expect(form.layerForms).toEqual(config.layerForms.slice(0, count));
      expect(Object.keys(kept)).toEqual(Object.keys(expectedTensors(first)));
      for (const [tensor, { data }] of Object.entries(kept)) expect(data).toBe(weights[tensor]!.data);
    }
  });
});
