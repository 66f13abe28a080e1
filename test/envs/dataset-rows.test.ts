import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { countdown, type DatasetOptions, dataset } from '../../envs/index.ts';
import { InputError } from '../../src/errors.ts';
import type { Environment, Task } from '../../src/types.ts';
import { temporaryFolders } from '../io/temporary-folder.ts';
import { collect, validate } from './collect.ts';

const folder = temporaryFolders();
const lines = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).join('\n');

/** An environment over rows that are its train split; the test split is the same. */
function over(rows: readonly object[], options: DatasetOptions = {}): Environment {
  const path = folder();
  for (const split of ['train', 'test']) writeFileSync(join(path, `${split}.jsonl`), lines(rows));
  return dataset({ path, ...options });
}

const tasksOf = (rows: readonly object[], options: DatasetOptions = {}): Promise<Task[]> =>
  collect(over(rows, options), 'train');

async function refused(rows: readonly object[], options: DatasetOptions, message: RegExp): Promise<void> {
  const error = await tasksOf(rows, options).catch((e) => e);
  expect(error).toBeInstanceOf(InputError);
  expect(error.message).toMatch(message);
}

const user = { role: 'user', content: 'How much is 1+1?' };
const system = { role: 'system', content: 'Be brief.' };

describe('a column that holds a conversation', () => {
  test('is the prompt, with all its turns', async () => {
    const prompt = [system, user, { role: 'assistant', content: 'Two?' }, { role: 'user', content: 'Sure?' }];
    const env = over([{ prompt, answer: '2' }], { template: '{prompt}' });
    const [task] = await collect(env, 'train');
    expect(env.prompt(task!)).toEqual(prompt);
    expect(await validate(env)).toEqual({ total: 2, failures: [] });
  });

  test('comes behind the option system, unless it has a system message of its own', async () => {
    const env = over([{ prompt: [user] }], { template: '{prompt}', system: 'Think.' });
    expect(env.prompt((await collect(env, 'train'))[0]!)).toEqual([
      { role: 'system', content: 'Think.' },
      user,
    ]);
    await refused(
      [{ prompt: [system, user] }],
      { template: '{prompt}', system: 'Think.' },
      /train\.jsonl:1: field "prompt" begins with a system message of its own; leave out the option system/,
    );
  });

  test('tells a row’s split: one file has each conversation in one of them', async () => {
    const rows = Array.from({ length: 100 }, (_, i) => ({ prompt: [{ role: 'user', content: `${i}` }] }));
    const path = join(folder(), 'all.jsonl');
    writeFileSync(path, lines(rows));
    const env = dataset({ path, template: '{prompt}' });
    const [train, held] = [await collect(env, 'train'), await collect(env, 'test')];
    expect(train.length + held.length).toBe(100);
    expect(held.length).toBeGreaterThan(3);
  });

  test('may be a target, when it is one turn of the assistant', async () => {
    const rows = [{ prompt: [user], completion: [{ role: 'assistant', content: '2' }] }];
    const env = over(rows, { template: '{prompt}', target: '{completion}' });
    expect(env.target!((await collect(env, 'train'))[0]!)).toBe('2');
    await refused(
      [{ prompt: [user], completion: [user] }],
      { template: '{prompt}', target: '{completion}' },
      /train\.jsonl:1: field "completion" is a list/,
    );
  });

  test('that is prompt and target at once gives its last turn as the target, and all of it to teach', async () => {
    const call = { id: 'c', type: 'function', function: { name: 'add', arguments: { a: 1 } } };
    const talk = [
      system,
      user,
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', content: '2', tool_call_id: 'c', name: 'add' },
      { role: 'assistant', content: '2', reasoning_content: 'easy' },
    ];
    const options = { template: '{messages}', target: '{messages}' };
    const env = over([{ messages: talk }, { messages: talk.slice(0, 3) }], options);
    const [whole, calling] = await collect(env, 'train');
    const read = talk.map((message) => ({ ...message, content: message.content ?? '' }));
    expect(env.prompt(whole!)).toEqual(read.slice(0, 4));
    expect(env.target!(whole!)).toBe('2');
    expect(env.conversation!(whole!)).toEqual(read);
    expect(env.conversation!(calling!)).toEqual(read.slice(0, 3));
    expect(() => env.target!(calling!)).toThrow(
      /train\.jsonl:2: the last turn calls tools.*sft\.turns 'all'/,
    );
    await refused([{ messages: [user] }], options, /is a conversation to teach, which must end with a turn/);
    await refused([{ messages: [user, user] }], options, /it has user, user/);
  });

  test('that is only a prompt is taught with the target after it', async () => {
    const rows = [{ prompt: [user, { role: 'assistant', content: 'It is ' }], answer: '2' }];
    const env = over(rows, { template: '{prompt}' });
    const [task] = await collect(env, 'train');
    expect(env.conversation!(task!)).toEqual([user, { role: 'assistant', content: 'It is 2' }]);
  });

  test.each([
    [
      [{ role: 'human', content: 'x' }],
      /train\.jsonl:1: field "prompt": message 1 has the role "human"; roles are system,/,
    ],
    [
      [user, { role: 'user', content: [{ type: 'text', text: 'x' }] }],
      /field "prompt": message 2 has no text as its content/,
    ],
    [[{ role: 'assistant', content: '', tool_calls: [{}] }], /message 1: tool_calls\.0\.function:/],
    [[{ role: 'tool', content: '1', tool_call_id: 7 }], /message 1: tool_call_id:/],
  ])('with a message that can’t be used is refused: %#', async (prompt, message) => {
    await refused([{ prompt }], { template: '{prompt}' }, message);
  });

  test('loses its oldest turns when it is cut to fit', async () => {
    const model = folder();
    writeFileSync(
      join(model, 'tokenizer.json'),
      JSON.stringify({
        added_tokens: [],
        normalizer: null,
        pre_tokenizer: null,
        post_processor: null,
        decoder: { type: 'Fuse' },
        model: { type: 'BPE', vocab: Object.fromEntries([...'abcdefg|'].map((c, i) => [c, i])), merges: [] },
      }),
    );
    writeFileSync(join(model, 'chat_template.jinja'), '{% for m in messages %}{{ m.content }}|{% endfor %}');
    const turns = ['aaaa', 'bbbb', 'cccc', 'dd'];
    const prompt = turns.map((content, i) => ({ role: ['user', 'assistant'][i % 2], content }));
    const limit = { maxPromptTokens: 9, longPrompts: 'cut' as const, tokenizer: model };
    const env = over([{ prompt }], { template: '{prompt}', ...limit });
    expect(env.prompt((await collect(env, 'train'))[0]!)).toEqual(prompt.slice(2));
  });
});

