import { continued } from '../../environment/scoring/continued.ts';
import { randomStream } from '../../random.ts';
import type { Completion, Environment, Message, Rollout } from '../../types.ts';
import type { SampleOptions, SampleRequest, Sampler } from '../sampler.ts';
import { type AskOptions, askEpisodes } from './ask-episodes.ts';

// An episode is a conversation between the policy and the environment. Its rollout is one row of tokens: the policy's
// turns, as sampled, and the environment's answers in between. Tokens of the environment carry no loss, and their
// log-prob counts as 0.

export interface EpisodeOptions extends SampleOptions, AskOptions {
  /** The greatest number of the policy's turns. */
  readonly maxTurns: number;
}

/** An episode under way. */
interface Open {
  rollout: Rollout;
}

/**
 * G episodes of each request, [B]. Without `step` in the environment an episode is one completion; with it, the
 * environment answers each turn that came to its end. The episode ends when the environment says nothing, the turns are
 * used up, or the text fills the model's positions. A turn that hit the token limit ends it too.
 * @throws RunError naming environment and task when the environment throws, gives something other than messages, or
 * takes too long.
 */
export async function playEpisodes(
  sampler: Sampler,
  environment: Environment,
  requests: readonly SampleRequest[],
  options: EpisodeOptions,
): Promise<readonly Rollout[]> {
  const answers = environment.step !== undefined;
  const rollouts = await sampler.sample(requests, { ...options, keep: answers && options.maxTurns > 1 });
  if (!answers) return rollouts;
  const episodes = rollouts.map((rollout): Open => ({ rollout: firstTurn(rollout) }));
  let open = episodes;
  for (let turn = 1; turn < options.maxTurns && open.length > 0; turn++) {
    const seed = Math.floor(randomStream(options.seed, `turn ${turn}`).next() * 2 ** 32);
    open = await nextTurn(sampler, environment, open, {
      ...options,
      groupSize: 1,
      seed,
      keep: turn + 1 < options.maxTurns,
    });
  }
  return episodes.map(({ rollout }) => rollout);
}

function firstTurn(rollout: Rollout): Rollout {
  const { text, tokenIds } = rollout;
  return { ...rollout, turns: [assistant(text)], completionMask: tokenIds.map(() => 1) };
}

/**
 * Lets the environment answer and the policy continue in every open episode. Returns the episodes that are still open.
 */
async function nextTurn(
  sampler: Sampler,
  environment: Environment,
  open: readonly Open[],
  options: EpisodeOptions,
): Promise<Open[]> {
  const going: { readonly episode: Open; readonly ids: readonly number[] }[] = [];
  const rollouts = open.map(({ rollout }) => rollout);
  const replies = await askEpisodes(environment, rollouts, options);
  for (const [i, episode] of open.entries()) {
    const { rollout } = episode;
    const said = replies[i];
    if (said === undefined) continue;
    const conversation = continued(rollout.messages, rollout.turns!.slice(0, -1));
    const between = sampler.between(conversation, rollout, said);
    const ids = [...rollout.promptIds, ...rollout.tokenIds, ...between];
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

function withSaid(rollout: Rollout, said: readonly Message[], between: readonly number[]): Rollout {
  const nothing = between.map(() => 0);
  return {
    ...rollout,
    tokenIds: [...rollout.tokenIds, ...between],
    logprobs: [...rollout.logprobs, ...nothing],
    completionMask: [...rollout.completionMask!, ...nothing],
    turns: [...rollout.turns!, ...said],
  };
}

function withTurn(rollout: Rollout, { tokenIds, logprobs, text, finishReason }: Completion): Rollout {
  return {
    ...rollout,
    tokenIds: [...rollout.tokenIds, ...tokenIds],
    logprobs: [...rollout.logprobs, ...logprobs],
    completionMask: [...rollout.completionMask!, ...tokenIds.map(() => 1)],
    turns: [...rollout.turns!, assistant(text)],
    text,
    finishReason,
  };
}

const assistant = (content: string): Message => ({ role: 'assistant', content });
