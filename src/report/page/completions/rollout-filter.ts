import type { RolloutView } from '../../page-data.ts';

/** Which completions to show, and in which order. */
export interface RolloutFilter {
  readonly run: string;
  /** As typed: '' is no bound. */
  readonly stepFrom: string;
  readonly stepTo: string;
  readonly rewardFrom: string;
  readonly rewardTo: string;
  readonly text: string;
  readonly cutOff: boolean;
  readonly order: 'step' | 'latest' | 'best' | 'worst' | 'advantage';
}

export const noFilter: RolloutFilter = {
  run: '',
  stepFrom: '',
  stepTo: '',
  rewardFrom: '',
  rewardTo: '',
  text: '',
  cutOff: false,
  order: 'step',
};

export function filtered(rollouts: readonly RolloutView[], filter: RolloutFilter): RolloutView[] {
  const steps = within(filter.stepFrom, filter.stepTo);
  const rewards = within(filter.rewardFrom, filter.rewardTo);
  const bounded = filter.rewardFrom.trim() !== '' || filter.rewardTo.trim() !== '';
  const text = filter.text.toLowerCase();
  const fits = (rollout: RolloutView) =>
    steps(rollout.step) &&
    (!bounded || (rollout.reward !== null && rewards(rollout.reward))) &&
    (!filter.cutOff || rollout.finish === 'length') &&
    (text === '' || textsOf(rollout).some((part) => part.toLowerCase().includes(text)));
  return rollouts.filter(fits).sort(orders[filter.order]);
}

function within(from: string, to: string): (value: number) => boolean {
  const bound = (text: string, none: number) =>
    text.trim() === '' || Number.isNaN(Number(text)) ? none : Number(text);
  const [low, high] = [bound(from, Number.NEGATIVE_INFINITY), bound(to, Number.POSITIVE_INFINITY)];
  return (value) => value >= low && value <= high;
}

const textsOf = ({ completion, prompt, turns = [], task }: RolloutView) => [
  completion,
  task,
  ...[...prompt, ...turns].map(({ content }) => content),
];

type Order = (a: RolloutView, b: RolloutView) => number;

/** Descending; what has no number is last. */
const falling =
  (of: (rollout: RolloutView) => number | null): Order =>
  (a, b) =>
    compare(of(b) ?? Number.NEGATIVE_INFINITY, of(a) ?? Number.NEGATIVE_INFINITY);

/** Infinities have no difference. */
const compare = (a: number, b: number) => (a === b ? 0 : a < b ? -1 : 1);

const orders: Readonly<Record<RolloutFilter['order'], Order>> = {
  step: (a, b) => a.step - b.step,
  latest: (a, b) => b.step - a.step,
  best: falling(({ reward }) => reward),
  worst: falling(({ reward }) => (reward === null ? null : -reward)),
  advantage: falling(({ advantage }) => (advantage === null ? null : Math.abs(advantage))),
};
