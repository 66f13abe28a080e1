import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/errors.ts';
import { createTokenizer, loadTokenizer } from '../../../src/model/tokenizer/tokenizer.ts';
import { temporaryFolders } from '../../io/temporary-folder.ts';

const folder = temporaryFolders();

const special = (id: number, content: string) => ({
  id,
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
});

/** One token a character: what a tiny model has. */
const characters = {
  version: '1.0',
  added_tokens: [special(0, '<s>'), special(1, '</s>')],
  normalizer: null,
  pre_tokenizer: null,
  post_processor: null,
  decoder: { type: 'Fuse' },
  model: {
    type: 'BPE',
    unk_token: null,
    vocab: { '<s>': 0, '</s>': 1, a: 2, b: 3, '²': 4, '=': 5, ' ': 6 },
    merges: [],
  },
};

/** Puts BOS before every text, as Llama's tokenizer does. */
const withBos = {
  ...characters,
  post_processor: {
    type: 'TemplateProcessing',
    single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
    pair: [],
    special_tokens: { '<s>': { id: '<s>', ids: [0], tokens: ['<s>'] } },
  },
};

const make = (tokenizer: object, config: object = {}, template?: string) =>
  createTokenizer(
    {
      'tokenizer.json': JSON.stringify(tokenizer),
      'tokenizer_config.json': JSON.stringify(config),
      ...(template === undefined ? {} : { 'chat_template.jinja': template }),
    },
    'm',
  );

const user = (content: string) => ({ role: 'user' as const, content });
const assistant = (content: string) => ({ role: 'assistant' as const, content });

describe('encoding and decoding', () => {
  test('a character-level tokenizer goes there and back', () => {
    const tokenizer = make(characters, { eos_token: '</s>' });
    expect(tokenizer.encode('a b=²</s>')).toEqual([2, 6, 3, 5, 4, 1]);
    expect(tokenizer.decode([2, 6, 3, 5, 4, 1])).toBe('a b=²</s>');
    expect(tokenizer.decode([2, 1, 3], { skipSpecialTokens: true })).toBe('ab');
    expect([
      tokenizer.vocabSize,
      tokenizer.eosTokenId,
      tokenizer.tokenId('b'),
      tokenizer.tokenId('z'),
    ]).toEqual([7, 1, 3, undefined]);
  });

  test('nothing decodes to nothing, and so do ids beyond the vocabulary', () => {
    const tokenizer = make(characters);
    expect(tokenizer.decode([])).toBe('');
    expect(tokenizer.decode([99])).toBe('');
    expect(tokenizer.decode([2, 99, 3])).toBe('ab');
    expect(tokenizer.decode([0, 1], { skipSpecialTokens: true })).toBe('');
  });

  test('spaces before punctuation stay, whatever tokenizer_config says of cleaning up', () => {
    const tokenizer = make(
      { ...characters, model: { ...characters.model, vocab: { a: 2, ' ': 3, '.': 4 } } },
      { clean_up_tokenization_spaces: true },
    );
    expect(tokenizer.decode([2, 3, 4])).toBe('a .');
  });

  test('white space is what Unicode says it is: U+0085 is, U+FEFF is not', () => {
    // Ids by tokenizers 0.23.3 for the same tokenizer.
    const bytes = { Ġ: 0, Ċ: 1, ĊĊ: 2, Â: 3, ħ: 4, ï: 5, '»': 6, '¿': 7, ĊÂ: 8 };
    const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
    const tokenizer = make({
      ...characters,
      added_tokens: [],
      pre_tokenizer: byteLevel,
      decoder: byteLevel,
      model: { type: 'BPE', unk_token: null, vocab: bytes, merges: ['Ċ Ċ', 'Ċ Â'] },
    });
    expect(tokenizer.encode('\n\n\uFEFF')).toEqual([1, 1, 5, 6, 7]);
    expect(tokenizer.encode('\n\u0085')).toEqual([8, 4]);
    expect(tokenizer.decode(tokenizer.encode('\n\u0085\uFEFF'))).toBe('\n\u0085\uFEFF');
  });

  test('the BOS habit of a tokenizer can be left out', () => {
    const tokenizer = make(withBos);
    expect(tokenizer.encode('ab')).toEqual([0, 2, 3]);
    expect(tokenizer.encode('ab', { addSpecialTokens: false })).toEqual([2, 3]);
  });

  test('a text with no token for part of it, in a vocabulary of whole words, is refused', () => {
    const words = {
      ...characters,
      pre_tokenizer: { type: 'WhitespaceSplit' },
      model: { type: 'WordLevel', vocab: { yes: 0, no: 1 } },
    };
    const tokenizer = make(words);
    expect(tokenizer.encode('no yes')).toEqual([1, 0]);
    expect(() => tokenizer.encode('no maybe')).toThrow(InputError);
    expect(() => tokenizer.encode('no maybe')).toThrow('no token for "maybe"');
  });
});

