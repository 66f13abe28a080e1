import { describe, expect, test } from 'vitest';
import { thinkFormat } from '../../../rewards/think-format.ts';
import { gradeTargets } from '../../../src/environment/grade-targets.ts';
import type { NamedReward } from '../../../src/environment/scoring/call-reward.ts';
import { scoreRollouts } from '../../../src/environment/scoring/score-rollouts.ts';
import type { Environment, Message, RewardBatch, Rollout } from '../../../src/types.ts';

const say = (role: Message['role'], content: string): Message => ({ role, content });
const asked = [say('system', 'be brief'), say('user', '1+1?')];
/** A prompt that ends with the beginning of the answer. */
const begun = [...asked, say('assistant', '<think>')];

const rollout = (messages: readonly Message[], turns?: readonly Message[]): Rollout => ({
  group: 0,
  task: { id: 'a' },
  messages,
  promptIds: [1],
  tokenIds: [2],
  logprobs: [-1],
  text: turns?.at(-1)?.content ?? '2',
  finishReason: 'eos',
  beta: 0,
  policyVersion: 0,
  ...(turns && { turns }),
});

/** A reward that keeps the batches that it sees. */
function watching() {
  const seen: RewardBatch[] = [];
  const reward: NamedReward = {
    name: 'watching',
    weight: 1,
    timeout: 9,
    reward: (batch) => {
      seen.push(batch);
      return batch.completions.map(() => 1);
    },
  };
  return { seen, reward };
}

async function conversationOf(row: Rollout): Promise<readonly Message[]> {
  const { seen, reward } = watching();
  await scoreRollouts([row], { rewards: [reward], step: 0, signal: new AbortController().signal });
  return seen[0]!.messages[0]!;
}

describe('a reward’s messages', () => {
  const turns = [say('assistant', 'hm'), say('tool', '2'), say('assistant', 'so 2')];

  test('are the prompt and the completion, or the turns of an episode', async () => {
    expect(await conversationOf(rollout(asked))).toEqual([...asked, say('assistant', '2')]);
    expect(await conversationOf(rollout(asked, turns))).toEqual([...asked, ...turns]);
  });

  test('join the beginning of an answer with the completion', async () => {
    expect(await conversationOf(rollout(begun))).toEqual([...asked, say('assistant', '<think>2')]);
  });

  test('join it with the first turn of an episode alone', async () => {
    expect(await conversationOf(rollout(begun, turns))).toEqual([
      ...asked,
      say('assistant', '<think>hm'),
      ...turns.slice(1),
    ]);
  });

  test('are the same for the targets of an environment, which can’t be changed either', async () => {
    const env: Environment = {
      name: 'begun',
      async *tasks(split) {
        yield { id: split };
      },
      prompt: () => begun,
      target: () => '2',
    };
    const { seen, reward } = watching();
    await gradeTargets(env, reward, { limit: 1 });
    const one = [...asked, say('assistant', '<think>2')];
    expect(seen[0]!.messages).toEqual([one, one]);
    expect(seen[0]!.completions).toEqual(['2', '2']);
    for (const given of [seen[0]!.tasks[0], seen[0]!.completions, seen[0]!.messages[0]])
      expect(Object.isFrozen(given)).toBe(true);
  });
});

describe('the rendered prompt', () => {
  test('reaches rewards, so that thinkFormat knows a tag that the chat template opened', async () => {
    const { seen, reward } = watching();
    const think = { name: 'think', weight: 1, timeout: 9, reward: thinkFormat() };
    const answer = { ...rollout(asked), text: 'I add.</think>2' };
    const opened = { ...answer, promptText: '<|user|>1+1?<|assistant|><think>\n' };
    const closed = { ...answer, promptText: '<|user|>1+1?<|assistant|>' };
    const signal = new AbortController().signal;
    const scored = await scoreRollouts([opened, closed], { rewards: [think, reward], step: 0, signal });
    expect(scored.rollouts.map(({ scores }) => scores[0])).toEqual([1, 0]);
    expect(seen[0]!.promptTexts).toEqual([opened.promptText, closed.promptText]);
  });

  test('is absent for texts that nobody sampled', async () => {
    const { seen, reward } = watching();
    await scoreRollouts([rollout(asked)], {
      rewards: [reward],
      step: 0,
      signal: new AbortController().signal,
    });
    expect(seen[0]).not.toHaveProperty('promptTexts');
  });
});
