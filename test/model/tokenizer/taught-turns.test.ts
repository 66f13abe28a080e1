import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { markedTurns, taughtTurns } from '../../../src/model/tokenizer/taught-turns.ts';
import { createTokenizer, type Tokenizer } from '../../../src/model/tokenizer/tokenizer.ts';
import type { Message } from '../../../src/types.ts';
import type { Json } from '../../golden/golden-files.ts';

const read = (file: string): Json => JSON.parse(readFileSync(`test/fixtures/own/${file}/cases.json`, 'utf8'));
const golden = read('templates');
const { tokenizer: qwen } = (read('tokenizers').kinds as Json[]).find(({ name }) => name === 'qwen 2')!;

const withTemplate = (template: string): Tokenizer =>
  createTokenizer(
    {
      'tokenizer.json': JSON.stringify(qwen),
      'tokenizer_config.json': JSON.stringify({ eos_token: '<|im_end|>' }),
      'chat_template.jinja': template,
    },
    'm',
  );

/** What is taught, text by text. */
const taught = (tokenizer: Tokenizer, messages: readonly Message[]): string[][] =>
  taughtTurns(tokenizer, messages).map(({ ids, mask }) => {
    const turns: number[][] = [];
    for (const [i, own] of mask.entries()) {
      if (own === 0) continue;
      if (mask[i - 1] !== 1) turns.push([]);
      turns.at(-1)!.push(ids[i]!);
    }
    return turns.map((turn) => tokenizer.decode(turn));
  });

const say = (...turns: readonly (readonly [Message['role'], string])[]): Message[] =>
  turns.map(([role, content]) => ({ role, content }));
const twoTurns = say(['user', 'hi'], ['assistant', 'yes'], ['user', 'and'], ['assistant', 'no']);
const thoughtful = say(
  ['user', 'a'],
  ['assistant', '<think>\nhm\n</think>\n\nb'],
  ['user', 'c'],
  ['assistant', '<think>\nso\n</think>\n\nd'],
);

describe('a template that marks what the assistant wrote', () => {
  test.each(golden.masks as Json[])(
    'has the mask of transformers: $name',
    ({ template, messages, ids, mask }) => {
      expect(markedTurns(withTemplate(template), messages)).toEqual({ ids, mask });
    },
  );

  test('teaches that', () => {
    const { template } = (golden.masks as Json[])[0]!;
    expect(taught(withTemplate(template), twoTurns)).toEqual([['yes<|im_end|>', 'no<|im_end|>']]);
  });
});

describe('any other template', () => {
  test('teaches what it adds to the prompt of each turn, with the mark of its end', () => {
    const tokenizer = withTemplate(golden.templates['qwen2.5']);
    expect(taught(tokenizer, twoTurns)).toEqual([['yes<|im_end|>', 'no<|im_end|>']]);
    const [{ ids } = { ids: [] }] = taughtTurns(tokenizer, twoTurns);
    const whole = tokenizer.applyChatTemplate(twoTurns, { addGenerationPrompt: false });
    expect(whole).toBe(`${tokenizer.decode(ids)}\n`);
  });

  test('teaches calls of tools as it writes them, and not what the tools answer', () => {
    const tokenizer = withTemplate(golden.templates['qwen2.5']).withTemplate({ tools: golden.tools });
    const turns = taught(tokenizer, (golden.conversations.tools as Message[]).slice(0, -1));
    expect(turns).toEqual([
      [
        '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris", "unit": "celsius", "days": null}}\n</tool_call><|im_end|>',
        '<tool_call>\n{"name": "add", "arguments": {"numbers": [1, 2.5], "exact": true}}\n</tool_call><|im_end|>',
        '21 °C, and 3.5.<|im_end|>',
      ],
    ]);
  });

  test('that leaves out what was thought earlier teaches each turn as it was when it was the last', () => {
    const tokenizer = withTemplate(golden.templates.qwen3);
    expect(taught(tokenizer, thoughtful)).toEqual([
      ['<think>\nhm\n</think>\n\nb<|im_end|>'],
      ['<think>\nso\n</think>\n\nd<|im_end|>'],
    ]);
    // The later turn is read after the earlier one as the template shows it then.
    const [, second] = taughtTurns(tokenizer, thoughtful);
    const start = second!.mask.indexOf(1);
    expect(tokenizer.decode(second!.ids.slice(0, start))).toBe(
      tokenizer.applyChatTemplate(thoughtful.slice(0, 3)),
    );
  });

  test('whose prompt begins the turn teaches the rest of it after that prompt', () => {
    const template =
      "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content.split('</think>')[-1] if m.role == 'assistant' else m.content }}<|im_end|>{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}";
    const tokenizer = withTemplate(template);
    const talk = say(
      ['user', 'a'],
      ['assistant', 'hm</think>b'],
      ['user', 'c'],
      ['assistant', 'so</think>d'],
    );
    expect(taught(tokenizer, talk)).toEqual([['hm</think>b<|im_end|>'], ['so</think>d<|im_end|>']]);
    const call = { function: { name: 'f', arguments: {} } };
    expect(() => taughtTurns(tokenizer, [talk[0]!, { ...talk[1]!, tool_calls: [call] }])).toThrow(
      /calls tools.*can’t be taught/,
    );
  });

  test('without a mark for the end of a turn leaves the last to the tokenizer’s end token', () => {
    const tokenizer = withTemplate('{% for m in messages %}{{ m.content }} {% endfor %}');
    expect(taught(tokenizer, twoTurns)).toEqual([['yes ', 'no <|im_end|>']]);
  });
});

test('without a template the answer to one user message is taught, and longer conversations are refused', () => {
  const config = JSON.stringify({ eos_token: '<|im_end|>' });
  const plain = createTokenizer(
    { 'tokenizer.json': JSON.stringify(qwen), 'tokenizer_config.json': config },
    'm',
  );
  expect(taught(plain, twoTurns.slice(0, 2))).toEqual([['yes<|im_end|>']]);
  expect(() => taught(plain, twoTurns)).toThrow(/no chat template.* got 3 \(user, assistant, user\)/);
});