describe('special tokens', () => {
  test('are read from tokenizer_config, as text or as an object', () => {
    expect(make(characters, { eos_token: { content: '</s>', lstrip: false } }).eosTokenId).toBe(1);
    expect(make(characters, {}).eosTokenId).toBeUndefined();
  });

  test('are read from special_tokens_map.json in older models', () => {
    const files = {
      'tokenizer.json': JSON.stringify(characters),
      'special_tokens_map.json': JSON.stringify({ eos_token: { content: '</s>' }, pad_token: '<s>' }),
    };
    expect(createTokenizer(files, 'm').eosTokenId).toBe(1);
  });
});

describe('tokens that tokenizer_config.json names beside tokenizer.json', () => {
  const vocab = ['<s>', '</s>', 'a', 'b', ' ', '<', '/', 's', '>', '<x>', 'x'];
  const plain = {
    ...characters,
    added_tokens: [{ ...special(0, '<s>'), special: false }],
    model: { ...characters.model, vocab: Object.fromEntries(vocab.map((token, id) => [token, id])) },
  };
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false };
  const decoder = {
    9: { content: '<x>', ...flags, special: false },
    10: { content: 'x', ...flags, special: true },
  };

  // Ids and texts by AutoTokenizer of transformers 5.23.0 for the same folders.
  test.each([
    ['nothing', {}, [0, 2, 5, 6, 7, 8, 4, 5, 10, 8], '<s>a</s> <x>'],
    ['special tokens', { bos_token: '<s>', eos_token: '</s>' }, [0, 2, 1, 4, 5, 10, 8], 'a <x>'],
    ['added tokens', { eos_token: '</s>', added_tokens_decoder: decoder }, [0, 2, 1, 4, 9], '<s>a <x>'],
    ['extra ones', { extra_special_tokens: ['<x>'] }, [0, 2, 5, 6, 7, 8, 4, 9], '<s>a</s> '],
    ['additional ones', { additional_special_tokens: ['<x>'] }, [0, 2, 5, 6, 7, 8, 4, 9], '<s>a</s> '],
  ])('%s', (_, config, ids, text) => {
    const tokenizer = make(plain, config);
    expect(tokenizer.encode('<s>a</s> <x>', { addSpecialTokens: false })).toEqual(ids);
    expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe(text);
  });

  // In transformers 5 the post-processor of tokenizer.json decides, whatever these say.
  test('add_bos_token and add_eos_token change nothing', () => {
    const flags = { bos_token: '<s>', eos_token: '</s>', add_bos_token: false, add_eos_token: true };
    expect(make(withBos, flags).encode('ab')).toEqual([0, 2, 3]);
  });
});

