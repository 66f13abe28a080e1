import { expect, test } from 'vitest';
import { loadTokenizer } from '../../../src/model/tokenizer/tokenizer.ts';
import { randomStream } from '../../../src/random.ts';
import { topTokens } from '../../../src/serve/engine/top-tokens.ts';
import { VisibleText } from '../../../src/serve/engine/visible-text.ts';

test('a stop string never shows, not even half of it, and nothing of the text is lost', async () => {
  const tokenizer = await loadTokenizer('models/tiny');
  const random = randomStream(1, 'texts');
  let held = 0;
  for (let n = 0; n < 400; n++) {
    const stop = ['12', '3*4', '==', '7-1+'].slice(0, 1 + (n % 4));
    const visible = new VisibleText(tokenizer, stop);
    const { watch } = visible;
    const ids: number[] = [];
    let shown = '';
    let stopped = false;
    for (let t = 0; t < 30 && !stopped; t++) {
      const id = Math.floor(random.next() * tokenizer.vocabSize);
      ids.push(id);
      stopped = watch!(id);
      if (stopped) break;
      shown += visible.push(id);
      const whole = tokenizer.decode(ids, { skipSpecialTokens: true });
      expect(whole.startsWith(shown)).toBe(true);
      // What is held back could be the beginning of a stop string.
      const rest = whole.slice(shown.length);
      if (rest !== '') held++;
      if (rest !== '') expect(stop.some((each) => each.startsWith(rest))).toBe(true);
    }
    const text = shown + visible.end(ids, stopped ? 'stop' : 'length');
    const whole = tokenizer.decode(ids, { skipSpecialTokens: true });
    const cuts = stop.map((each) => whole.indexOf(each)).filter((at) => at >= 0);
    expect(text).toBe(whole.slice(0, cuts.length > 0 ? Math.min(...cuts) : undefined));
  }
  expect(held).toBeGreaterThan(50);
});

test('the likeliest tokens are those of sorting all, of equal ones the first', () => {
  const random = randomStream(2, 'weights');
  for (let n = 0; n < 200; n++) {
    const weights = Float32Array.from({ length: 1 + (n % 70) }, () => Math.floor(10 * random.next()) / 10);
    const sorted = [...weights.keys()].sort((a, b) => weights[b]! - weights[a]! || a - b);
    for (const count of [0, 1, 5, 20]) expect(topTokens(weights, count)).toEqual(sorted.slice(0, count));
  }
});
