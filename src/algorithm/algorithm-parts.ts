import { readersOf, type UnreadOption, unreadOptions } from '../options/unread-options.ts';
import { type EstimatorName, estimators } from './advantage/index.ts';
import type { AdvantageEstimator } from './advantage/types.ts';
import { losses, verlLosses } from './loss/index.ts';
import type { LossDefinition } from './loss/terms/types.ts';

/** What an algorithm is made of. */
export interface Parts {
  readonly name: string;
  readonly compat: 'trl' | 'verl';
  readonly loss: LossDefinition;
  readonly rewardAggregation: 'sum' | 'normalise-then-sum';
  readonly klIn?: 'loss' | 'reward' | undefined;
  readonly estimatorName: EstimatorName;
  readonly estimator: AdvantageEstimator;
}

const asVerl = (name: string) => `${name} as verl has it`;

const lossReaders = readersOf(
  Object.entries<LossDefinition>(losses).map(([name, { options }]) => [name, options]),
);
for (const [name, { options }] of Object.entries<LossDefinition>(verlLosses)) {
  for (const option of Object.keys(options)) {
    const known = lossReaders.get(option) ?? [];
    // That a loss reads it by verl's conventions, too, is no news.
    if (!known.includes(name)) lossReaders.set(option, [...known, asVerl(name)]);
  }
}
const everyEstimator = Object.entries<AdvantageEstimator>(estimators);
const advantageReaders = readersOf(everyEstimator.map(([name, { options }]) => [name, options]));
const besideReaders = readersOf(everyEstimator.map(([name, { beside }]) => [name, beside]));

type Fields = Readonly<Record<string, unknown>>;

/** The options given that other losses or estimators read and these do not. */
export function unreadBy(parts: Parts, given: Fields & { readonly advantage: Fields }): UnreadOption[] {
  const { name, compat, loss, rewardAggregation, estimatorName, estimator } = parts;
  const compared = {
    who:
      rewardAggregation === 'sum'
        ? `the advantage estimator ${estimatorName}`
        : `rewardAggregation ${rewardAggregation}`,
    reads: { ...estimator.options, ...estimator.beside },
  };
  return [
    ...unreadOptions(given, {
      who: compat === 'verl' ? asVerl(name) : name,
      reads: loss.options,
      readers: lossReaders,
    }),
    ...unreadOptions(given, { ...compared, readers: besideReaders }),
    ...unreadOptions(given.advantage, { ...compared, readers: advantageReaders }, ['advantage']),
  ];
}
