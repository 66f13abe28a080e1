import { describe, expect, test } from 'vitest';
import { RunError } from '../../../src/errors.ts';
import { playEpisodes } from '../../../src/rollout/episodes/play-episodes.ts';
import type { SampleOptions, Sampler } from '../../../src/rollout/sampler.ts';
import type { Completion, Environment, Episode, FinishReason, Message } from '../../../src/types.ts';

/** A sampler that says 'a', then 'b', then 'c' …: one token a turn, the turn's number, with log-prob −turn. */
function speller(finish: (turn: number) => FinishReason = () => 'eos') {
  const calls: { readonly texts: readonly (readonly number[])[]; readonly options: SampleOptions }[] = [];
  const turn = (t: number): Completion => ({
    tokenIds: [t],
    logprobs: [-t],
    text: String.fromCharCode(96 + t),
    finishReason: finish(t),
  });
  const sampler: Sampler = {
    maxPositions: 20,
    sample: async (requests, { groupSize }) =>
      requests.flatMap((request, group) =>
        Array.from({ length: groupSize }, () => ({
          ...request,
          ...turn(1),
          group,
          promptIds: [50, 51],
          beta: 0.5,
          policyVersion: 3,
        })),
      ),
    extend: async (texts, options) => {
      calls.push({ texts, options });
      return texts.map(() => turn(calls.length + 1));
    },
    between: (conversation, { tokenIds }, said) => [
      90 + conversation.length,
      80 + tokenIds.length,
      70 + said.length,
    ],
  };
  return { sampler, calls };
}

const said = (content: string): Message[] => [{ role: 'tool', content }];

function environment(step?: Environment['step']): Environment {
  return { name: 'talk', async *tasks() {}, prompt: () => [], ...(step && { step }) };
}

const options = {
  groupSize: 2,
  maxNewTokens: 4,
  maxPromptLength: 9,
  temperature: 1,
  topP: 1,
  topK: 0,
  minP: 0,
  stop: [],
  seed: 7,
  maxTurns: 5,
  stepTimeout: 9,
  parallelSteps: 64,
};
const requests = [{ task: { id: 'x' }, messages: [{ role: 'user' as const, content: 'spell' }] }];
const play = (sampler: Sampler, env: Environment, more: Partial<typeof options> = {}) =>
  playEpisodes(sampler, env, requests, { ...options, ...more });

describe('an episode', () => {
  test('is one completion where the environment does not answer', async () => {
    const { sampler, calls } = speller();
    const rollouts = await play(sampler, environment());
    expect(rollouts).toHaveLength(2);
    for (const rollout of rollouts) expect(rollout).not.toHaveProperty('turns');
    expect(calls).toEqual([]);
  });

  test('goes on from what was sampled and said, until the environment has nothing to say', async () => {
    const { sampler, calls } = speller();
    const seen: Episode[] = [];
    const env = environment((episode) => {
      seen.push(episode);
      return episode.messages.length < 5 ? said('go on') : undefined;
    });
    const [rollout] = await play(sampler, env, { groupSize: 1 });
    expect(rollout).toEqual({
      ...requests[0],
      group: 0,
      promptIds: [50, 51],
      // Turn a; one message before it, a turn of one token, one message said; turn b; three before it; turn c.
      tokenIds: [1, 91, 81, 71, 2, 93, 85, 71, 3],
      logprobs: [-1, 0, 0, 0, -2, 0, 0, 0, -3],
      completionMask: [1, 0, 0, 0, 1, 0, 0, 0, 1],
      turns: [
        { role: 'assistant', content: 'a' },
        { role: 'tool', content: 'go on' },
        { role: 'assistant', content: 'b' },
        { role: 'tool', content: 'go on' },
        { role: 'assistant', content: 'c' },
      ],
      text: 'c',
      finishReason: 'eos',
      beta: 0.5,
      policyVersion: 3,
    });
    expect(calls.map(({ texts }) => texts)).toEqual([
      [[50, 51, 1, 91, 81, 71]],
      [[50, 51, 1, 91, 81, 71, 2, 93, 85, 71]],
    ]);
    expect(
      seen.map(({ task, messages }) => [task.id, messages.map(({ content }) => content).join(' ')]),
    ).toEqual([
      ['x', 'spell a'],
      ['x', 'spell a go on b'],
      ['x', 'spell a go on b go on c'],
    ]);
  });

  test('of a prompt that ends with the beginning of an answer goes on in the same message', async () => {
    const { sampler } = speller();
    const seen: Episode['messages'][] = [];
    const conversations: (readonly Message[])[] = [];
    const between: Sampler['between'] = (conversation, turn, messages) => {
      conversations.push(conversation);
      return sampler.between(conversation, turn, messages);
    };
    const env = environment(({ messages }) => {
      seen.push(messages);
      return seen.length < 3 ? said('go on') : undefined;
    });
    const begun: Message[] = [
      { role: 'user', content: 'spell' },
      { role: 'assistant', content: '<think>' },
    ];
    const request = { task: { id: 'x' }, messages: begun };
    await playEpisodes({ ...sampler, between }, env, [request], { ...options, groupSize: 1 });
    const joined = [begun[0], { role: 'assistant', content: '<think>a' }, ...said('go on')];
    expect(seen[0]).toEqual(joined.slice(0, 2));
    expect(seen[1]).toEqual([...joined, { role: 'assistant', content: 'b' }]);
    // A turn goes on where its conversation ends with the assistant's.
    expect(conversations).toEqual([begun, joined]);
  });

  test('ends by itself while others go on, each turn with a seed of its own', async () => {
    const { sampler, calls } = speller();
    let asked = 0;
    const env = environment(async () => (asked++ === 0 ? undefined : said('more')));
    const rollouts = await play(sampler, env, { maxTurns: 3 });
    expect(rollouts.map(({ turns }) => turns!.length)).toEqual([1, 5]);
    expect(calls.map(({ texts, options: { groupSize } }) => [texts.length, groupSize])).toEqual([
      [1, 1],
      [1, 1],
    ]);
    const seeds = [options.seed, ...calls.map((call) => call.options.seed)];
    expect(new Set(seeds).size).toBe(3);
    const again = speller();
    asked = 0;
    await play(again.sampler, env, { maxTurns: 3 });
    expect(again.calls.map((call) => call.options.seed)).toEqual(seeds.slice(1));
  });

  test('ends after maxTurns, at a turn that hit the token limit, and where the model has no positions left', async () => {
    const always = environment(() => said('more'));
    const turnsOf = async (sampler: Sampler, maxTurns: number) => {
      const [rollout] = await play(sampler, always, { maxTurns, groupSize: 1 });
      const { turns, finishReason, tokenIds } = rollout!;
      return { turns: turns!.length, finishReason, tokens: tokenIds.length };
    };
    expect(await turnsOf(speller().sampler, 1)).toEqual({ turns: 1, finishReason: 'eos', tokens: 1 });
    expect(await turnsOf(speller().sampler, 3)).toEqual({ turns: 5, finishReason: 'eos', tokens: 9 });
    const cut = speller((turn) => (turn === 2 ? 'length' : 'eos')).sampler;
    expect(await turnsOf(cut, 9)).toEqual({ turns: 3, finishReason: 'length', tokens: 5 });
    // 2 of the prompt and 4 a turn: the sixth message would leave none of 20 positions to the turn after it.
    expect(await turnsOf(speller().sampler, 9)).toEqual({ turns: 9, finishReason: 'length', tokens: 17 });
  });

  test('fails with the environment’s and the task’s name', async () => {
    const env = environment(() => {
      throw new Error('no tool');
    });
    const played = play(speller().sampler, env);
    await expect(played).rejects.toThrow(RunError);
    await expect(played).rejects.toThrow('env "talk" failed to step in task "x": no tool');
  });
});

