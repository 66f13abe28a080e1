import { z } from 'zod';
import { issuesOf } from '../options/issue-lines.ts';
import { mergedFields, registerFields } from '../options/schema-fields.ts';
import { type EstimatorName, estimatorNamed, estimators, type NamedEstimator } from './advantage/index.ts';
import { algorithmConflicts } from './algorithm-conflicts.ts';
import {
  type AlgorithmFields,
  algorithmFields,
  dependentDefaults,
  type GivenFields,
} from './algorithm-fields.ts';
import { type Parts, unreadBy } from './algorithm-parts.ts';
import {
  type GivenLoss,
  type LossName,
  losses,
  lossNamed,
  type NamedLoss,
  verlLosses,
} from './loss/index.ts';

/**
 * `algorithm` of a recipe with every default filled in: a union, told apart by the loss's `compat` and `name` and by
 * `advantage.estimator`.
 */
export type Algorithm = AlgorithmFields & NamedLoss & NamedEstimator;

type Intersection<U> = (U extends unknown ? (u: U) => void : never) extends (u: infer I) => void ? I : never;
type Estimators = (typeof estimators)[EstimatorName];
type EstimatorOptions = z.input<z.ZodObject<Intersection<Estimators['options']>>>;
type EstimatorBeside = z.input<z.ZodObject<Intersection<Estimators['beside']>>>;

/** `algorithm` as a recipe gives it: defaults may be left out. */
export type GivenAlgorithm = GivenLoss &
  Partial<GivenFields> &
  EstimatorBeside & {
    advantage?: ({ estimator?: EstimatorName | undefined } & EstimatorOptions) | undefined;
  };

const namesOf = <T extends string>(map: Readonly<Record<T, unknown>>) => Object.keys(map) as [T, ...T[]];

const name = z
  .enum(namesOf<LossName>(losses))
  .default('grpo')
  .describe('the policy loss, which decides what else may be given');
const compat = z
  .enum(['trl', 'verl'])
  .default('trl')
  .describe('whose conventions hold where TRL and verl differ');
const estimator = z
  .enum(namesOf<EstimatorName>(estimators))
  .describe("what a completion's reward is compared with; left out: the loss's own");

/** The fields that decide which others there are. */
const choice = z.looseObject({
  name,
  compat,
  rewardAggregation: algorithmFields.rewardAggregation,
  klIn: algorithmFields.klIn.optional(),
  advantage: z.looseObject({ estimator: estimator.optional() }).prefault({}),
});
type Chosen = z.output<typeof choice>;

/**
 * Which loss, with which options. There are those of the loss and of the advantage estimator chosen, and those of every
 * algorithm; any other is refused.
 */
export const algorithm = choice.transform((chosen, context): Algorithm => {
  const { issues, data } = parse(chosen);
  context.issues.push(...issues);
  return data ?? z.NEVER;
}) as unknown as z.ZodType<Algorithm, GivenAlgorithm>;

registerFields(algorithm, {
  name,
  compat,
  advantage: z.object({
    estimator,
    ...mergedFields(Object.values(estimators).map(({ options }) => options)),
  }),
  ...mergedFields([...Object.values(losses), ...Object.values(verlLosses)].map(({ options }) => options)),
  ...mergedFields(Object.values(estimators).map(({ beside }) => beside)),
  ...algorithmFields,
});

type Issues = z.core.$ZodRawIssue[];

function parse(chosen: Chosen): { readonly issues: Issues; readonly data?: Algorithm } {
  if (chosen.compat === 'verl' && !Object.hasOwn(verlLosses, chosen.name)) {
    const message = `verl has no ${chosen.name}; leave it out, or choose ${namesOf(verlLosses).join(', ')}`;
    return { issues: [{ code: 'custom', path: ['compat'], message, input: chosen.compat }] };
  }
  const parts = partsOf(chosen);
  const given = { ...defined(chosen), advantage: defined(chosen.advantage) };
  const unread = unreadBy(parts, given);
  const left = new Set(unread.map(({ path }) => path.join('.')));
  const read = {
    ...without(given, left),
    advantage: without(given.advantage, left, 'advantage.'),
  };
  const schema = schemaOf(parts);
  const { data, error } = schema.safeParse(withDefaults(read, parts), { reportInput: true });
  const parsed = data as Algorithm | undefined;
  const wrong = [...unread, ...(parsed ? algorithmConflicts(parsed) : [])];
  const issues: Issues = [
    ...wrong.map(({ path, ...issue }) => ({ code: 'custom' as const, path: [...path], ...issue })),
    ...issuesOf(error, schema),
  ];
  return parsed && issues.length === 0 ? { issues, data: withRangeOf(given, parsed) } : { issues };
}

function partsOf({ name, compat, advantage, rewardAggregation, klIn }: Chosen): Parts {
  const loss = lossNamed({ name, compat });
  const estimatorName = advantage.estimator ?? loss.advantage.estimator;
  const estimator = estimatorNamed({ estimator: estimatorName, compat, rewardAggregation });
  return { name, compat, loss, rewardAggregation, klIn, estimatorName, estimator };
}

/** The one schema of a loss and an estimator. */
function schemaOf({ name, compat, loss, estimatorName, estimator }: Parts) {
  return z.strictObject({
    name: z.literal(name),
    compat: z.literal(compat),
    advantage: z.strictObject({ estimator: z.literal(estimatorName), ...estimator.options }),
    ...loss.options,
    ...estimator.beside,
    ...algorithmFields,
  });
}

/** What was given, with the defaults that depend on other fields. */
function withDefaults(given: Fields & { readonly advantage: Fields }, parts: Parts): Fields {
  const { compat, loss, klIn, estimatorName, estimator } = parts;
  const { scaleRewards } = loss.advantage;
  return {
    ...dependentDefaults({
      valued: 'valueCoef' in estimator.beside,
      verl: compat === 'verl',
      klIn,
    }),
    ...(scaleRewards && 'scaleRewards' in estimator.beside && { scaleRewards }),
    ...given,
    advantage: { ...given.advantage, estimator: estimatorName },
  };
}

/** A clip range given by its lower half alone is symmetric, whatever the loss's own upper half. */
function withRangeOf(given: Fields, parsed: Algorithm): Algorithm {
  if (given.clipEpsilon === undefined || given.clipEpsilonHigh !== undefined) return parsed;
  const { clipEpsilonHigh: _, ...symmetric } = parsed as Algorithm & { readonly clipEpsilonHigh?: number };
  return symmetric as Algorithm;
}

type Fields = Readonly<Record<string, unknown>>;

/** Without the fields that are undefined. */
function defined<T extends object>(record: T): T {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as T;
}

/** Without the fields whose paths are in `left`. */
const without = (fields: Fields, left: ReadonlySet<string>, prefix = ''): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !left.has(prefix + name)));
