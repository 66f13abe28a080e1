import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { LoadedModel } from '../../src/causal-lm/loaded-model.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { createOnnxEngine } from '../../src/engine/onnx/onnx-engine.ts';
import { readModelConfig } from '../../src/model/read-config.ts';
import { loadTokenizer } from '../../src/model/tokenizer/tokenizer.ts';
import { loadWeights } from '../../src/model/weights/load-weights.ts';

/** Every family, with windows and without, in random weights. */
const folder = 'test/fixtures/own/models';
const models = [
  ...readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(folder, name)),
  ...['mistral-window', 'qwen2-tied', 'qwen3-headdim'].map((name) => join('test/fixtures/models', name)),
];

const engine = await createOnnxEngine({ threads: 1 });
afterAll(() => engine.dispose());

/** The engine, which notes the names of the programs that run. */
const ran: string[] = [];
const noting: Engine = {
  ...engine,
  name: 'onnx',
  stats: () => engine.stats(),
  dispose: () => engine.dispose(),
  compile: (fn, options) => {
    const program = engine.compile(fn, options);
    return {
      run: (...given) => {
        ran.push(options.name);
        return program.run(...given);
      },
      dispose: () => program.dispose(),
    };
  },
};

describe.each(models)('%s: a text that goes on after a kept one', (source) => {
  test('has the log-probs of the whole text', async () => {
    const config = await readModelConfig(source);
    const weights = await loadWeights(source, config, 'float32');
    // The texts are ids; no text is read or shown.
    const tokenizer = await loadTokenizer('models/tiny');
    const model = new LoadedModel({ engine: noting, ownsEngine: false, config, tokenizer, weights });
    const vocab = Math.min(model.config.vocabSize, 60);
    const ids = (seed: number, length: number) =>
      Array.from({ length }, (_, t) => (7 * seed + 13 * t + t * t) % vocab);
    // Lengths differ, and so does what is added. Some texts are longer than the window.
    const prompts = [ids(1, 21), ids(2, 40), ids(3, 29)];
    const first = await model.generate({ inputIds: prompts, maxNewTokens: 6, seed: 2, keep: true });
    const longer = prompts.map((prompt, p) => [...prompt, ...first[p]!.tokenIds, ...ids(p + 5, 3 + 4 * p)]);
    ran.length = 0;
    const second = await model.generate({ inputIds: longer, maxNewTokens: 6, seed: 3 });
    expect(ran).toContain('extend');
    expect(ran).not.toContain('prefill');
    for (const [p, { tokenIds, logprobs }] of second.entries()) {
      const row = [...longer[p]!, ...tokenIds];
      const { data } = await model.logprobs({ inputIds: [row], attentionMask: [row.map(() => 1)] });
      const want = Array.from(data.slice(-tokenIds.length));
      for (const [t, logprob] of logprobs.entries()) expect(Math.abs(logprob - want[t]!)).toBeLessThan(1e-4);
    }
    ran.length = 0;
    await model.generate({ inputIds: longer, maxNewTokens: 1 });
    expect(ran).toContain('prefill');
    await model.dispose();
  });
});
