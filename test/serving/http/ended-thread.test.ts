import { expect, test } from 'vitest';
import { openModelService } from '../../../src/serve/engine/open-model-service.ts';
import { json, useServer } from './serving.ts';

const serve = useServer();

test('when the thread of the models has ended, /health says so, and requests fail at once', async () => {
  const service = await openModelService({ model: 'tiny', engine: { threads: 1 } });
  const { url, post, bugs } = await serve({}, service);
  const health = async () => {
    const answer = await fetch(`${url}/health`);
    return [answer.status, await json(answer)];
  };
  expect(await health()).toEqual([200, { status: 'ok' }]);
  await service.close();
  expect(await health()).toEqual([503, { status: 'failed' }]);
  const answer = await post('/v1/completions', { model: 'tiny', prompt: '1+2=' });
  expect([answer.status, (await json(answer)).error.code]).toEqual([500, 'internal_error']);
  expect(bugs).toMatchObject([{ message: expect.stringContaining('the thread that computes has ended') }]);
});
