/**
 * The whole vocabulary of the framework, as readonly records. What flows through the pipeline is made of these:
 * plain data, never a `tf.Tensor`.
 *
 * Dimension letters used in every comment: P prompts, G completions a prompt, B = P·G sequences, T tokens,
 * V vocabulary, D hidden, L layers, R rank.
 */

/** One turn of a conversation, as chat templates take it. */
export interface Message {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string;
  /** What the assistant calls, for templates that write it. */
  readonly tool_calls?: readonly ToolCall[];
  /** Of a tool's answer: the call that it answers, and the tool's name. */
  readonly tool_call_id?: string;
  readonly name?: string;
  /** What the assistant thought before it answered, for templates that show it. */
  readonly reasoning_content?: string;
}

/** A call of a tool, as transformers' templates take it. Most templates want `arguments` as a record, not as JSON. */
export interface ToolCall {
  readonly id?: string;
  readonly type?: 'function';
  readonly function: {
    readonly name: string;
    readonly arguments: string | Readonly<Record<string, unknown>>;
  };
}

/** A tool that the model may call, described as a JSON schema. */
export interface Tool {
  readonly type: 'function';
  readonly function: {
    readonly name: string;
    readonly description?: string;
    readonly parameters?: Readonly<Record<string, unknown>>;
    readonly [field: string]: unknown;
  };
}

