import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test, vi } from 'vitest';
import { modelFolder } from '../policy/model-folder.ts';
import { anneal } from './command-line.ts';
import { runProcess } from './processes.ts';

// Every process compiles the sources anew: seconds of work on a busy machine.
vi.setConfig({ testTimeout: 240_000 });

test('anneal serve says what to try, serves it, and stops at a signal', async () => {
  const answers: string[] = [];
  const ended = await runProcess(
    [
      'serve',
      'tiny',
      '--port',
      '0',
      '--threads',
      '1',
      '--model-name',
      'calc',
      '--draft',
      'tiny',
      '--draft-tokens',
      '2',
    ],
    (line, { send }) => {
      const [, url] = /^ {2}curl (\S+)\/v1\/chat/.exec(line) ?? [];
      if (url === undefined) return;
      const body = line.slice(line.indexOf('{'), line.lastIndexOf("'"));
      const headers = { 'content-type': 'application/json' };
      fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body })
        .then((answer) => answer.text())
        .then(async (text) => {
          answers.push(text, await told(`${url}/metrics`, 'anneal_draft_tokens_total{kind="accepted"} '));
          send('SIGTERM');
        });
    },
    { ANNEAL_API_KEY: undefined },
  );
  expect(JSON.parse(answers[0]!)).toMatchObject({
    model: 'calc',
    choices: [{ message: { role: 'assistant' } }],
  });
  // The model drafts for itself: what it proposes is accepted.
  expect(Number(answers[1])).toBeGreaterThan(0);
  expect({ code: ended.code, signal: ended.signal }).toEqual({ code: 0, signal: null });
  expect(ended.lines[0]).toBe('calc: tiny, 64 positions, draft tiny');
  expect(ended.errors).toEqual([
    'stopping: requests under way have 30 s to finish; once more to stop at once',
  ]);
});

/** What a metric says, as soon as it is no longer 0. */
async function told(url: string, name: string): Promise<string> {
  for (let i = 0; i < 100; i++) {
    const text = await (await fetch(url)).text();
    const value = text
      .split('\n')
      .find((line) => line.startsWith(name))
      ?.slice(name.length);
    if (value !== undefined && value !== '0') return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return '0';
}

describe('bad input is one line', () => {
  test.each([
    [['--port', '70000'], '--port takes a port from 0 to 65535 (got 70000)'],
    [['--port', 'web'], '--port takes a number (got "web")'],
    [['--threads', '1.5'], '--threads takes a whole number from 0, which is all cores (got 1.5)'],
    [['--threads', '-1'], '--threads takes a whole number from 0, which is all cores (got -1)'],
    [['--base-dtype', 'foo'], '--base-dtype takes float32, bfloat16, q8, q4 (got "foo")'],
    [['--max-queue', '0'], '--max-queue takes a whole number from 1 (got 0)'],
    [['--max-tokens', '1.5'], '--max-tokens takes a whole number from 1 (got 1.5)'],
    [['--request-timeout', '-1'], '--request-timeout takes seconds, up to a day (got -1)'],
    [['--body-limit', '0'], '--body-limit takes MB, up to 1000 (got 0)'],
    [['--cache-gb', '0'], '--cache-gb must be above 0 (got 0)'],
    [
      ['--cors', 'app.example'],
      '--cors takes an origin such as https://app.example, or * (got "app.example")',
    ],
    [
      ['--api-key', 'two words'],
      'the API key must be of visible ASCII characters without spaces: a header carries it',
    ],
    [['--adapter', 'runs/mine'], '--adapter takes NAME=RUN, such as mine=runs/mine (got "runs/mine")'],
    [['--adapter', 'a b=runs/mine'], '--adapter takes a name of letters, digits and ._:/@- (got "a b")'],
    [['--adapter', 'a=x', '--adapter', 'a=y'], '--adapter: the name a is given twice'],
    [['--draft-tokens', '3'], '--draft-tokens is for a draft: give --draft too'],
    [['--draft', 'tiny', '--draft-tokens', '0'], '--draft-tokens takes a whole number from 1 (got 0)'],
    [['--draft', 'tiny', '--draft-tokens', '2.5'], '--draft-tokens takes a whole number from 1 (got 2.5)'],
    [['--model-name', ''], '--model-name takes letters, digits and ._:/@- (got "")'],
  ])('%j', async (args, message) => {
    const { code, err, out } = await anneal(['serve', 'tiny', ...args]);
    expect({ code, err, out }).toEqual({ code: 2, err: [`error: ${message}`], out: [] });
  });

  test('a draft that there is not, or with another tokenizer', async () => {
    const [missing, other] = [
      await anneal(['serve', 'tiny', '--port', '0', '--draft', 'no/such/draft/here']),
      await anneal(['serve', 'tiny', '--port', '0', '--draft', modelFolder()]),
    ];
    for (const { code, err } of [missing, other]) expect([code, err.length]).toEqual([2, 1]);
    expect(missing.err[0]).toContain('no/such/draft/here');
    expect(other.err[0]).toMatch(/can't draft for tiny: its vocabulary has 160 tokens, the target's has 20/);
  });

  test('a port that is taken, before a model is looked for', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const { code, err } = await anneal(['serve', 'no/such/model/here', '--port', String(port)]);
    server.close();
    expect({ code, err }).toEqual({
      code: 2,
      err: [`error: port ${port} of 127.0.0.1 is in use: name another with --port, or 0 for any free one`],
    });
  });

  test('a model that there is not', async () => {
    const { code, err } = await anneal(['serve', 'no/such/model/here', '--port', '0']);
    expect(code).toBe(2);
    expect(err).toHaveLength(1);
  });
});
