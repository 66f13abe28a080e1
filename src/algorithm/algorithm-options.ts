import { estimatorOptions } from './advantage/index.ts';
import type { GivenAlgorithm } from './algorithm-fields.ts';
import { lossNamed, verlLosses } from './loss/index.ts';
import { type LossOption, lossOptions } from './loss/terms/types.ts';

/** Something wrong with an option, where it stands. */
interface OptionIssue {
  readonly path: readonly string[];
  readonly message: string;
  readonly input: unknown;
}

/** Losses that verl has under our names without another definition of its own. */
const VERL_TOO: readonly string[] = ['gpg', 'geo_mean', 'clip_cov', 'kl_cov'];

/** Options of an advantage estimator by where they stand in a recipe. */
const advantagePaths = {
  scaleRewards: ['scaleRewards'],
  eps: ['advantage', 'eps'],
  gamma: ['advantage', 'gamma'],
  lambda: ['advantage', 'lambda'],
  norm: ['advantage', 'norm'],
} as const;

/** What a value function is like when nothing is said: TRL's coefficients, and each peer's place of the score. */
const valueDefaults = ({ compat }: Pick<GivenAlgorithm, 'compat'>) =>
  ({
    ...{ valueCoef: 0.1, valueClip: 0.2, detachValueHead: false, whitenRewards: false },
    scorePlacement: compat === 'verl' ? 'last-token' : 'past-last',
  }) as const;

/** What is wrong with the options: those that the algorithm or its estimator does not read, and those at odds. */
export function algorithmIssues(given: GivenAlgorithm): OptionIssue[] {
  return [
    ...unreadLossOptions(given),
    ...unreadAdvantageOptions(given),
    ...unreadValueOptions(given),
    ...conflicts(given),
  ];
}

type Estimator = NonNullable<GivenAlgorithm['advantage']['estimator']>;

/** What an algorithm is once every option that it reads is filled in. */
type Algorithm = Omit<GivenAlgorithm, 'advantage' | Filled> & {
  readonly advantage: Omit<GivenAlgorithm['advantage'], 'estimator'> & { readonly estimator: Estimator };
} & { readonly [name in Filled]-?: NonNullable<GivenAlgorithm[name]> };
type Filled = 'klEstimator' | 'klBiasCorrection' | 'klIn' | 'shuffle';

/** The algorithm with every option that it reads filled in, and no other. */
export function withDefaults(given: GivenAlgorithm): Algorithm {
  const { options, advantage, aggregation, fixedAggregation } = lossNamed(given);
  const estimator = estimatorOf(given);
  const verl = given.compat === 'verl';
  const valued = estimator === 'gae';
  const klIn = given.klIn ?? (valued ? 'reward' : 'loss');
  const scaled = estimatorOptions[estimator]?.includes('scaleRewards') && given.rewardAggregation === 'sum';
  const { name, ...others } = given;
  return {
    name,
    ...defined({
      ...options,
      // A range given by its lower half alone is symmetric.
      ...(given.clipEpsilon !== undefined && { clipEpsilonHigh: undefined }),
      ...(!fixedAggregation && { aggregation }),
      ...(scaled && { scaleRewards: advantage.scaleRewards ?? 'group' }),
    }),
    ...(valued && valueDefaults(given)),
    ...klDefaults(klIn, verl),
    shuffle: valued,
    ...defined(others),
    advantage: { ...defined(given.advantage), estimator },
  } as Algorithm;
}

function klDefaults(klIn: 'loss' | 'reward', verl: boolean) {
  // Both peers penalise rewards by k1.
  if (klIn === 'reward') return { klIn, klEstimator: 'k1', klBiasCorrection: false };
  return { klIn, klEstimator: verl ? 'low_var_kl' : 'k3', klBiasCorrection: !verl };
}

const estimatorOf = (given: GivenAlgorithm): Estimator =>
  given.advantage.estimator ?? (lossNamed(given).advantage.estimator as Estimator);

