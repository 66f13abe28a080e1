import { replyOf } from '../environment/ask-environment.ts';
import { randomStream } from '../random.ts';
import type { Completion, Environment, Group, Message, Rollout } from '../types.ts';
import { ended } from './ended.ts';
import type { SampleOptions, SampleRequest, Sampler } from './sampler.ts';

// An episode is a conversation between the policy and the environment. Its rollout is one row of tokens: the policy's turns, as sampled,
// with what the environment said in between. The latter's tokens are not the policy's own: they carry no loss, and log-prob 0.

export interface EpisodeOptions extends SampleOptions {
  /** Turns of the policy, at most. */
  readonly maxTurns: number;
  /** Seconds that the environment may take for an answer. */
  readonly stepTimeout: number;
}

/** An episode under way. */
interface Open {
  readonly group: Group;
  rollout: Rollout;
}

/**
 * G episodes of each request. Without `step` in the environment an episode is one completion; with it, the environment answers each turn
 * that came to its end, until it has nothing to say, the turns are used up, or the text fills the model's positions. A turn that hit
 * the token limit ends the episode.
 * @throws RunError naming environment and task when the environment throws, answers with what are no messages, or takes too long.
 */
export async function playEpisodes(
  sampler: Sampler,
  environment: Environment,
  requests: readonly SampleRequest[],
  options: EpisodeOptions,
): Promise<Group[]> {
  const groups = await sampler.sample(requests, options);
  if (environment.step === undefined) return [...groups];
  const episodes = groups.map((group) =>
    group.rollouts.map((rollout): Open => ({ group, rollout: firstTurn(rollout) })),
  );
  let open = episodes.flat();
  for (let turn = 1; turn < options.maxTurns && open.length > 0; turn++) {
    const seed = Math.floor(randomStream(options.seed, `turn ${turn}`).next() * 2 ** 32);
    open = await nextTurn(sampler, environment, open, { ...options, groupSize: 1, seed });
  }
  return groups.map((group, p) => ({ ...group, rollouts: episodes[p]!.map(({ rollout }) => rollout) }));
}

function firstTurn(rollout: Rollout): Rollout {
  const { text, tokenIds } = rollout;
  return { ...rollout, turns: [assistant(text)], ownTokens: tokenIds.map(() => 1) };
}

/** Lets the environment answer, and the policy go on, in every open episode; gives those that are still open. */
async function nextTurn(
  sampler: Sampler,
  environment: Environment,
  open: readonly Open[],
  options: EpisodeOptions,
): Promise<Open[]> {
  const going: { readonly episode: Open; readonly ids: readonly number[] }[] = [];
  for (const episode of open) {
    const said = await reply(environment, episode, options.stepTimeout);
    if (said === undefined) continue;
    const { group, rollout } = episode;
    const conversation = [...group.messages, ...rollout.turns!.slice(0, -1)];
    const between = sampler.between(conversation, rollout, said);
    const ids = [...group.promptIds, ...rollout.tokenIds, ...between];
    if (ids.length >= sampler.maxPositions) {
      episode.rollout = { ...rollout, finishReason: 'length' };
      continue;
    }
    episode.rollout = withSaid(rollout, said, between);
    going.push({ episode, ids });
  }
  if (going.length === 0) return [];
  const completions = await sampler.extend(
    going.map(({ ids }) => ids),
    options,
  );
  for (const [i, { episode }] of going.entries())
    episode.rollout = withTurn(episode.rollout, completions[i]!);
  return going.map(({ episode }) => episode);
}

async function reply(
  environment: Environment,
  { group, rollout }: Open,
  seconds: number,
): Promise<readonly Message[] | undefined> {
  if (!ended(rollout)) return undefined;
  const { task, messages } = group;
  return replyOf(environment, { task, messages: [...messages, ...rollout.turns!] }, seconds);
}

function withSaid(rollout: Rollout, said: readonly Message[], between: readonly number[]): Rollout {
  const nothing = between.map(() => 0);
  return {
    ...rollout,
    tokenIds: [...rollout.tokenIds, ...between],
    logprobs: [...rollout.logprobs, ...nothing],
    ownTokens: [...rollout.ownTokens!, ...nothing],
    turns: [...rollout.turns!, ...said],
  };
}

function withTurn(rollout: Rollout, { tokenIds, logprobs, text, finishReason }: Completion): Rollout {
  return {
    ...rollout,
    tokenIds: [...rollout.tokenIds, ...tokenIds],
    logprobs: [...rollout.logprobs, ...logprobs],
    ownTokens: [...rollout.ownTokens!, ...tokenIds.map(() => 1)],
    turns: [...rollout.turns!, assistant(text)],
    text,
    finishReason,
  };
}

const assistant = (content: string): Message => ({ role: 'assistant', content });
