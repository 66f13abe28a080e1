import { InputError } from '../errors.ts';
import type { RolloutRecord } from '../run/folder/rollout-records.ts';
import { numberOption } from './options/numeric-options.ts';

/** Which rollouts to show, as given on the command line. */
export interface FilterOptions {
  readonly step?: string;
  readonly below?: string;
  readonly above?: string;
  readonly truncated?: true;
  readonly word?: string;
}

/** What is to be shown. */
interface Filter {
  /** Whether a file holds steps that are asked for. */
  readonly holds: (steps: { readonly first: number; readonly last: number }) => boolean;
  readonly shows: (record: RolloutRecord) => boolean;
}

/** @throws InputError for a step or reward that is no number. */
export function filterOf({ step, below, above, truncated, word }: FilterOptions): Filter {
  const [first, last] = step === undefined ? [0, Number.POSITIVE_INFINITY] : stepRange(step);
  const [low, high] = [
    above === undefined ? Number.NEGATIVE_INFINITY : numberOption('--above', above),
    below === undefined ? Number.POSITIVE_INFINITY : numberOption('--below', below),
  ];
  const shows = (record: RolloutRecord) =>
    record.step >= first &&
    record.step <= last &&
    (above === undefined || (record.reward !== null && record.reward > low)) &&
    (below === undefined || (record.reward !== null && record.reward < high)) &&
    (truncated === undefined || record.finish_reason === 'length') &&
    (word === undefined ||
      [record.completion, ...[...record.prompt, ...(record.turns ?? [])].map(({ content }) => content)].some(
        (text) => text.includes(word),
      ));
  return { holds: (steps) => steps.last >= first && steps.first <= last, shows };
}

function stepRange(text: string): [number, number] {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text);
  if (match === null) throw new InputError(`--step takes a step or a range such as 10-20 (got "${text}")`);
  const [first, last] = [Number(match[1]), Number(match[2] ?? match[1])];
  if (last < first) throw new InputError(`--step goes from the smaller step to the larger (got "${text}")`);
  return [first, last];
}
