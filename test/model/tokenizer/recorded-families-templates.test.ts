import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/errors.ts';
import { chatTemplate } from '../../../src/model/tokenizer/chat-template.ts';
import { type Json, knownFields } from '../../golden/golden-files.ts';

const golden: Json = JSON.parse(readFileSync('test/fixtures/own/templates/cases.json', 'utf8'));
const fields = [
  'versions',
  'specials',
  'tools',
  'conversations',
  'templates',
  'families',
  'features',
  'masks',
];
knownFields(golden, fields, 'cases.json');

describe.each(Object.keys(golden.templates))('a template as of %s renders as in transformers', (name) => {
  const template = chatTemplate(golden.templates[name], golden.specials);
  const cases = (golden.families as Json[]).filter((each) => each.template === name);

  test.each(cases)('$conversation, tools $tools, prompt $prompt, $variables', (each) => {
    const render = () =>
      template(golden.conversations[each.conversation], {
        addGenerationPrompt: each.prompt,
        ...(each.tools && { tools: golden.tools }),
        variables: each.variables,
      }).text;
    if (each.error === undefined) expect(render()).toBe(each.rendered);
    else expect(render).toThrow(InputError);
  });
});

describe('the template language is Jinja’s', () => {
  test.each(golden.features as Json[])('$name', ({ template, rendered, error }) => {
    const render = () =>
      chatTemplate(template, golden.specials)(golden.conversations.thinking, { addGenerationPrompt: true })
        .text;
    if (error === undefined) expect(render()).toBe(rendered);
    else expect(render).toThrow(InputError);
  });
});
