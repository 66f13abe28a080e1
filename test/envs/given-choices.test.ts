import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { givenChoices } from '../../envs/given-choices.ts';
import { multipleChoice } from '../../envs/index.ts';
import { choicesOf } from '../../src/environment/ask-environment.ts';
import { collect } from './collect.ts';

const folder = mkdtempSync(join(tmpdir(), 'anneal-choices-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('the choices are those of the last line, each in the place of the answer in the target', () => {
  const question = 'Is it so? Answer format: no/yes\n\nAnswer format: true/false';
  const target = 'true: the correct answer is true';
  expect(givenChoices({ question, target, answer: 'true' })).toEqual({
    texts: [target, 'true: the correct answer is false'],
    gold: 0,
  });
});

test('a question without choices, or an answer that is none of them, is an error that says so', () => {
  const target = 'the correct answer is maybe';
  const ask =
    (question: string, answer = 'maybe') =>
    () =>
      givenChoices({ question, target, answer });
  expect(ask('Why?')).toThrow(/no line "Answer format: A\/B"/);
  expect(ask('Answer format: true')).toThrow(/no line "Answer format: A\/B"/);
  expect(ask('Answer format: true/false')).toThrow('the answer "maybe" is none of true, false');
  expect(ask('Answer format: true/false', 'false')).toThrow(/does not have the answer "false" in it/);
});

test('rows as LLM-Adapters prepared them have choices; a row without names itself', async () => {
  const row = (format: string, answer: string) => ({
    instruction: `Is it?\n\nAnswer format: ${format}`,
    output: `the correct answer is ${answer}`,
    answer,
  });
  const rows = [row('answer1/answer2/answer3', 'answer2'), row('true/false', 'answer1')];
  for (const name of ['train', 'test'])
    writeFileSync(join(folder, `${name}.jsonl`), rows.map((each) => JSON.stringify(each)).join('\n'));
  const env = multipleChoice({ path: folder });
  const [good, bad] = await collect(env, 'test');
  expect(choicesOf(env, good!)).toEqual({
    texts: [1, 2, 3].map((n) => `the correct answer is answer${n}`),
    gold: 1,
  });
  expect(() => choicesOf(env, bad!)).toThrow(
    /choices of task "test\.jsonl:2": the answer "answer1" is none of true, false/,
  );
});
