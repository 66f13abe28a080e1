import { describe, expect, test, vi } from 'vitest';
import { anneal } from './command-line.ts';
import { runProcess } from './processes.ts';

// Every process compiles the sources anew: seconds of work on a busy machine.
vi.setConfig({ testTimeout: 240_000 });

test('anneal serve says what to try, serves it, and stops at a signal', async () => {
  const answers: string[] = [];
  const ended = await runProcess(
    ['serve', 'tiny', '--port', '0', '--threads', '1', '--model-name', 'calc'],
    (line, { send }) => {
      const [, url] = /^ {2}curl (\S+)\/v1\/chat/.exec(line) ?? [];
      if (url === undefined) return;
      const body = line.slice(line.indexOf('{'), line.lastIndexOf("'"));
      const headers = { 'content-type': 'application/json' };
      fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body })
        .then((answer) => answer.text())
        .then((text) => {
          answers.push(text);
          send('SIGTERM');
        });
    },
    { ANNEAL_API_KEY: undefined },
  );
  expect(JSON.parse(answers[0]!)).toMatchObject({
    model: 'calc',
    choices: [{ message: { role: 'assistant' } }],
  });
  expect({ code: ended.code, signal: ended.signal }).toEqual({ code: 0, signal: null });
  expect(ended.lines[0]).toBe('calc: tiny, 64 positions');
  expect(ended.errors).toEqual([
    'stopping: requests under way have 30 s to finish; once more to stop at once',
  ]);
});

describe('bad input is one line', () => {
  test.each([
    [['--port', '70000'], '--port takes a port from 0 to 65535 (got 70000)'],
    [['--port', 'web'], '--port takes a number (got "web")'],
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
    [['--model-name', ''], '--model-name takes letters, digits and ._:/@- (got "")'],
  ])('%j', async (args, message) => {
    const { code, err, out } = await anneal(['serve', 'tiny', ...args]);
    expect({ code, err, out }).toEqual({ code: 2, err: [`error: ${message}`], out: [] });
  });

  test('a model that there is not', async () => {
    const { code, err } = await anneal(['serve', 'no/such/model/here']);
    expect(code).toBe(2);
    expect(err).toHaveLength(1);
  });
});