describe('chat templates', () => {
  const template = '{{ bos_token }}{% for m in messages %}{{ m.content }}={% endfor %}';
  const config = { bos_token: '<s>', chat_template: template };

  test('a template writes its own BOS: the tokenizer adds none', () => {
    const tokenizer = make(withBos, config);
    expect(tokenizer.hasChatTemplate).toBe(true);
    expect(tokenizer.applyChatTemplate([user('a'), assistant('b'), user('a')])).toBe('<s>a=b=a=');
    expect(tokenizer.encodeChat([user('a')])).toEqual([0, 2, 5]);
  });

  test('chat_template.jinja comes before the one in tokenizer_config', () => {
    expect(make(characters, config, 'b').applyChatTemplate([user('a')])).toBe('b');
  });

  test('of several templates the default one is taken', () => {
    const chat_template = [
      { name: 'tool_use', template: 'tools' },
      { name: 'default', template: '=' },
    ];
    expect(make(characters, { chat_template }).applyChatTemplate([user('a')])).toBe('=');
  });

  test('with tools the template for them is taken, wherever it lies', () => {
    const tools = [{ type: 'function' as const, function: { name: 'f' } }];
    const chat_template = [
      { name: 'tool_use', template: 'tools: {{ tools[0].function.name }}' },
      { name: 'default', template: '=' },
    ];
    const listed = make(characters, { chat_template });
    expect(listed.applyChatTemplate([user('a')], { tools })).toBe('tools: f');
    expect(listed.withTemplate({ tools }).applyChatTemplate([user('a')])).toBe('tools: f');
    const files = {
      'tokenizer.json': JSON.stringify(characters),
      'chat_template.jinja': '=',
      'additional_chat_templates/tool_use.jinja': '{{ tools | length }}',
    };
    const apart = createTokenizer(files, 'm');
    expect(apart.applyChatTemplate([user('a')])).toBe('=');
    expect(apart.applyChatTemplate([user('a')], { tools })).toBe('1');
  });

  test('templates without a default one are an error that names them', () => {
    const tokenizer = make(characters, { chat_template: [{ name: 'rag', template: 'x' }] });
    expect(() => tokenizer.applyChatTemplate([user('a')])).toThrow('there is no default among rag');
  });

  test('calls of tools, their answers and thoughts reach the template, and so do its own variables', () => {
    const call = { id: 'c', type: 'function' as const, function: { name: 'f', arguments: { x: 1 } } };
    const tokenizer = make(
      characters,
      {},
      '{% for m in messages %}{{ m.tool_calls[0].function.arguments if m.tool_calls }}{{ m.tool_call_id }}{{ m.name }}{{ m.thinking }}{% endfor %}{{ fast }}',
    );
    const messages = [
      { ...assistant(''), tool_calls: [call], reasoning_content: 'hm' },
      { role: 'tool' as const, content: '1', tool_call_id: 'c', name: 'f' },
    ];
    const options = { addGenerationPrompt: true, variables: { fast: true } };
    expect(tokenizer.applyChatTemplate(messages, options)).toBe("{'x': 1}hmcfTrue");
  });

  test('what can’t be rendered is an error that names it', () => {
    const render = (source: string) => () => make(characters, {}, source).applyChatTemplate([user('a')]);
    expect(render("{% include 'a' %}")).toThrow(InputError);
    expect(render("{% include 'a' %}")).toThrow(
      'it uses the statement "include", which can\'t be rendered here',
    );
    expect(render('{{ messages | urlencode }}')).toThrow('it uses the filter "urlencode"');
    expect(render("{{ 'a'.encode() }}")).toThrow('it uses str.encode');
  });

  test('the environment is the one of transformers', () => {
    const render = (source: string) => make(characters, {}, source).applyChatTemplate([user('é<')]);
    expect(render('{{ messages[0] | tojson }}')).toBe('{"role": "user", "content": "é<"}');
    expect(render('{{ tools is none }} {{ documents is none }} {{ bos_token is defined }}')).toBe(
      'True True False',
    );
    expect(render("{{ strftime_now('%Y') }}")).toMatch(/^20\d\d$/);
    expect(render('{% for x in range(5) %}{% if x == 2 %}{% break %}{% endif %}{{ x }}{% endfor %}')).toBe(
      '01',
    );
    expect(render('{% if true %}\n  {% set a = 1 %}\nx{{ a }}\n{% endif %}\n')).toBe('x1\n');
  });

  test.each([
    ['one that refuses the conversation', "{{ raise_exception('no system turn') }}", 'no system turn'],
    ['one that is broken', '{% if %}', 'the chat template failed'],
  ])('%s is an error that names the roles', (_, source, message) => {
    const render = () => make(characters, {}, source).applyChatTemplate([user('a'), assistant('b')]);
    expect(render).toThrow(InputError);
    expect(render).toThrow(message);
    expect(render).toThrow('roles given: user, assistant');
  });

  test('a template that fails says nothing until it is used', () => {
    expect(make(characters, {}, '{% if %}').encode('a')).toEqual([2]);
  });

  test('without a template a single user message is the prompt, and gets what any text gets', () => {
    const tokenizer = make(withBos);
    expect(tokenizer.hasChatTemplate).toBe(false);
    expect(tokenizer.applyChatTemplate([user('a=')])).toBe('a=');
    expect(tokenizer.encodeChat([user('a=')])).toEqual([0, 2, 5]);
  });

  test.each([[[user('a'), assistant('b')]], [[]], [[assistant('b')]]])(
    'without a template any other conversation is refused: %j',
    (messages) => {
      expect(() => make(characters).applyChatTemplate(messages)).toThrow(InputError);
      expect(() => make(characters).applyChatTemplate(messages)).toThrow('the model has no chat template');
    },
  );
});

describe('between turns', () => {
  const marked = make(
    characters,
    { eos_token: '</s>' },
    "{% for m in messages %}{% if m.role == 'assistant' %}={% endif %}{{ m.content }}{% if m.role == 'assistant' %}</s> {% endif %}{% endfor %}{% if add_generation_prompt %}={% endif %}",
  );
  const bare = make(characters, { eos_token: '</s>' }, '{% for m in messages %}{{ m.content }}{% endfor %}');
  const conversation = [user('a'), assistant('bb'), user('aa')];
  const tool = [{ role: 'tool' as const, content: 'ab' }];

  test('what is put after a turn makes the ids those of the whole conversation', () => {
    const turn = [...marked.encode('ba'), 1];
    expect([
      ...marked.encodeChat(conversation),
      ...turn,
      ...marked.encodeBetween(conversation, turn, tool),
    ]).toEqual(marked.encodeChat([...conversation, assistant('ba'), ...tool]));
  });

  test('a turn that lacks its end mark gets it', () => {
    const ended = marked.encodeBetween(conversation, [3, 1], tool);
    expect(marked.encodeBetween(conversation, [3], tool)).toEqual([1, ...ended]);
  });

  test('without marks what is said follows as it is, whatever the turn ends with', () => {
    expect(bare.encodeBetween(conversation, [3, 1], tool)).toEqual([2, 3]);
    expect(bare.encodeBetween(conversation, [2], tool)).toEqual([2, 3]);
  });

  test('needs a template that shows a turn as it stands', () => {
    const last = make(characters, {}, '{{ messages[-1].content }}');
    expect(() => last.encodeBetween(conversation, [3], tool)).toThrow(InputError);
    expect(() => last.encodeBetween(conversation, [3], tool)).toThrow(/does not render an assistant’s turn/);
    expect(() => make(characters).encodeBetween(conversation, [3], tool)).toThrow(/no chat template/);
  });
});

