import { expect, test } from 'vitest';
import { countdownReward, gsm8kReward, mathString } from '../../rewards/index.ts';
import { score } from './score.ts';

test('gsm8kReward reads the last 300 characters as Python counts them: an emoji is one', async () => {
  const texts = [`#### 31${'😀'.repeat(293)}`, `#### 31${'x'.repeat(294)}`, `#### 31${'😀'.repeat(294)}`];
  expect(await score(gsm8kReward(), texts, { answer: '31' })).toEqual([1, 0, 0]);
});

test('countdownReward reads numbers and lines as Python does', async () => {
  const texts = ['00+9', '09', '(4\n+5)', '4+5 ', '(4+5'].map((text) => `<answer>${text}</answer>`);
  expect(await score(countdownReward(), texts.slice(0, 1), { nums: [0, 9], target: 9 })).toEqual([1]);
  expect(await score(countdownReward(), texts.slice(1, 2), { nums: [9], target: 9 })).toEqual([0.1]);
  // An answer on two lines is none: only the last line is read.
  expect(await score(countdownReward(), texts.slice(2), { nums: [4, 5], target: 9 })).toEqual([0, 1, 0.1]);
});

test('mathString drops \\% but no bare percent sign, and compares a broken fraction as it stands', async () => {
  const texts = ['\\boxed{45\\%}', '\\boxed{45%}', '\\boxed{\\frac}'];
  expect(await score(mathString(), texts, { answer: '45' })).toEqual([1, 0, 0]);
  expect(await score(mathString(), texts.slice(2), { answer: '\\frac' })).toEqual([1]);
  expect(await score(mathString(), texts.slice(2), { answer: '\\dfrac' })).toEqual([0]);
});
