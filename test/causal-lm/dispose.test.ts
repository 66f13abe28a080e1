import { expect, test } from 'vitest';
import { loadModel } from '../../src/causal-lm/load-model.ts';
import { InputError } from '../../src/errors.ts';

test('a model that was disposed computes nothing more, and says so', async () => {
  const model = await loadModel('tiny');
  const batch = { inputIds: [[1, 2]], attentionMask: [[1, 1]] };
  await model.dispose();
  await model.dispose();
  const calls = [
    model.generate({ prompts: ['1+1='] }),
    model.logits(batch),
    model.logprobs(batch),
    model.continuationLogprobs([{ prompt: [1], completions: [[2]] }]),
    model.withAdapter('nowhere'),
  ];
  for (const call of calls) {
    await expect(call).rejects.toThrow(InputError);
    await expect(call).rejects.toThrow('the model was disposed');
  }
});

test('generation ends between two tokens when its signal aborts', async () => {
  const model = await loadModel('tiny');
  try {
    const stop = new AbortController();
    const generating = model.generate({ prompts: ['1+1='], n: 8, maxNewTokens: 100, signal: stop.signal });
    setImmediate(() => stop.abort(new Error('enough')));
    await expect(generating).rejects.toThrow('enough');
    await expect(model.generate({ prompts: ['1+1='], signal: stop.signal })).rejects.toThrow('enough');
    expect(await model.generate({ prompts: ['1+1='], maxNewTokens: 2 })).toHaveLength(1);
  } finally {
    await model.dispose();
  }
});
