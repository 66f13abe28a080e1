import { rolloutFiles } from '../../run/folder/rollout-files.ts';
import type { RolloutView } from '../page-data.ts';
import { type Note, type RolloutLine, rolloutLine, soundRecords } from './sound-records.ts';

/** Completions of one step that are kept: whole groups, from the batch's beginning. */
const MOST_A_STEP = 32;
/** Characters of a text that are kept. */
const LONGEST_TEXT = 4000;

export interface RolloutSample {
  readonly rollouts: readonly RolloutView[];
  readonly rolloutCount: number;
  readonly rolloutsNote: string;
}

/**
 * Reads completions of evenly spaced steps, and those of the first and the last step, within a budget of characters.
 * The spacing is 1 and doubles whenever the budget is used up, so a file of any size is read once and in little memory.
 */
export async function sampleRollouts(path: string, budget: number, note: Note): Promise<RolloutSample> {
  const sample = new Sample(budget);
  const wanted = (line: string) => sample.counts(line);
  for (const { path: file } of await rolloutFiles(path)) {
    for await (const record of soundRecords(file, rolloutLine, { note, wanted })) sample.add(record);
  }
  return sample.end();
}

class Sample {
  #budget: number;
  #every = 1;
  #count = 0;
  #size = 0;
  #kept = new Map<number, RolloutView[]>();
  /** The latest step, whether or not it is one of those spaced evenly. */
  #last: { step: number; rollouts: RolloutView[] } = { step: -1, rollouts: [] };

  constructor(budget: number) {
    this.#budget = budget;
  }

  /** Whether a line is worth parsing; counts it. */
  counts(line: string): boolean {
    this.#count++;
    const step = /^\{"step":(\d+),/.exec(line)?.[1];
    if (step === undefined || Number(step) !== this.#last.step) return true;
    return this.#last.rollouts.length < MOST_A_STEP;
  }

  add(record: RolloutLine): void {
    const { step } = record;
    if (step !== this.#last.step) this.#last = { step, rollouts: [] };
    if (this.#last.rollouts.length >= MOST_A_STEP) return;
    const view = rolloutView(record);
    this.#last.rollouts.push(view);
    if (step % this.#every !== 0) return;
    this.#kept.set(step, this.#last.rollouts);
    this.#size += sizeOf(view);
    while (this.#size > this.#budget && this.#kept.size > 1) this.#thin();
  }

  #thin(): void {
    this.#every *= 2;
    for (const [step, rollouts] of this.#kept) {
      if (step % this.#every === 0) continue;
      this.#kept.delete(step);
      this.#size -= rollouts.reduce((sum, view) => sum + sizeOf(view), 0);
    }
  }

  end(): RolloutSample {
    if (this.#last.rollouts.length > 0) this.#kept.set(this.#last.step, this.#last.rollouts);
    const rollouts = [...this.#kept.values()].flat().sort((a, b) => a.step - b.step);
    const [shown, all] = [rollouts.length, this.#count].map((n) => n.toLocaleString('en-US'));
    const steps = this.#every === 1 ? 'every step' : `every ${this.#every}th step and the last`;
    const rolloutsNote =
      rollouts.length >= this.#count
        ? ''
        : `The page holds ${shown} of ${all} completions: of ${steps}, at most ${MOST_A_STEP} a step. See all with \`anneal rollouts\`.`;
    return { rollouts, rolloutCount: this.#count, rolloutsNote };
  }
}

/** A line of rollouts.jsonl as the page carries it: long texts are cut. */
export function rolloutView(record: RolloutLine): RolloutView {
  const { step, task, rewards, reward, advantage, beta, tokens, turns } = record;
  const [texts, logprobs, advantages] = [record.token_texts, record.token_logprobs, record.token_advantages];
  const cut = (parts: RolloutLine['prompt']) =>
    parts.map(({ role, content }) => ({ role, content: shortened(content) }));
  return {
    step,
    task,
    prompt: cut(record.prompt),
    completion: shortened(record.completion),
    ...(turns && { turns: cut(turns) }),
    rewards,
    reward,
    advantage,
    beta,
    finish: record.finish_reason,
    tokens,
    ...(texts && { tokenTexts: texts }),
    ...(logprobs && { tokenLogprobs: logprobs }),
    ...(advantages && { tokenAdvantages: advantages }),
  };
}

const shortened = (text: string) =>
  text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT)}… (${text.length} characters)`;

/** About the characters of its JSON. */
function sizeOf({ prompt, completion, turns = [], tokenTexts = [] }: RolloutView): number {
  const said = [...prompt, ...turns].reduce((sum, { content }) => sum + content.length + 30, 0);
  return 200 + said + completion.length + 12 * tokenTexts.length + tokenTexts.join('').length;
}