describe('a conversation that ends with a turn of the assistant', () => {
  const chat = make(
    characters,
    { eos_token: '</s>' },
    "{% for m in messages %}{{ m.content }}{% if m.role == 'assistant' %}</s>{% endif %} {% endfor %}{% if add_generation_prompt %}={% endif %}",
  );

  test('is continued: the turn is not ended, and no other is begun', () => {
    expect(chat.applyChatTemplate([user('a'), assistant('b=')])).toBe('a b=');
    expect(chat.encodeChat([user('a'), assistant('b=')])).toEqual([2, 6, 3, 5]);
    expect(chat.encodeChat([user('a'), assistant('')])).toEqual([2, 6]);
  });

  test('is a finished turn where that is asked for', () => {
    const messages = [user('a'), assistant('b')];
    expect(chat.applyChatTemplate(messages, { addGenerationPrompt: false })).toBe('a b</s> ');
    expect(chat.applyChatTemplate(messages, { addGenerationPrompt: true })).toBe('a b</s> =');
  });

  test('is one turn with what the policy adds, also in what is put after it', () => {
    const prefilled = [user('a'), assistant('b')];
    const once = make(
      characters,
      {},
      "{% for m in messages %}{% if m.role == 'assistant' and not loop.first and messages[loop.index0 - 1].role == 'assistant' %}{{ raise_exception('twice') }}{% endif %}{{ m.content }}{% endfor %}",
    );
    expect(once.encodeBetween(prefilled, [2], [user('ba')])).toEqual([3, 2]);
  });

  test('that the template leaves out is an error', () => {
    const users = make(
      characters,
      {},
      "{% for m in messages if m.role == 'user' %}{{ m.content }}{% endfor %}",
    );
    expect(() => users.encodeChat([user('a'), assistant('b')])).toThrow(InputError);
    expect(() => users.encodeChat([user('a'), assistant('b')])).toThrow(
      /chat template leaves part of it out: "b"/,
    );
  });
});

describe('the end of an assistant’s turn', () => {
  const turns = '{% for m in messages %}{{ m.content }}END{% endfor %}';
  const ending = (end: string) =>
    make(characters, { eos_token: '</s>' }, turns.replace('END', end)).turnEnd();

  test.each([
    ['the template’s own end token, whatever the tokenizer’s is', '<s>', [0]],
    ['what stands before it, too, and nothing after it', ' =<s> a</s>', [6, 5, 0]],
    ['the tokenizer’s end token, where the template writes it', '{{ eos_token }} ', [1]],
    ['the tokenizer’s end token, where the template writes none', ' =', [1]],
  ])('is %s', (_, end, ids) => {
    expect(ending(end)).toEqual(ids);
  });

  test('without a template is the tokenizer’s end token, if it has one', () => {
    expect(make(characters, { eos_token: '</s>' }).turnEnd()).toEqual([1]);
    expect(make(characters).turnEnd()).toEqual([]);
  });
});

describe('bad tokenizer files', () => {
  test.each([
    ['not JSON', '{', 'tokenizer.json is not valid JSON'],
    ['no model', JSON.stringify({ added_tokens: [] }), 'tokenizer.json: model'],
    [
      'an unknown step',
      JSON.stringify({ ...characters, decoder: { type: 'Magic' } }),
      'tokenizer.json is not supported',
    ],
  ])('%s', (_, text, message) => {
    const making = () => createTokenizer({ 'tokenizer.json': text }, 'm');
    expect(making).toThrow(InputError);
    expect(making).toThrow(message);
  });

  test('a tokenizer_config.json of the wrong form', () => {
    expect(() => make(characters, { chat_template: 3 })).toThrow('tokenizer_config.json: chat_template');
  });

  test('none in the folder', async () => {
    const path = folder();
    writeFileSync(join(path, 'model.safetensors'), '');
    await expect(loadTokenizer(path)).rejects.toThrow(InputError);
    await expect(loadTokenizer(path)).rejects.toThrow('has no tokenizer.json');
  });
});
