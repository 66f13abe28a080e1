/** A served model, as GET /v1/models tells it. */
export interface Model {
  readonly id: string;
  readonly root: string;
  readonly beta: number | null;
  readonly max_model_len: number;
  readonly chat_template: boolean;
}

/** A token with its log-prob in nats. */
export interface Prob {
  readonly token: string;
  readonly bytes: readonly number[];
  readonly logprob: number;
}

/** A sampled token, and the likeliest in its place. */
export interface Sampled extends Prob {
  readonly top_logprobs: readonly Prob[];
}

/** A turn of the conversation; the model's has tokens. */
export interface Turn {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
  readonly tokens: readonly Sampled[];
  /** Why it ended: `stop`, `length`, or what went wrong. Undefined while it is written. */
  readonly ended?: string | undefined;
}

/** What a person sets. */
export interface Settings {
  readonly model: string;
  readonly system: string;
  readonly temperature: number;
  readonly topP: number;
  /** Most tokens of an answer; 0 for all that there is room for. */
  readonly maxTokens: number;
  /** Empty for a random one. */
  readonly seed: string;
}
