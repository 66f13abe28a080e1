import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { jinjaTemplate } from '../../../src/model/tokenizer/jinja/template.ts';
import { TemplateError, Unsupported } from '../../../src/model/tokenizer/jinja/values/values.ts';
import type { Json } from '../../golden/golden-files.ts';

const golden: Json = JSON.parse(readFileSync('test/fixtures/own/templates/language.json', 'utf8'));

/** What a template gives, or the error that it ends with. */
function render(template: string): string | TemplateError {
  try {
    return jinjaTemplate(template)(golden.variables).text;
  } catch (error) {
    if (error instanceof TemplateError) return error;
    throw error;
  }
}

test.each(['table', 'grammar'])(
  'no template of the %s gives another text than jinja2, or one where jinja2 fails',
  (kind) => {
    const different = (golden[kind] as [string, string | null][]).filter(([template, expected]) => {
      const given = render(template);
      return typeof given === 'string' && given !== expected;
    });
    expect(different).toEqual([]);
  },
);

test('of what jinja2 renders, little is refused', () => {
  const rendered = ([...golden.table, ...golden.grammar] as [string, string | null][]).filter(
    ([, expected]) => expected !== null,
  );
  const refused = rendered.filter(([template]) => typeof render(template) !== 'string');
  expect(refused.length / rendered.length).toBeLessThan(0.03);
  expect(render("{{ 'a' | urlencode }}")).toBeInstanceOf(Unsupported);
});