function unreadLossOptions(given: GivenAlgorithm): OptionIssue[] {
  const { options, fixedAggregation } = lossNamed(given);
  const read: readonly string[] = [...Object.keys(options), ...(fixedAggregation ? [] : ['aggregation'])];
  const names: (LossOption | 'aggregation')[] = [...lossOptions, 'aggregation'];
  return names
    .filter((name) => given[name] !== undefined && !read.includes(name))
    .map((name) => ({
      path: [name],
      message: `${described(given)} does not read it; of such options it reads ${list(read)}`,
      input: given[name],
    }));
}

function unreadAdvantageOptions(given: GivenAlgorithm): OptionIssue[] {
  const estimator = estimatorOf(given);
  const summed = given.rewardAggregation === 'sum';
  const read: readonly string[] = summed ? (estimatorOptions[estimator] ?? []) : [];
  const who = summed ? `the advantage estimator ${estimator}` : 'rewardAggregation normalise-then-sum';
  const values = { scaleRewards: given.scaleRewards, ...given.advantage };
  return Object.entries(advantagePaths)
    .map(([name, path]) => ({ name, path, input: values[name as keyof typeof advantagePaths] }))
    .filter(({ name, input }) => input !== undefined && !read.includes(name))
    .map(({ path, input }) => ({ path, message: `${who} does not read it`, input }));
}

function unreadValueOptions(given: GivenAlgorithm): OptionIssue[] {
  const estimator = estimatorOf(given);
  if (estimator === 'gae') return [];
  const names = Object.keys(valueDefaults(given)) as (keyof ReturnType<typeof valueDefaults>)[];
  return names
    .filter((name) => given[name] !== undefined)
    .map((name) => ({
      path: [name],
      message: `goes with the advantage estimator gae, which has a value function, not with ${estimator}`,
      input: given[name],
    }));
}

function conflicts(given: GivenAlgorithm): OptionIssue[] {
  const { name, compat, rewardAggregation, klCoef, klControl, klIn, klBiasCorrection } = given;
  const { missingEosPenalty, samplerCorrection, adaptiveEntropy } = given;
  const issues: OptionIssue[] = [];
  const add = (path: string, message: string, input: unknown) =>
    issues.push({ path: [path], message, input });
  if (compat === 'verl' && verlLosses[name] === undefined && !VERL_TOO.includes(name)) {
    add(
      'compat',
      `verl has no ${name}; leave it out, or choose ${list([...Object.keys(verlLosses), ...VERL_TOO])}`,
      compat,
    );
  }
  if (rewardAggregation !== 'sum' && estimatorOf(given) !== 'grpo') {
    add(
      'rewardAggregation',
      `goes with the advantage estimator grpo, not with ${estimatorOf(given)}`,
      rewardAggregation,
    );
  }
  if (rewardAggregation !== 'sum' && missingEosPenalty > 0) {
    add(
      'missingEosPenalty',
      'is taken from the sum of the rewards: it needs rewardAggregation sum',
      missingEosPenalty,
    );
  }
  if (rewardAggregation !== 'sum' && klIn === 'reward') {
    add('klIn', 'a penalty in the reward needs the rewards summed: rewardAggregation sum', klIn);
  }
  if (klBiasCorrection && (klIn ?? (estimatorOf(given) === 'gae' ? 'reward' : 'loss')) === 'reward') {
    add('klBiasCorrection', 'is of the KL in the loss: set klIn to loss', klBiasCorrection);
  }
  if (klControl.type === 'adaptive' && klCoef === 0) {
    add('klControl', 'needs klCoef above 0 to start from: it multiplies it', klControl.type);
  }
  for (const [path, range] of Object.entries({ samplerCorrection, adaptiveEntropy })) {
    if (range !== undefined && (range.min ?? 0) > range.max) {
      add(path, `has min above max, ${range.max}: nothing lies between`, range.min);
    }
  }
  return issues;
}

const described = ({ name, compat }: GivenAlgorithm) => (compat === 'verl' ? `${name} as verl has it` : name);
const list = (names: readonly string[]) => (names.length === 0 ? 'none' : names.join(', '));

/** Without the fields that are undefined. */
function defined<T extends object>(record: T): T {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as T;
}
