import { expect, test } from 'vitest';
import { perCompletion } from '../../rewards/index.ts';
import { InputError } from '../../src/errors.ts';
import { score } from './score.ts';

const failure = (thrown: unknown, texts = ['a', 'b', 'c']): Promise<Error> =>
  Promise.resolve(
    score(
      perCompletion('own', () => {
        throw thrown;
      }),
      texts,
    ),
  ).then(
    () => new Error('nothing was thrown'),
    (error: Error) => error,
  );

test('an error that several samples share names the first, and stays as it is', async () => {
  const shared = new InputError('no');
  const error = await failure(shared);
  expect(error).toBeInstanceOf(InputError);
  expect([error.message, error.name, error.cause, shared.message]).toEqual([
    'sample 0: no',
    'InputError',
    shared,
    'no',
  ]);
});

test('a frozen error, and an error with a constructor of its own, keep their class and fields', async () => {
  class HttpError extends RangeError {
    readonly status: number;
    constructor(status: number) {
      super(`status ${status}`);
      this.status = status;
    }
  }
  const error = (await failure(Object.freeze(new HttpError(503)))) as HttpError;
  expect(error).toBeInstanceOf(HttpError);
  expect([error.message, error.status]).toEqual(['sample 0: status 503', 503]);
  expect(error.stack).toContain('per-completion.test.ts');
});

test('what is no error names the sample, too', async () => {
  expect((await failure('odd')).message).toBe('sample 0: odd');
  expect((await failure(undefined)).message).toBe('sample 0: undefined');
  expect((await failure(new DOMException('late', 'TimeoutError'))).message).toBe('sample 0: late');
});
