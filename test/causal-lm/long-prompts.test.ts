import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CausalLM } from '../../src/causal-lm/causal-lm.ts';
import { loadModel } from '../../src/causal-lm/load-model.ts';
import { modelSampler } from '../../src/causal-lm/model-sampler.ts';
import type { Message } from '../../src/types.ts';
import { modelFolder, textOf } from '../policy/model-folder.ts';

const say = (role: Message['role'], ids: readonly number[]): Message => ({ role, content: textOf(ids) });
const talk = [
  ...[say('system', [5]), say('user', [6, 7, 8]), say('assistant', [9]), say('user', [10, 11])],
  ...[say('assistant', [12]), say('user', [13, 14, 15])],
];
const options = { temperature: 1, topP: 1, topK: 0, minP: 0, maxNewTokens: 2, stop: [], seed: 0 };

describe('a conversation over the limit loses its oldest turns', () => {
  let model: CausalLM;
  beforeAll(async () => {
    model = await loadModel(modelFolder({ chatTemplate: true }));
  });
  afterAll(() => model.dispose());

  test('in episodes, whose records say what the model saw', async () => {
    const [group] = await modelSampler(model).sample([{ task: { id: 't' }, messages: talk }], {
      ...options,
      groupSize: 1,
      maxPromptLength: 6,
    });
    expect(group!.messages).toEqual([talk[0], talk[5]]);
    expect(group!.promptIds).toEqual([5, 13, 14, 15]);
    expect(group!.promptTokensCut).toBe(9);
  });

  test('in generate, where texts keep their end', async () => {
    const both = { prompts: [talk, textOf([3, 4, 5, 6])], temperature: 0, maxNewTokens: 3 };
    const cut = await model.generate({ ...both, maxPromptLength: 4 });
    const want = await model.generate({
      inputIds: [
        [5, 13, 14, 15],
        [3, 4, 5, 6],
      ],
      temperature: 0,
      maxNewTokens: 3,
    });
    expect(cut.map(({ tokenIds }) => tokenIds)).toEqual(want.map(({ tokenIds }) => tokenIds));
  });
});
