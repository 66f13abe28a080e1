import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { operations, schemas } from '../../../src/serve/http/openapi/operations.ts';
import { routes } from '../../../src/serve/http/routes/index.ts';
import type { Serving } from '../../../src/serve/http/serving/serving.ts';
import { json, useServer } from './serving.ts';

const serve = useServer();
const messages = [{ role: 'user', content: 'a' }];

test('the description is valid OpenAPI 3.1', async () => {
  const { url } = await serve();
  const validator = new Validator();
  const { valid, errors } = await validator.validate(await json(await fetch(`${url}/openapi.json`)));
  expect({ valid, errors }).toEqual({ valid: true, errors: undefined });
  expect(validator.version).toBe('3.1');
});

test('it tells every route, and no other', () => {
  const written = routes({ metrics: {} } as Serving).map(({ method, path, open }) => [
    method.toLowerCase(),
    path.replace(/:(\w+)\{[^}]*\}/, '{$1}'),
    open ?? false,
  ]);
  const told = operations.map(({ method, path, open }) => [method, path, open ?? false]);
  expect(told.map(String).sort()).toEqual(written.map(String).sort());
});

/** A check of values against a schema of the description, by another reader of JSON schemas than zod. */
async function checker(url: string): Promise<(name: string) => ValidateFunction> {
  const document = await json(await fetch(`${url}/openapi.json`));
  const ajv = new Ajv2020({ strict: false });
  ajv.addSchema(document, 'api');
  return (name) => ajv.getSchema(`api#/components/schemas/${name}`)!;
}

test('answers, chunks and errors are what it says', async () => {
  const { url, post, service } = await serve();
  const check = await checker(url);
  const expectValid = (name: string, value: unknown) => {
    const validate = check(name);
    expect({ name, valid: validate(value), errors: validate.errors }).toEqual({
      name,
      valid: true,
      errors: null,
    });
  };
  const chunksOf = (events: string) =>
    events.match(/^data: \{.*$/gm)!.map((line) => JSON.parse(line.slice(6)));
  expectValid('Models', await json(await fetch(`${url}/v1/models`)));
  expectValid('Model', await json(await fetch(`${url}/v1/models/tuned`)));
  expectValid('Health', await json(await fetch(`${url}/health`)));
  expectValid('Tokens', await json(await post('/tokenize', { prompt: 'a', return_token_strs: true })));
  expectValid('Text', await json(await post('/detokenize', { tokens: [97] })));
  expectValid('Error', await json(await post('/detokenize', { tokens: 1 })));
  const stream = { stream: true, stream_options: { include_usage: true } };
  const text = { model: 'base', prompt: 'ab', n: 2, logprobs: 2, echo: true, return_token_ids: true };
  for (const body of [{ model: 'base', prompt: 'ab' }, text]) {
    expectValid('Completion', await json(await post('/v1/completions', body)));
    const events = await (await post('/v1/completions', { ...body, ...stream })).text();
    for (const chunk of chunksOf(events)) expectValid('Completion', chunk);
  }
  service.reply = () => 'a <tool_call>{"name":"f","arguments":{}}</tool_call>';
  const tools = [{ type: 'function', function: { name: 'f' } }];
  const chat = { model: 'base', messages, tools, logprobs: true, top_logprobs: 1, return_token_ids: true };
  for (const body of [{ model: 'base', messages }, chat]) {
    expectValid('ChatCompletion', await json(await post('/v1/chat/completions', body)));
    const events = await (await post('/v1/chat/completions', { ...body, ...stream })).text();
    for (const chunk of chunksOf(events)) expectValid('ChatCompletionChunk', chunk);
  }
});

test.each([
  ['CompletionRequest', { model: 'base', prompt: ['a'], stop: 'x', logit_bias: {}, n: 2 }, true],
  ['CompletionRequest', { model: 'base', prompt: [[1], [2]], stop: ['x', 'y'], seed: 1 }, true],
  ['CompletionRequest', { model: 'base', prompt: 'a', presence_penalty: 1 }, false],
  ['CompletionRequest', { model: 'base', prompt: 'a', foo: 1 }, false],
  ['CompletionRequest', { model: 'base' }, false],
  [
    'ChatCompletionRequest',
    { model: 'base', messages, tools: [], tool_choice: null, top_logprobs: null },
    true,
  ],
  ['ChatCompletionRequest', { model: 'base', messages: [] }, false],
  ['ChatCompletionRequest', { model: 'base', messages, response_format: { type: 'json_object' } }, false],
])('the schema %s of %j says %s, as the server does', async (name, body, valid) => {
  const { url, post } = await serve();
  expect((await checker(url))(name)(body)).toBe(valid);
  const path = name === 'CompletionRequest' ? '/v1/completions' : '/v1/chat/completions';
  expect((await post(path, body)).status).toBe(valid ? 200 : 400);
});

test('docs/serving.md tells every field, path and code of an error', () => {
  const page = readFileSync('docs/serving.md', 'utf8');
  const fields = [schemas.CompletionRequest, schemas.ChatCompletionRequest].flatMap(({ shape }) =>
    Object.keys(shape),
  );
  const paths = operations.map(({ path }) => path.replace('{model}', 'NAME'));
  expect([...fields, ...paths].filter((name) => !page.includes(name))).toEqual([]);
});
