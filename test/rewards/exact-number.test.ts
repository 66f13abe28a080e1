import { describe, expect, test } from 'vitest';
import { exactNumber } from '../../rewards/index.ts';
import { InputError } from '../../src/errors.ts';
import { score } from './score.ts';

describe('exactNumber', () => {
  test('reads the last number of the completion', async () => {
    const texts = [
      '36-16=20',
      'It is 20.',
      '#### 20',
      '$20.00',
      '20 apples, +20',
      '20, then 21',
      'twenty',
      '',
    ];
    expect(await score(exactNumber(), texts, { answer: 20 })).toEqual([1, 1, 1, 1, 1, 0, 0, 0]);
  });

  test('after a marker only what follows its last occurrence counts', async () => {
    const texts = ['36-16=20', '20', '1=20=3', '36-16=20 is 5', '='];
    expect(await score(exactNumber({ after: '=' }), texts, { answer: 20 })).toEqual([1, 0, 0, 1, 0]);
    expect(await score(exactNumber({ after: '####' }), ['20', '#### 20'], { answer: '20' })).toEqual([0, 1]);
  });

  test('a minus between operands is no sign', async () => {
    expect(
      await score(exactNumber(), ['36-16', '8*-16', '=-16', '(3)-16', '−16', '-$16'], { answer: -16 }),
    ).toEqual([0, 1, 1, 0, 1, 1]);
    expect(await score(exactNumber(), ['36-16'], { answer: 16 })).toEqual([1]);
  });

  test.each([
    ['#### -.5', -0.5],
    ['#### –5', -5],
    ['#### − 5', -5],
    ['#### - 5', -5],
    ['= −5', -5],
    ['It is − 5', -5],
    ['7 - 5', 5],
    ['7 − 5', 5],
    ['x − 5', 5],
    ['(7) − 5', 5],
    ['3–5', 5],
    ['of which:\n- 5', 5],
    ['that is – 5', 5],
  ])('reads %s as %d', async (text, answer) => {
    expect(await score(exactNumber(), [text, text], { answer })).toEqual([1, 1]);
    expect(await score(exactNumber(), [text], { answer: -answer })).toEqual([0]);
    if (text.startsWith('####')) {
      expect(await score(exactNumber({ after: '####' }), [text], { answer })).toEqual([1]);
    }
  });

  test('long runs of spaces and signs take no longer than their length', async () => {
    const start = performance.now();
    await score(exactNumber(), [' '.repeat(100_000), '− '.repeat(50_000), `−${' '.repeat(100_000)}−`], {
      answer: 1,
    });
    expect(performance.now() - start).toBeLessThan(1000);
  });

  test('gold numbers of any size count digit by digit', async () => {
    expect(await score(exactNumber(), ['0.0000001', '0.00000010', '1'], { answer: 1e-7 })).toEqual([1, 1, 0]);
    expect(await score(exactNumber(), ['-0.000000125'], { answer: -1.25e-7 })).toEqual([1]);
    expect(await score(exactNumber(), ['1,000,000,000,000,000,000,000'], { answer: 1e21 })).toEqual([1]);
    expect(await score(exactNumber(), ['-.5', '0.5'], { answer: '-.5' })).toEqual([1, 0]);
  });

  test('separators, leading and trailing zeros make no difference; digits do, at any size', async () => {
    const texts = ['1,234,567', '1234567.0', '01234567', '1,234,568', '1234567.01'];
    expect(await score(exactNumber(), texts, { answer: '1,234,567' })).toEqual([1, 1, 1, 0, 0]);
    const large = '123456789012345678901';
    expect(await score(exactNumber(), [large, '123456789012345678902'], { answer: large })).toEqual([1, 0]);
    expect(await score(exactNumber(), ['.5', '0.50', '-0'], { answer: 0.5 })).toEqual([1, 1, 0]);
    expect(await score(exactNumber(), ['-0', '0'], { answer: 0 })).toEqual([1, 1]);
  });

  test('a gold answer that is no number is an error, never a score', async () => {
    for (const answer of [undefined, null, '', 'ten', '3 or 4', Number.NaN, Number.POSITIVE_INFINITY]) {
      await expect(score(exactNumber(), ['10'], { answer })).rejects.toThrow(InputError);
    }
    await expect(score(exactNumber({ field: 'gold' }), ['10'], { answer: 10 })).rejects.toThrow(
      /task task.*"gold"/,
    );
  });

  test('its name is the metric name', () => {
    expect(exactNumber().name).toBe('exact_number');
    expect(exactNumber({ name: 'right' }).name).toBe('right');
  });
});
