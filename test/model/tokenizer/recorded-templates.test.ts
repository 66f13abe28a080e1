import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/errors.ts';
import { chatTemplate } from '../../../src/model/tokenizer/chat-template.ts';
import { strftime } from '../../../src/model/tokenizer/jinja/values/strftime.ts';
import { promptText } from '../../../src/model/tokenizer/turns.ts';
import { type Json, knownFields } from '../../golden/golden-files.ts';

const golden: Json = JSON.parse(readFileSync('test/fixtures/templates/cases.json', 'utf8'));
knownFields(golden, ['versions', 'specials', 'language', 'continued', 'strftime'], 'cases.json');

describe('the template language is the one of transformers', () => {
  test.each(golden.language as Json[])('$name', ({ template, messages, rendered, error }) => {
    const render = () =>
      chatTemplate(template, golden.specials)(messages, { addGenerationPrompt: true }).text;
    if (error === undefined) expect(render()).toBe(rendered);
    else expect(render).toThrow();
  });
});

describe('a turn of the assistant at the end is continued as transformers does', () => {
  test.each(golden.continued as Json[])('$name', ({ template, messages, rendered, error }) => {
    const render = () =>
      promptText((some, options) => chatTemplate(template, golden.specials)(some, options).text, messages);
    if (error === undefined) expect(render()).toBe(rendered);
    else expect(render).toThrow(InputError);
  });
});

describe('strftime is Python’s', () => {
  test.each(golden.strftime as Json[])('$format of $date', ({ date, format, text }) => {
    const [year, month, ...rest] = date as [number, number, number, number, number, number];
    expect(strftime(new Date(year, month - 1, ...rest), format)).toBe(text);
  });
});