describe('the environment', () => {
  const many = Array.from({ length: 8 }, (_, i) => ({ ...requests[0]!, task: { id: `${i}` } }));
  const one = { ...options, groupSize: 1, maxTurns: 2 };

  /** Answers later the earlier it is asked, and notes how many answers are under way. */
  function slow(answer: (id: string) => readonly Message[] | undefined = (id) => said(id)) {
    const seen = { running: 0, most: 0, asked: [] as string[] };
    const env = environment(async ({ task }) => {
      seen.asked.push(task.id);
      seen.most = Math.max(seen.most, ++seen.running);
      await new Promise((resolve) => setTimeout(resolve, 5 * (8 - Number(task.id))));
      seen.running--;
      return answer(task.id);
    });
    return { env, seen };
  }

  test('is asked about all episodes at once, and its answers stay in their order', async () => {
    const { env, seen } = slow();
    const rollouts = await playEpisodes(speller().sampler, env, many, one);
    expect(seen.most).toBe(8);
    expect(rollouts.map(({ turns }) => turns![1]!.content)).toEqual(many.map(({ task }) => task.id));
  });

  test.each([1, 3])(
    'works on %i answers at a time, and is asked in the order of the episodes',
    async (limit) => {
      const { env, seen } = slow();
      const few = await playEpisodes(speller().sampler, env, many, { ...one, parallelSteps: limit });
      expect(seen.most).toBe(limit);
      expect(seen.asked).toEqual(many.map(({ task }) => task.id));
      expect(few).toEqual(await playEpisodes(speller().sampler, slow().env, many, one));
    },
  );

  test('that fails is asked nothing more, and the first episode that failed is named', async () => {
    const { env, seen } = slow((id) => {
      if (id === '1' || id === '2') throw new Error(`no ${id}`);
      return said(id);
    });
    // Task 2 fails before task 1 does.
    const playing = playEpisodes(speller().sampler, env, many, { ...one, parallelSteps: 3 });
    await expect(playing).rejects.toThrow('env "talk" failed to step in task "1": no 1');
    expect(seen.asked).toEqual(['0', '1', '2']);
  });

  test('is not waited for after an abort', async () => {
    const stop = new AbortController();
    const env = environment(() => new Promise(() => {}));
    const playing = playEpisodes(speller().sampler, env, many, { ...one, signal: stop.signal });
    setTimeout(() => stop.abort(new Error('enough')), 10);
    await expect(playing).rejects.toThrow('enough');
  });
});
