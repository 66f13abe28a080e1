import { RunError } from '../../errors.ts';
import type { RewardBatch } from '../../types.ts';
import { isReservedMetric } from './reserved-metrics.ts';

/** What the rewards of one batch logged. */
export class LoggedMetrics {
  readonly #values = new Map<string, number[]>();

  /**
   * The `logMetric` of a reward.
   * @throws RunError, when called, for a name that is anneal's own, or a value that is no finite number.
   */
  of(reward: string): RewardBatch['logMetric'] {
    return (name: unknown, value: unknown) => {
      const call = `reward "${reward}": logMetric(${JSON.stringify(name)}, ${show(value)})`;
      if (typeof name !== 'string' || name === '')
        throw new RunError(`${call}: the name of a metric is a text`);
      if (isReservedMetric(name)) {
        throw new RunError(
          `${call}: anneal logs a metric of this name; take another, such as "${reward}/${name}"`,
        );
      }
      if (typeof value !== 'number' || !Number.isFinite(value))
        throw new RunError(`${call}: a metric is a finite number`);
      this.#values.set(name, [...(this.#values.get(name) ?? []), value]);
    };
  }

  /** The mean of what was logged by each name. */
  means(): Record<string, number> {
    return Object.fromEntries(
      [...this.#values].map(([name, values]) => [
        name,
        values.reduce((sum, value) => sum + value, 0) / values.length,
      ]),
    );
  }
}

const show = (value: unknown): string => (typeof value === 'string' ? JSON.stringify(value) : String(value));
