import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openGguf } from '../../src/model/files/gguf.ts';
import { chatTemplate } from '../../src/model/tokenizer/chat-template.ts';
import { ggufTokenizerFiles } from '../../src/model/tokenizer/gguf/gguf-tokenizer.ts';
import { createTokenizer, loadTokenizer, type Tokenizer } from '../../src/model/tokenizer/tokenizer.ts';
import {
  fixtures,
  foldersWith,
  type Json,
  knownFields,
  noSmollm2,
  readGolden,
  smollm2,
} from './golden-files.ts';

/** Where the model of each fixture folder lies. */
const models: Readonly<Record<string, string | undefined>> = { smollm2 };

const folders = readdirSync(join(fixtures, 'tokenizers'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

for (const name of folders) {
  test(`tokenizers/${name} holds only files that are understood`, () => {
    const known = ['README.md', 'strings.json', 'chat.json', 'templates.json'];
    expect(readdirSync(join(fixtures, 'tokenizers', name)).filter((file) => !known.includes(file))).toEqual(
      [],
    );
    expect(Object.keys(models)).toContain(name);
  });
}

for (const name of foldersWith('tokenizers', 'strings.json')) {
  const model = models[name];
  if (model === undefined) test.skip(`tokenizers/${name}: ${noSmollm2}`, () => {});
  else {
    describe(`tokenizers/${name}: tokenizer.json`, () => checkStrings(name, () => loadTokenizer(model)));
    describe(`tokenizers/${name}: tokenizer made from GGUF metadata`, () =>
      checkStrings(name, () => fromGguf(model)));
  }
}

async function fromGguf(folder: string): Promise<Tokenizer> {
  const name = readdirSync(folder).find((file) => file.endsWith('.gguf'))!;
  const file = await openGguf(join(folder, name));
  try {
    return createTokenizer(ggufTokenizerFiles(file), name);
  } finally {
    await file.close();
  }
}

function checkStrings(name: string, load: () => Promise<Tokenizer>): void {
  const golden = readGolden('tokenizers', name, 'strings.json');
  const fields = ['ids', 'decoded', 'decoded_skip_special'];
  knownFields(golden, ['strings', 'decode_only', 'versions'], 'strings.json');
  const decodesAs = (tokenizer: Tokenizer, { ids, decoded, decoded_skip_special }: Json) => {
    expect(tokenizer.decode(ids)).toBe(decoded);
    expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe(decoded_skip_special);
  };
  test.each(golden.strings as Json[])('encodes and decodes $text', async (each) => {
    // ids_transformers_gguf_export records another program's mistake, for the reader.
    knownFields(each, [...fields, 'text', 'lossless', 'ids_transformers_gguf_export'], each.text);
    const tokenizer = await cached(load);
    expect(tokenizer.encode(each.text)).toEqual(each.ids);
    expect(tokenizer.encode(each.text, { addSpecialTokens: false })).toEqual(each.ids);
    decodesAs(tokenizer, each);
    expect(tokenizer.decode(each.ids) === each.text).toBe(each.lossless);
  });
  test.each(golden.decode_only as Json[])('decodes $ids', async (each) => {
    knownFields(each, fields, `decode_only ${each.ids}`);
    decodesAs(await cached(load), each);
  });
}

for (const name of foldersWith('tokenizers', 'chat.json')) {
  const model = models[name];
  if (model === undefined) test.skip(`tokenizers/${name}: ${noSmollm2}`, () => {});
  else describe(`tokenizers/${name}: conversations`, () => checkChat(name, () => loadTokenizer(model)));
}

function checkChat(name: string, load: () => Promise<Tokenizer>): void {
  const golden = readGolden('tokenizers', name, 'chat.json');
  knownFields(golden, ['conversations', 'versions'], 'chat.json');
  test.each(golden.conversations as Json[])('renders and encodes conversation %#', async (each) => {
    knownFields(each, ['messages', 'without_generation_prompt', 'with_generation_prompt'], 'conversation');
    const tokenizer = await cached(load);
    for (const addGenerationPrompt of [false, true]) {
      const { text, ids } =
        each[addGenerationPrompt ? 'with_generation_prompt' : 'without_generation_prompt'];
      expect(tokenizer.applyChatTemplate(each.messages, { addGenerationPrompt })).toBe(text);
      expect(tokenizer.encodeChat(each.messages, { addGenerationPrompt })).toEqual(ids);
    }
  });
}

for (const name of foldersWith('tokenizers', 'templates.json')) {
  const golden = readGolden('tokenizers', name, 'templates.json');
  knownFields(golden, ['bos_token', 'eos_token', 'templates', 'cases', 'versions'], 'templates.json');
  const { bos_token, eos_token, templates } = golden;
  describe(`tokenizers/${name}: templates`, () => {
    test.each(golden.cases as Json[])(
      'case %#: $template, generation prompt $add_generation_prompt',
      (each) => {
        knownFields(each, ['template', 'messages', 'add_generation_prompt', 'text', 'error'], each.template);
        const render = () =>
          chatTemplate(templates[each.template], { bos_token, eos_token })(each.messages, {
            addGenerationPrompt: each.add_generation_prompt,
          }).text;
        if (each.error === undefined) expect(render()).toBe(each.text);
        else expect(render).toThrow(each.error);
      },
    );
  });
}

const loaded = new Map<unknown, Promise<Tokenizer>>();

/** A tokenizer takes a second to make, so each is made once. */
function cached(load: () => Promise<Tokenizer>): Promise<Tokenizer> {
  if (!loaded.has(load)) loaded.set(load, load());
  return loaded.get(load)!;
}
