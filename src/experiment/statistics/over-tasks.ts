import { mean, quantileSorted } from 'simple-statistics';
import { randomStream } from '../../random.ts';

/** Resamples of a bootstrap. */
const RESAMPLES = 10_000;

/**
 * The 95 % interval of a mean over tasks, by the percentile bootstrap (Efron 1979): tasks are drawn with replacement
 * 10,000 times, always the same draws.
 * @param byTask one value a task, such as the share of seeds that answered it right.
 */
export function overTasks(byTask: readonly number[]): readonly [number, number] {
  const key = byTask.join();
  const known = intervals.get(key) ?? bootstrap(byTask);
  intervals.set(key, known);
  return known;
}

/** Intervals by their values: results are worked out anew after every job, and most of them have not changed. */
const intervals = new Map<string, readonly [number, number]>();

function bootstrap(byTask: readonly number[]): readonly [number, number] {
  const random = randomStream(0, 'bootstrap over tasks');
  const values = [...byTask];
  const means = Array.from({ length: RESAMPLES }, () =>
    mean(values.map(() => values[Math.floor(random.next() * values.length)]!)),
  ).sort((a, b) => a - b);
  return [quantileSorted(means, 0.025), quantileSorted(means, 0.975)];
}
