import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { createTokenizer } from '../../src/model/tokenizer/tokenizer.ts';
import { fitPrompt, type LongPrompts } from '../../src/rollout/fit-prompt.ts';
import type { Message } from '../../src/types.ts';

/** One token a character, and one for each special token: lengths can be counted by eye. */
const marks = ['<s>', '<u>', '<a>', '<t>', '<e>'];
const letters = [...'abcdefghijklmnopqrstuvwxyz0123456789 .'];
const template =
  "{% for m in messages %}{{ {'system': '<s>', 'user': '<u>', 'assistant': '<a>', 'tool': '<t>'}[m.role] }}{{ m.content }}<e>{% endfor %}{% if add_generation_prompt %}<a>{% endif %}";

function characters(chat: string): ReturnType<typeof createTokenizer> {
  const added = marks.map((content, id) => ({ id, content, special: true, normalized: false }));
  const vocab = Object.fromEntries([...marks, ...letters].map((token, id) => [token, id]));
  return createTokenizer(
    {
      'tokenizer.json': JSON.stringify({
        added_tokens: added,
        pre_tokenizer: null,
        normalizer: null,
        post_processor: null,
        decoder: { type: 'Fuse' },
        model: { type: 'BPE', vocab, merges: [] },
      }),
      ...(chat === '' ? {} : { 'chat_template.jinja': chat }),
    },
    'm',
  );
}

const tokenizer = characters(template);
const say = (role: Message['role'], content: string): Message => ({ role, content });
const system = say('system', 'be brief');
const talk = [
  system,
  say('user', 'first question'),
  say('assistant', 'first answer'),
  say('user', 'second'),
  say('tool', 'x'),
  say('user', 'third question'),
];

function fitted(messages: readonly Message[], maxPromptLength: number, longPrompts: LongPrompts = 'cut') {
  const result = fitPrompt(messages, { tokenizer, maxPromptLength, longPrompts });
  return result && { ...result, text: tokenizer.decode(result.ids) };
}

describe('a prompt within its limit', () => {
  test('stays as it is', () => {
    const whole = tokenizer.encodeChat(talk);
    expect(fitted(talk, whole.length)).toMatchObject({
      messages: talk,
      ids: whole,
      cut: { messages: 0, tokens: 0 },
    });
  });
});

describe('a prompt over its limit', () => {
  test('is dropped, or an error with its length', () => {
    expect(fitted(talk, 20, 'drop')).toBeUndefined();
    expect(() => fitted(talk, 20, 'error')).toThrow(InputError);
    expect(() => fitted(talk, 20, 'error')).toThrow(/the prompt has 68 tokens, more than the 20 allowed/);
  });

  test('loses its oldest turns whole, up to a turn of the user, and keeps the system message', () => {
    const length = tokenizer.encodeChat(talk).length;
    const second = fitted(talk, length - 1)!;
    expect(second.text).toBe('<s>be brief<e><u>second<e><t>x<e><u>third question<e><a>');
    expect(second.messages).toEqual([system, ...talk.slice(3)]);
    expect(second.cut).toEqual({ messages: 2, tokens: length - second.ids.length });
    expect(fitted(talk, second.ids.length)!.ids).toEqual(second.ids);
    const third = fitted(talk, second.ids.length - 1)!;
    expect(third.text).toBe('<s>be brief<e><u>third question<e><a>');
    expect(third.cut.messages).toBe(4);
  });

  test('whose last turn alone is too long loses the beginning of its text, no mark of the template', () => {
    expect(fitted(talk, 20)!.text).toBe('<s>be brief<e><u>uestion<e><a>');
    expect(fitted([say('user', 'first question')], 6)!.text).toBe('<u>ion<e><a>');
    expect(fitted([say('user', 'first question')], 6)!.messages).toEqual([say('user', 'ion')]);
  });

  test('is never cut inside a special token that its text holds', () => {
    const tokens = ['a', 'b', '<t>', 'c', 'd', '<t>', 'e', 'f'];
    for (let kept = 1; kept <= tokens.length; kept++) {
      const text = tokens.slice(-kept).join('');
      expect(fitted([say('user', tokens.join(''))], kept + 3)!.text).toBe(`<u>${text}<e><a>`);
    }
  });

  test('is an error where its template and system message alone are too long', () => {
    expect(() => fitted(talk, 12)).toThrow(/can’t be cut to 12 tokens.* has 13/);
    expect(() => fitted([system], 1)).toThrow(InputError);
  });

  test('without a chat template keeps its end', () => {
    const plain = characters('');
    const shorter = fitPrompt([say('user', 'first question')], {
      tokenizer: plain,
      maxPromptLength: 4,
      longPrompts: 'cut',
    })!;
    expect(plain.decode(shorter.ids)).toBe('tion');
  });
});
