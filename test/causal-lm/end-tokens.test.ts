import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadModel } from '../../src/causal-lm/load-model.ts';
import { modelFolder } from '../policy/model-folder.ts';

test('a completion ends at the tokenizer’s end token, whatever config says', async () => {
  const folder = modelFolder({ eosTokenIds: [2] });
  for (const name of ['config.json', 'generation_config.json']) {
    const json = JSON.parse(readFileSync(join(folder, name), 'utf8'));
    writeFileSync(join(folder, name), JSON.stringify({ ...json, eos_token_id: 9 }));
  }
  const model = await loadModel(folder);
  try {
    const drawn = await model.generate({ inputIds: [[5, 6]], n: 48, maxNewTokens: 60, temperature: 4 });
    const ended = drawn.filter(({ tokenIds }) => tokenIds.includes(2));
    expect(ended.length).toBeGreaterThan(3);
    for (const { tokenIds, finishReason } of ended) {
      expect(tokenIds.indexOf(2)).toBe(tokenIds.length - 1);
      expect(finishReason).toBe('eos');
    }
  } finally {
    await model.dispose();
  }
});
