import { expect, test } from 'vitest';
import { CheckPool, type Outcome } from '../../../rewards/math/check-pool.ts';
import { defaultVerifyOptions as options } from '../../../rewards/math/verify.ts';
import { type RandomStream, randomStream } from '../../../src/random.ts';
import { pick, whole } from '../random-pick.ts';

const pieces = [
  ...String.raw`\frac \sqrt \boxed{ { } ( ) [ ] $ $$ \( \) \[ \] ^ _ ! | \{ \} \left( \right) \begin{pmatrix}
    \end{pmatrix} & \\ \text{ \mathrm{ \sin \log_ \sum_{k=1}^{ \int \lim_{x\to dx \det \binom \pmod \begin{cases}
    \end{cases} \cup \in \pm \infty \pi \cdot = < \le + - * / , ; : % \% ° ½ ² √ ∞ 😀 x e i f( and or #### <answer>
    </answer> 9 10 0 1.5 . 99999999 9^9^9 1,234 0.\overline{ ^{-1} cm m/s`.split(/\s+/),
  ...['answer is', 'final answer is', 'I hope', ' ', '\n', '\u202e', '\0', '2 1/2'],
];
const noise = (stream: RandomStream) =>
  Array.from({ length: whole(stream, 0, 24) }, () => pick(stream, pieces)).join('');

test('100,000 random texts never throw, hang or leak a worker', { timeout: 600_000 }, async () => {
  const pool = new CheckPool({ threads: 2, memoryMb: 256, timeMs: 2000 });
  const stream = randomStream(4, 'noise');
  const checks = Array.from({ length: 100_000 }, (_, i) => ({
    gold: i % 2 === 0 ? '17' : noise(stream),
    prediction: noise(stream),
  }));
  const counts: Partial<Record<Outcome, number>> = {};
  for (let i = 0; i < checks.length; i += 5000) {
    const given = { ...options, strict: i % 10_000 === 0, allowSetRelationComp: i % 15_000 === 0 };
    for (const outcome of await pool.run(checks.slice(i, i + 5000), given))
      counts[outcome] = (counts[outcome] ?? 0) + 1;
    expect(pool.workers).toBeLessThanOrEqual(2);
  }
  console.log('100,000 random texts:', counts);
  // A check that throws or hangs would count as exceeded.
  expect(counts.exceeded ?? 0).toBe(0);
  expect(Object.values(counts).reduce((sum, n) => sum + n, 0)).toBe(100_000);
  await pool.close();
  expect(pool.workers).toBe(0);
});

test('a check over its time costs only itself', async () => {
  const pool = new CheckPool({ threads: 1, memoryMb: 256, timeMs: 400 });
  // Unions are compared at every boundary of either: seconds for two thousand intervals.
  const endless = { gold: '$(1,2)\\cup(3,4)$', prediction: `$${'(1,2)\\cup '.repeat(1_900)}(3,4)$` };
  const easy = { gold: '17', prediction: 'It is 17.' };
  // The first check warms the compiler up.
  for (let i = 0; i < 3; i++) await pool.run([easy], options);
  expect(await pool.run([easy, endless, easy, { ...easy, prediction: '18' }], options)).toEqual([
    'right',
    'exceeded',
    'right',
    'wrong',
  ]);
  expect(pool.workers).toBeLessThanOrEqual(1);
  await pool.close();
  expect(pool.workers).toBe(0);
});

/** Deep, wide and huge: each would take a careless reader for ever. */
const hostile: readonly string[] = [
  `${'('.repeat(3000)}17${')'.repeat(3000)}`,
  `$${'\\sqrt{'.repeat(2000)}17${'}'.repeat(2000)}$`,
  `$${'x<'.repeat(3000)}17$`,
  `$${'-'.repeat(5000)}17$`,
  `${'1/'.repeat(3000)}1`,
  `$${'~'.repeat(20_000)}x$`,
  `${'$1$ and '.repeat(5000)}$2$`,
  `${'final answer is '.repeat(5000)}`,
  '$9^{9^{9^{9}}}$',
  '$((10^{7})!)!$',
  '$\\sum_{k=1}^{100000}\\frac{1}{k}$',
  '$\\prod_{k=1}^{100000} k^{k}$',
  `$\\frac{d}{dx} ${'\\sin('.repeat(50)}x${')'.repeat(50)}$`,
  `$\\int_0^1 (${Array.from({ length: 100 }, (_, i) => `x^{${i}}\\sin(${i}x)`).join('+')}) dx$`,
  `$${Array.from({ length: 1000 }, (_, i) => `x^{${i}}`).join('+')}=y$`,
];

test('hostile texts are answered within the time of a check, and never right', async () => {
  const pool = new CheckPool({ threads: 1, memoryMb: 256, timeMs: 2000 });
  await pool.run([{ gold: '1', prediction: '1' }], options);
  for (const text of hostile) {
    for (const check of [
      { gold: '5', prediction: text },
      { gold: '$x=5$', prediction: text },
      { gold: text, prediction: '5' },
    ]) {
      const start = performance.now();
      const [outcome] = await pool.run([check], options);
      expect(outcome, text.slice(0, 40)).not.toBe('right');
      expect(performance.now() - start, text.slice(0, 40)).toBeLessThan(4000);
    }
  }
  await pool.close();
});