/** What a chat template is given beside the conversation. */
export interface TemplateInputs {
  /** `tools` of the template. */
  readonly tools?: readonly Tool[];
  /** Variables of its own, such as `enable_thinking`. */
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** One problem to solve. Ground truth lives in its own fields (`answer`, `gold`, …), for rewards to read. */
export interface Task {
  readonly id: string;
  readonly [field: string]: unknown;
}

export type Split = 'train' | 'test';

/** What a run's tasks are for: 'validation' tasks are set aside from the train split, and never trained on. */
export type TaskPart = Split | 'validation';

/** Where tasks come from and how an episode goes. */
export interface Environment {
  readonly name: string;
  /** Tasks of a split, in a fixed order. The stream may end; training then starts it again. */
  tasks(split: Split): AsyncIterable<Task>;
  /** The conversation that the policy continues. */
  prompt(task: Task): readonly Message[];
  /**
   * What the environment answers to the policy's last turn: messages to go on from, or undefined (or none) to end the
   * episode. Without it an episode is one completion.
   */
  step?(episode: Episode): readonly Message[] | undefined | Promise<readonly Message[] | undefined>;
  /**
   * The answer that a completion gives, for votes (maj@k): equal texts are the same answer, undefined is none. The
   * whole text when left out.
   */
  answer?(completion: string): string | undefined;
  /** The assistant's text that supervised fine-tuning teaches (objective 'sft'). */
  target?(task: Task): string;
  /**
   * The whole conversation that supervised fine-tuning teaches with `sft.turns: 'all'`, which ends with a turn of the
   * assistant. Prompt and target together when left out.
   */
  conversation?(task: Task): readonly Message[];
  /**
   * The answers that a task gives to choose from, for accuracy by likelihood (`eval.accuracy`): texts of the assistant,
   * at least two, and the index of the right one.
   */
  choices?(task: Task): Choices;
  /** Grades the environment's own gold answers, those of the first `limit` tasks of each split. */
  validate?(
    limit?: number,
  ): AsyncIterable<{ readonly task: Task; readonly ok: boolean; readonly why?: string }>;
  /** What the chat template is given with every conversation: the tools to call, and variables of its own. */
  readonly chatTemplate?: TemplateInputs;
  /** What it was made with, as plain data. A run is resumed with the same. */
  readonly options?: Readonly<Record<string, unknown>>;
  /**
   * Files that its tasks come from, folders of data files, and data sets on the hub. A run is resumed with the same content, wherever it
   * lies.
   */
  readonly files?: readonly string[];
  /**
   * Whether its tasks are the rows of `files`, one after the other to their end. Only then does a run draw them in a
   * random order where `sampling.shuffle` is left out: an environment may also read words from a file and never end.
   */
  readonly rows?: boolean;
  /** The same environment with some options changed: what `--set env.<option>=<value>` calls. */
  configure?(options: Readonly<Record<string, unknown>>): Environment;
}

/** The answers that a task gives to choose from. */
export interface Choices {
  readonly texts: readonly string[];
  /** Index of the right one. */
  readonly gold: number;
}

/** A conversation under way: it ends with the policy's turn. */
export interface Episode {
  readonly task: Task;
  /** The prompt, then the turns of policy and environment. */
  readonly messages: readonly Message[];
}

/** Why a completion ended: an EOS id, a stop string, or the token limit. */
export type FinishReason = 'eos' | 'stop' | 'length';

/**
 * Text sampled from a policy, with the log-prob (nats) of each token under the untruncated policy at the sampling
 * temperature.
 */
export interface Completion {
  /** Generated ids, the ending EOS included. */
  readonly tokenIds: readonly number[];
  readonly logprobs: readonly number[];
  /** Decoded without special tokens; a stop string and what follows it are cut off. */
  readonly text: string;
  readonly finishReason: FinishReason;
}

/**
 * One completion of one prompt, with the policy that sampled it: a row of a batch, of which there are B = P·G. Of an
 * episode with several turns the tokens are those of all turns and of what the environment said in between; text and
 * finish reason are the last turn's.
 */
export interface Rollout extends Completion {
  /**
   * Number of its prompt in the batch. The G rollouts of one prompt are a group: they share this number and stand
   * together.
   */
  readonly group: number;
  readonly task: Task;
  readonly messages: readonly Message[];
  /** The prompt as the policy saw it; so are `messages`. */
  readonly promptIds: readonly number[];
  /** The prompt as the chat template renders it, up to where the completion begins. */
  readonly promptText?: string;
  /** How many tokens of the prompt were cut, where it was longer than maxPromptLength. */
  readonly promptTokensCut?: number;
  /** The conversation after the prompt, of an episode that the environment may answer. */
  readonly turns?: readonly Message[];
  /**
   * 1 for each token that the policy wrote, 0 for those of the environment, whose log-probs count as 0; all are the
   * policy's when left out.
   */
  readonly completionMask?: readonly number[];
  /** The greatest β of the adapter's layers while sampling; they are usually equal. */
  readonly beta: number;
  /** Count of optimiser steps that the sampling weights had seen. */
  readonly policyVersion: number;
  /**
   * The value function's estimate before each token and after the last, [T + 1], by the policy that sampled; only with
   * a value function.
   */
  readonly values?: readonly number[];
  /** Log-probs (nats) of its tokens under the reference policy, [T]; only when klCoef ≠ 0. */
  readonly refLogprobs?: readonly number[];
}

/** A rollout after scoring. */
export interface ScoredRollout extends Rollout {
  /** One score a reward function, in the recipe's order, [F]; null where the function does not apply. */
  readonly scores: readonly (number | null)[];
  /** Weighted sum of the scores; NaN when no reward applied. */
  readonly reward: number;
  /**
   * Reward of the greedy completion of the same prompt, where the advantages compare with it; NaN when none applied.
   */
  readonly baseline?: number;
}

/**
 * What the value function is trained on at one completion: rows of T numbers, or of T + 1 with one past the last token.
 */
export interface ValueTargets {
  /** What it estimated when the completion was sampled. */
  readonly values: readonly number[];
  readonly returns: readonly number[];
  /** 1 where a value counts. */
  readonly mask: readonly number[];
}

/** A scored rollout with its advantage. */
export interface AdvantagedRollout extends ScoredRollout {
  /** Of `tokenAdvantages` their mean over the completion. */
  readonly advantage: number;
  /**
   * One for each token, from estimators that tell tokens apart; as long as the value targets' rows where there are any.
   */
  readonly tokenAdvantages?: readonly number[];
  /** Only with a value function. */
  readonly valueTargets?: ValueTargets;
}

/** A rollout batch: the rollouts of P prompts under one policy version. */
export interface RolloutBatch<R extends Rollout = Rollout> {
  /** Index of the batch from 0: batch i is drawn for optimiser step i · stepsPerBatch. */
  readonly index: number;
  /** [B] */
  readonly rollouts: readonly R[];
  /** The greedy completion of each prompt, [P], where the advantages compare with it. */
  readonly greedy?: readonly Rollout[];
  readonly policyVersion: number;
  readonly beta: number;
  /** Numbers to log beside the update's own, keyed by metric name. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** What a reward function sees: B completions in order, and for each the task, prompt and ids at the same index. */
export interface RewardBatch {
  readonly tasks: readonly Task[];
  readonly prompts: readonly (readonly Message[])[];
  readonly completions: readonly string[];
  readonly completionIds: readonly (readonly number[])[];
  /**
   * The prompt with the completion as the last assistant turn, and the turns before it where there were several. A
   * prompt that ends with the beginning of an answer is one message with what continues it.
   */
  readonly messages: readonly (readonly Message[])[];
  /** The prompts as chat templates render them, up to where the completions begin; absent for texts that nobody sampled. */
  readonly promptTexts?: readonly string[];
  readonly step: number;
  /** Adds a value to the mean logged as metric `name` for this step. */
  readonly logMetric: (name: string, value: number) => void;
  readonly signal: AbortSignal;
}

/** B scores; null where the reward does not apply. */
export type RewardScores = readonly (number | null)[] | Float32Array | Float64Array;

/** Scores B completions. Its function name is its metric name. */
export type RewardFunction = (batch: RewardBatch) => RewardScores | Promise<RewardScores>;

/** How far a run has come when tasks are drawn. */
export interface CurriculumProgress {
  /** The optimiser step that is first to train on the batch drawn, and those of the run. */
  readonly step: number;
  readonly steps: number;
  /** Mean reward of the last ten or so batches trained on (a moving average); undefined before the first. */
  readonly reward: number | undefined;
}

/**
 * Whether a task suits for now; those that don't are passed over. Must depend on nothing but its arguments, so that a
 * resumed run draws the same.
 */
export type Curriculum = (task: Task, progress: CurriculumProgress) => boolean;

/** One line of metrics.jsonl: TRL's metric names plus `step` and `beta`. */
export interface StepMetrics {
  readonly step: number;
  readonly beta: number;
  readonly [metric: string]: number;
}

/** Outcome of an evaluation on held-out tasks. */
export interface EvalResult {
  /**
   * Share of tasks answered right, in [0, 1]: greedily with a first reward of at least 1, unless `accuracyBy` is there.
   * Of a draft its acceptance rate.
   */
  readonly accuracy: number;
  /** 95 % interval of `accuracy`: Wilson's, for a share of tasks. */
  readonly interval: readonly [number, number];
  readonly tasks: number;
  /** Mean of the weighted reward. */
  readonly reward: number;
  /** Mean −log p (nats) of the target's tokens; there where it is measured. */
  readonly loss?: number;
  /** There where `accuracy` goes by the likelihood of the choices: which of `accuracies` it is; or by acceptance. */
  readonly accuracyBy?: 'acc' | 'acc_norm' | 'acceptance';
  /** By likelihood of the choices, by that divided by their length, and by greedy answers. */
  readonly accuracies?: Readonly<Record<'acc' | 'acc_norm' | 'generation', Estimate>>;
  /** There with objective 'draft'. */
  readonly acceptance?: AcceptanceResult;
  /** There when samples were asked for. */
  readonly sampled?: SampledResult;
}

/** What speculative sampling accepts of a draft's proposals, estimated in texts of its target. */
export interface AcceptanceResult {
  /** Mean of Σᵥ min(p(v), q(v)) over the tokens. */
  readonly rate: Estimate;
  /** Expected tokens for each call of the target, when γ are proposed at a time: between 1 and γ + 1. */
  readonly length: number;
  /** How often proposal 1, 2, … γ is accepted when those before it were. */
  readonly byPosition: readonly number[];
  /** γ */
  readonly draftTokens: number;
  /** How many tokens that was measured on. */
  readonly tokens: number;
}

/** A share of tasks, in [0, 1], with its 95 % interval. */
export interface Estimate {
  readonly value: number;
  readonly interval: readonly [number, number];
}

/** Outcome of sampling every task n times; shares of tasks, each with Wilson's 95 % interval. */
export interface SampledResult {
  /** n */
  readonly samples: number;
  readonly temperature: number;
  readonly tasks: number;
  /** avg@n: the share of right samples. */
  readonly avg: Estimate;
  /** pass@k by k: at least one of k samples is right. */
  readonly pass: Readonly<Record<number, Estimate>>;
  /** maj@n: the answer that most samples give is right. */
  readonly maj: Estimate;
}

/** What `train` emits. Every run ends with `stopped` or `done`, or with an error. */
export type TrainEvent =
  | {
      readonly type: 'start';
      readonly out: string;
      readonly steps: number;
      readonly startStep: number;
      readonly trainableParameters: number;
      readonly totalParameters: number;
    }
  | { readonly type: 'step'; readonly metrics: StepMetrics }
  | { readonly type: 'eval'; readonly step: number; readonly result: EvalResult }
  | { readonly type: 'checkpoint'; readonly step: number; readonly path: string }
  | { readonly type: 'warning'; readonly step: number; readonly message: string }
  | { readonly type: 'stopped'; readonly step: number; readonly checkpoint: string }
  | {
      readonly type: 'done';
      readonly before: EvalResult;
      readonly after: EvalResult;
      readonly merged: string;
      /** What a person should know about what was written. */
      readonly notes: readonly string[];
    };