describe('any other structure where text is needed is refused, with row and column', () => {
  test.each([
    [
      { prompt: ['a', 'b'] },
      { template: '{prompt}' },
      /train\.jsonl:1: field "prompt" is a list, \["a","b"\].*such as "prompt\.0"/,
    ],
    [
      { prompt: { text: 'a' } },
      { template: '{prompt}' },
      /train\.jsonl:1: field "prompt" is a structure, .*such as "prompt\.text"/,
    ],
    [{ prompt: [user] }, { template: 'Q: {prompt}' }, /train\.jsonl:1: field "prompt" is a list/],
    [{ question: 'q', answer: ['1', '2'] }, {}, /train\.jsonl:1: field "answer" is a list, \["1","2"\]/],
    [{ question: 'q', answer: ['#### 1'] }, { answer: 'hash' as const }, /field "answer" is a list/],
    [
      { question: 'q', golds: [1] },
      { columns: { answer: 'golds' } },
      /field "answer" \(column "golds"\) is a list/,
    ],
    [{ question: 'q', id: [1] }, {}, /train\.jsonl:1: field "id" is a list/],
  ])('%#', async (row, options, message) => {
    await refused([row], options, message);
  });

  test('a list that no template names is left for rewards to read', async () => {
    const [task] = await tasksOf([{ question: 'q', answer: '1', tests: [{ stdin: 'x' }] }]);
    expect(task!.tests).toEqual([{ stdin: 'x' }]);
  });
});

