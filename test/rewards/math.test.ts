import { describe, expect, test } from 'vitest';
import { accuracy, mathReward } from '../../rewards/index.ts';
import { rewardBatch, score } from './score.ts';

describe('mathReward', () => {
  test("right, wrong, and null where the gold answer can't be read, with their shares logged", async () => {
    const logged: Record<string, number[]> = {};
    const texts = ['So it is \\boxed{\\frac12}.', 'The answer is 0.4', 'anything', '9^9^9^9'];
    const golds = ['0.5', '1/2', '???', '17'];
    const batch = {
      ...rewardBatch(
        texts,
        golds.map((answer, i) => ({ id: String(i), answer })),
      ),
      logMetric: (name: string, value: number) => {
        logged[name] ??= [];
        logged[name].push(value);
      },
    };
    expect(await mathReward()(batch)).toEqual([1, 0, null, 0]);
    expect(logged).toEqual({ 'math/unreadable_gold': [0, 0, 1, 0], 'math/exceeded': [0, 0, 0, 0] });
  });

  test('numbers and other fields serve as gold answers; a missing one is an error that names the sample', async () => {
    expect(await score(mathReward(), ['#### 72'], { answer: 72 })).toEqual([1]);
    expect(await score(mathReward({ field: 'gold' }), ['$x = \\sqrt{8}$'], { gold: '$2\\sqrt2$' })).toEqual([
      1,
    ]);
    await expect(score(mathReward(), ['1'], {})).rejects.toThrow(/task task: field "answer"/);
  });

  test('options: precision, targets, strictness about names, inequalities for sets', async () => {
    expect(await score(mathReward({ precision: 2 }), ['0.33', '0.34'], { answer: '$\\frac13$' })).toEqual([
      1, 0,
    ]);
    const letters = mathReward({ targets: ['string'], strings: ['A', 'B', 'C', 'D', 'E'] });
    expect(await score(letters, ['The answer is E.', 'I say (E)', 'D, not E'], { answer: 'E' })).toEqual([
      1, 1, 0,
    ]);
    expect(await score(mathReward({ strict: false }), ['$a+b$'], { answer: '$x+y$' })).toEqual([1]);
    const inequality = ['$x\\le 3$', '$(-\\infty,3]$'];
    expect(await score(mathReward(), inequality, { answer: '$(-\\infty,3]$' })).toEqual([1, 1]);
    const setsOnly = mathReward({ allowSetRelationComp: false });
    expect(await score(setsOnly, inequality, { answer: '$(-\\infty,3]$' })).toEqual([0, 1]);
  });

  test('accuracy wants the answer boxed or announced, mathReward takes it as it comes', async () => {
    const texts = ['\\boxed{42}', 'It comes to $42$', '42', 'The answer is $42$'];
    expect(await score(mathReward({ field: 'solution' }), texts, { solution: '$42$' })).toEqual([1, 1, 1, 1]);
    expect(await score(accuracy(), texts, { solution: '$42$' })).toEqual([1, 0, 0, 1]);
  });
});
