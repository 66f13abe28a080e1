import { InputError } from '../src/errors.ts';
import type { Choices } from '../src/types.ts';

/** The line of a question that names its choices: 'Answer format: answer1/answer2'. */
const format = /^answer format: *(\S.*?) *$/gim;

/**
 * Reads a question's choices from its last line of the form 'Answer format: true/false'. A choice is the target with
 * its name in place of the gold answer: 'the correct answer is true', 'the correct answer is false'.
 * @throws InputError for a question without that line, or a gold answer that is none of them.
 */
export function givenChoices({
  question,
  target,
  answer,
}: Readonly<Record<'question' | 'target' | 'answer', string>>): Choices {
  const names = [...question.matchAll(format)]
    .at(-1)?.[1]
    ?.split('/')
    .map((name) => name.trim());
  if (names === undefined || names.length < 2)
    throw new InputError('the question has no line "Answer format: A/B", from which its choices are read');
  const gold = names.indexOf(answer.trim());
  if (gold < 0) throw new InputError(`the answer "${answer}" is none of ${names.join(', ')}`);
  const at = target.lastIndexOf(answer.trim());
  if (at < 0) throw new InputError(`the target "${target}" does not have the answer "${answer}" in it`);
  const [before, after] = [target.slice(0, at), target.slice(at + answer.trim().length)];
  return { texts: names.map((name) => before + name + after), gold };
}
