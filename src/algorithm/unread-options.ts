import type { z } from 'zod';
import { type EstimatorName, estimators } from './advantage/index.ts';
import type { AdvantageEstimator } from './advantage/types.ts';
import { losses, verlLosses } from './loss/index.ts';
import type { LossDefinition } from './loss/terms/types.ts';

const asVerl = (name: string) => `${name} as verl has it`;

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

/** An option of another loss or estimator, where it was given. */
interface Unread {
  readonly path: readonly [string] | readonly ['advantage', string];
  readonly message: string;
  readonly input: unknown;
}

const everyLoss: readonly (readonly [string, LossDefinition])[] = [
  ...Object.entries(losses),
  ...Object.entries<LossDefinition>(verlLosses).map(([name, loss]) => [asVerl(name), loss] as const),
];

type Fields = Readonly<Record<string, unknown>>;

/** The options given that other losses or estimators read and these do not. */
export function unreadOptions(given: Fields & { readonly advantage: Fields }, parts: Parts): Unread[] {
  const { name, compat, loss, rewardAggregation, estimatorName, estimator } = parts;
  const whose = compat === 'verl' ? asVerl(name) : name;
  const byLoss = owners(everyLoss, 'options');
  const compared =
    rewardAggregation === 'sum'
      ? `the advantage estimator ${estimatorName}`
      : `rewardAggregation ${rewardAggregation}`;
  const all = Object.entries<AdvantageEstimator>(estimators);
  const comparedBy = { who: compared, reads: { ...estimator.options, ...estimator.beside } };
  return [
    ...unread(given, { who: whose, reads: loss.options, owners: byLoss }),
    ...unread(given, { ...comparedBy, owners: owners(all, 'beside') }),
    ...unread(given.advantage, { ...comparedBy, owners: owners(all, 'options') }, 'advantage'),
  ];
}

/** The names that read each option. */
function owners<K extends string>(
  definitions: readonly (readonly [string, Readonly<Record<K, z.ZodRawShape>>])[],
  key: K,
): ReadonlyMap<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [name, definition] of definitions) {
    for (const option of Object.keys(definition[key])) {
      const before = found.get(option) ?? [];
      // That a loss reads it by verl's conventions, too, is no news.
      if (!before.some((known) => name === asVerl(known))) found.set(option, [...before, name]);
    }
  }
  return found;
}

interface Reader {
  /** In words. */
  readonly who: string;
  readonly reads: z.ZodRawShape;
  readonly owners: ReadonlyMap<string, string[]>;
}

/** So many names help; more only hide what matters. */
const MOST_NAMES = 4;

function unread(given: Fields, { who, reads, owners }: Reader, within?: 'advantage'): Unread[] {
  return Object.entries(given)
    .filter(([option]) => owners.has(option) && !Object.hasOwn(reads, option))
    .map(([option, input]) => {
      const names = owners.get(option)!;
      const others =
        names.length > MOST_NAMES ? '' : ` (${names.join(', ')} ${names.length > 1 ? 'do' : 'does'})`;
      const own = Object.keys(reads).join(', ') || 'none';
      return {
        path: within ? [within, option] : [option],
        message: `${who} does not read it${others}; its own options: ${own}`,
        input,
      };
    });
}
