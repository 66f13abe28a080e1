import { expect, test } from 'vitest';
import { loadModel } from '../../src/causal-lm/load-model.ts';
import { InputError } from '../../src/errors.ts';

test('a base dtype that there is not is refused, with those that there are', async () => {
  const loading = loadModel('tiny', { baseDtype: 'q5' as 'q4' });
  await expect(loading).rejects.toThrow(InputError);
  await expect(loading).rejects.toThrow('baseDtype is "q5"; it may be float32, bfloat16, q8, q4');
});
