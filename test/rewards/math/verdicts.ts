import { describe, expect, test } from 'vitest';

/** Answers to a gold answer, by whether they are right. */
export interface AnswerCase {
  readonly gold: string;
  readonly right?: readonly string[];
  readonly wrong?: readonly string[];
}

/** Holds a verifier to verdicts on lists of answers, each list a subject. */
export function expectVerdicts(
  cases: Readonly<Record<string, readonly AnswerCase[]>>,
  verdictOn: (gold: string, answer: string) => string,
): void {
  describe.each(Object.entries(cases))('%s', (_, list) => {
    test.each(list)('$gold', ({ gold, right = [], wrong = [] }) => {
      const verdicts = (answers: readonly string[]) =>
        answers.map((answer) => [answer, verdictOn(gold, answer)]);
      expect(verdicts(right)).toEqual(right.map((answer) => [answer, 'right']));
      expect(verdicts(wrong)).toEqual(wrong.map((answer) => [answer, 'wrong']));
    });
  });
}