describe('fields inside a structure', () => {
  const row = {
    prompt: [user],
    reward_model: { style: 'rule', ground_truth: '2' },
    extra_info: { index: 7 },
  };

  test('are named in columns and templates', async () => {
    const columns = { answer: 'reward_model.ground_truth', asked: 'prompt.0.content' };
    const env = over([row], {
      columns,
      template: '{extra_info.index}: {asked}',
      target: '{reward_model.ground_truth}',
    });
    const [task] = await collect(env, 'train');
    expect(task!.answer).toBe('2');
    expect(env.prompt(task!)[0]!.content).toBe('7: How much is 1+1?');
    expect(env.target!(task!)).toBe('2');
  });

  test('a column whose own name has a point in it comes first', async () => {
    const [task] = await tasksOf([{ question: 'q', 'a.b': '1', a: { b: '2' } }], {
      columns: { answer: 'a.b' },
    });
    expect(task!.answer).toBe('1');
  });

  test('that are not there are told with what is', async () => {
    await refused(
      [row],
      { template: '{reward_model.gold}' },
      /field "reward_model\.gold" is missing; "reward_model" is \{"style"/,
    );
    await refused(
      [row],
      { columns: { answer: 'reward_model.gold' } },
      /no column "reward_model\.gold"; it has prompt,/,
    );
  });
});

test('a Parquet file as verl’s data sets are gives conversations, nested answers and ids', async () => {
  const path = folder();
  for (const split of ['train', 'test'])
    copyFileSync('test/fixtures/data/chat.parquet', join(path, `${split}.parquet`));
  const columns = { answer: 'reward_model.ground_truth', id: 'extra_info.index' };
  const env = dataset({ path, template: '{prompt}', columns });
  const tasks = await collect(env, 'train');
  expect(tasks.map(({ id, answer }) => [id, answer])).toEqual([
    ['row-0', '0'],
    ['row-1', '2'],
    ['row-2', '4'],
  ]);
  expect(env.prompt(tasks[1]!)).toEqual([system, user]);
  expect(await validate(env)).toEqual({ total: 6, failures: [] });
});

describe('ids', () => {
  test('a row’s own is the task’s, where it has one; else the file and line', async () => {
    const tasks = await tasksOf([{ id: 'q-7', question: 'a' }, { id: 12, question: 'b' }, { question: 'c' }]);
    expect(tasks.map((task) => task.id)).toEqual(['q-7', '12', 'train.jsonl:3']);
    const env = over([{ id: 'q-7' }], { template: 'Problem {id}' });
    expect(env.prompt((await collect(env, 'train'))[0]!)[0]!.content).toBe('Problem q-7');
  });

  test('the same one twice is refused, with what to do', async () => {
    const rows = [
      { id: 1, question: 'a' },
      { id: 1, question: 'b' },
    ];
    await refused(
      rows,
      {},
      /train\.jsonl:2: the id "1" is that of a row before; .*columns: \{ number: 'id' \}/,
    );
    const tasks = await tasksOf(rows, { columns: { number: 'id' } });
    expect(tasks.map(({ id, number }) => [id, number])).toEqual([
      ['train.jsonl:1', 1],
      ['train.jsonl:2', 1],
    ]);
  });

  test('of a puzzle from a file are kept, too', async () => {
    const path = join(folder(), 'p');
    mkdirSync(path);
    const rows = [
      { id: 'p-1', nums: [1, 2], target: 3 },
      { nums: [2, 2], target: 4 },
    ];
    for (const split of ['train', 'test']) writeFileSync(join(path, `${split}.jsonl`), lines(rows));
    const env = countdown({ path });
    const tasks = await collect(env, 'train');
    expect(tasks.map(({ id }) => id)).toEqual(['p-1', '2 2 = 4']);
    expect(() => env.target!(tasks[0]!)).toThrow(/puzzle "p-1" has no solution/);
  });
});

test('behind #### commas between thousands go, those of a list stay', async () => {
  const golds = ['1,234,567', '-1,000.5', '3, 5', '3,5'];
  const rows = golds.map((gold) => ({ question: 'q', answer: `So\n#### ${gold}` }));
  const tasks = await tasksOf(rows, { answer: 'hash' });
  expect(tasks.map(({ answer }) => answer)).toEqual(['1234567', '-1000.5', '3, 5', '3,5']);
});

describe('a row without an answer', () => {
  test('has a prompt, and no target', async () => {
    const env = over([{ question: 'Say something short.' }]);
    const [task] = await collect(env, 'train');
    expect(env.prompt(task!)[0]!.content).toBe('Say something short.');
    expect(() => env.target!(task!)).toThrow(
      /train\.jsonl:1: field "answer" is missing; the row has question/,
    );
  });

  test('is not one whose answer is null, and both are told by their reason', async () => {
    const env = over([{ question: 'a', answer: '1' }, { question: 'b', answer: null }, { question: 'c' }]);
    const { failures } = await validate(env);
    expect(failures.slice(0, 2)).toEqual([
      expect.stringMatching(/^train\.jsonl:2: .*field "answer" is null$/),
      expect.stringMatching(/^train\.jsonl:3: .*field "answer" is missing/),
    ]);
    await refused([{ question: null }], {}, /train\.jsonl:1: field "question" is null$/);
    await refused(
      [{ question: 'q', answer: null }],
      { answer: 'hash' },
      /train\.jsonl:1: field "answer" is null$/,
    );
    await refused(
      [{ question: 'q', a: null }],
      { answer: 'hash', columns: { answer: 'a' } },
      /field "answer" \(column "a"\) is null/,
    );
  });
});
