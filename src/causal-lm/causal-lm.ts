import { adapterInputs } from '../adapter/adapter-inputs.ts';
import type { AdapterSpec } from '../adapter/adapter-spec.ts';
import { adaptedLinear } from '../adapter/afa-lora.ts';
import { mergeAdapter, mergedWeights } from '../adapter/merge.ts';
import { readAdapterFolder } from '../adapter/peft/peft-folder.ts';
import { annealOf, mountingBase, type StoredAdapter } from '../adapter/stored-adapter.ts';
import type { Engine, HostTensor, Named } from '../engine/engine.ts';
import { InputError } from '../errors.ts';
import { continuationLogprobs } from '../model/batching/continuation-logprobs.ts';
import type { DecodingModel } from '../model/cache/decoding-model.ts';
import { KeptKeys } from '../model/cache/kept-keys.ts';
import type { ModelConfig } from '../model/config/model-config.ts';
import { baseLinear } from '../model/decoder.ts';
import { endTokenIds } from '../model/end-tokens.ts';
import { ModelPrograms, type ModelWeights } from '../model/model-programs.ts';
import type { Sequences } from '../model/packed-rows.ts';
import { type SaveOptions, saveModel } from '../model/save/save-model.ts';
import type { TokenBatch } from '../model/token-logits.ts';
import { batchLogits, batchLogprobs } from '../model/token-logits.ts';
import type { Tokenizer } from '../model/tokenizer/tokenizer.ts';
import { heldWeights } from '../model/weights/read-weight.ts';
import { cutPrompt } from '../rollout/fit-prompt.ts';
import { completions } from '../rollout/sample-rollouts.ts';
import type { DraftModel, SpeculationStats } from '../rollout/session/speculation.ts';
import type { Completion, Message } from '../types.ts';
import { draftParts } from './draft-parts.ts';

/** Options of `CausalLM.generate`. */
export interface GenerateOptions {
  /** The prompts. A text is continued as it is; a conversation goes through the chat template. */
  readonly prompts?: readonly (string | readonly Message[])[];
  /** Token ids instead of `prompts`, [P, T]. A row may be padded on either side, where `attentionMask` is 0. */
  readonly inputIds?: readonly (readonly number[])[];
  readonly attentionMask?: readonly (readonly number[])[];
  /** Default 64. */
  readonly maxNewTokens?: number;
  /**
   * Longer texts keep only their last `maxPromptLength` tokens; longer conversations lose their oldest turns. Default:
   * no limit.
   */
  readonly maxPromptLength?: number;
  /** Default 1. 0 is greedy decoding. */
  readonly temperature?: number;
  /** Samples from the likeliest tokens that together have this probability. Default 1, all tokens. */
  readonly topP?: number;
  /** Samples from this many likeliest tokens. Default 0, all tokens. */
  readonly topK?: number;
  /** Drops tokens below this share of the likeliest token's probability. Default 0. */
  readonly minP?: number;
  /** Above 1 makes tokens of the prompt and of the completion so far less likely. Default 1. */
  readonly repetitionPenalty?: number | undefined;
  /** Completions of each prompt, G. Default 1. */
  readonly n?: number;
  /** Texts that end a completion. */
  readonly stop?: readonly string[];
  /** Memory for keys and values, in GB. Default 1. Where they don't fit, some texts wait for others to end. */
  readonly cacheGB?: number | undefined;
  /**
   * Keeps the keys and values of these texts, in half of that memory, for the next call: what its prompts begin with is
   * not computed again. A call without it drops those that are kept.
   */
  readonly keep?: boolean | undefined;
  /**
   * A draft of this model, from its `loadDraft`: proposes `draftTokens` tokens at a time (4), of which the model takes
   * what makes the texts its own. Greedy texts are the same, sampled ones have the same distribution.
   */
  readonly draft?: CausalLM | undefined;
  readonly draftTokens?: number | undefined;
  /** Is told at the end how the draft's proposals fared. */
  readonly onSpeculation?: ((stats: SpeculationStats) => void) | undefined;
  /** Seed of the sampling. Default 0. */
  readonly seed?: number;
  /** Aborting it ends the call between two tokens, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** An array of numbers with its shape. */
export interface Numbers {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/**
 * A causal language model in memory.
 * @example
 * const model = await loadModel('tiny');
 * const [completion] = await model.generate({ prompts: ['36-2*8='], temperature: 0 });
 * await model.dispose();
 */
export interface CausalLM {
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  /** Encodes a prompt to token ids. A text is encoded as it is; a conversation goes through the chat template. */
  encodePrompt(prompt: string | readonly Message[]): readonly number[];
  /** Computes the logits [B, T, V]. They are 0 at padding. */
  logits(batch: TokenBatch): Promise<Numbers>;
  /**
   * Computes the log-prob (nats) of each token given those before it, [B, T−1]. It is 0 where the token is padding or
   * the first of its row.
   */
  logprobs(batch: TokenBatch): Promise<Numbers>;
  /**
   * Computes the log-prob (nats) of each token of given texts after their prompts, as token ids: [P][G][T]. A prompt
   * is forwarded once for its texts. `size` texts are forwarded at once (32): memory, not results.
   */
  continuationLogprobs(
    sequences: readonly Sequences[],
    size?: number,
  ): Promise<readonly (readonly (readonly number[])[])[]>;
  /**
   * Samples `n` completions of each prompt. Returns P·n completions; those of one prompt stand next to each other.
   * @throws InputError for an empty or overlong prompt, and after `dispose`.
   */
  generate(options: GenerateOptions): Promise<readonly Completion[]>;
  /**
   * Returns this model with an adapter, given as a folder, as one on the Hugging Face hub, or in memory. Both models share weights and engine.
   * @throws InputError when the adapter does not fit the model.
   */
  withAdapter(adapter: StoredAdapter | string): Promise<CausalLM>;
  /**
   * Loads a draft of this model: a model with the same vocabulary, such as what a run with objective 'draft' merged. It
   * shares this model's engine, and the weights that are the same. Dispose of it before this model.
   * @throws InputError as `loadModel` does, and when its vocabulary is another one.
   */
  loadDraft(source: string): Promise<CausalLM>;
  /** Sets β of every layer. @throws InputError when no annealed adapter is there, or β is outside [0, 1]. */
  setBeta(beta: number): void;
  /**
   * Returns a model with the adapter folded into its weights.
   * @throws RefusedError while β ≠ 0, InputError without an adapter.
   */
  merge(): CausalLM;
  /**
   * Writes the model with its adapter merged in: a folder in Hugging Face layout unless `options` say otherwise.
   * @throws RefusedError while β ≠ 0.
   */
  save(out: string, options?: SaveOptions): Promise<void>;
  /** Releases the programs that this model compiled. If `loadModel` opened an engine for this model, closes it. */
  dispose(): Promise<void>;
}

/** An adapter on a model, with its current β. */
interface MountedAdapter {
  readonly spec: AdapterSpec;
  readonly tensors: Named<HostTensor>;
  /** β of each layer, [L]. */
  betas: readonly number[];
  /** The first step at which β would be 0. */
  readonly zeroStep: number;
}

export interface ModelParts {
  readonly engine: Engine;
  /** True if disposing this model closes the engine. */
  readonly ownsEngine: boolean;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  readonly weights: Named<HostTensor>;
  /** Folder or file that it was loaded from. */
  readonly source?: string;
}

/** A model whose weights are host arrays, computed by programs of an engine. */
export class LoadedModel implements CausalLM {
  private readonly programs: ModelPrograms;
  private readonly parts: ModelParts;
  private readonly adapter: MountedAdapter | undefined;
  private readonly kept = new KeptKeys();
  private disposed = false;

  constructor(parts: ModelParts, adapter?: MountedAdapter) {
    this.parts = parts;
    this.adapter = adapter;
    const { engine, config, weights } = parts;
    this.programs = new ModelPrograms({
      engine,
      config,
      frozen: weights,
      linear: (inputs) =>
        adapter ? adaptedLinear(adapter.spec, baseLinear(inputs), inputs) : baseLinear(inputs),
    });
  }

  get config(): ModelConfig {
    return this.parts.config;
  }

  get tokenizer(): Tokenizer {
    return this.parts.tokenizer;
  }

  encodePrompt(prompt: string | readonly Message[]): readonly number[] {
    return typeof prompt === 'string' ? this.tokenizer.encode(prompt) : this.tokenizer.encodeChat(prompt);
  }

  async logits(batch: TokenBatch): Promise<Numbers> {
    this.checkOpen('logits');
    return batchLogits(this.programs, this.modelWeights(), batch);
  }

  async logprobs(batch: TokenBatch): Promise<Numbers> {
    this.checkOpen('logprobs');
    return batchLogprobs(this.programs, this.modelWeights(), batch);
  }

  async continuationLogprobs(sequences: readonly Sequences[], size = 32) {
    this.checkOpen('continuationLogprobs');
    const limits = { rows: size };
    return continuationLogprobs(this.programs, this.modelWeights(), { sequences, limits });
  }

  async generate(options: GenerateOptions): Promise<readonly Completion[]> {
    this.checkOpen('generate');
    const {
      maxNewTokens = 64,
      temperature = 1,
      topP = 1,
      topK = 0,
      minP = 0,
      repetitionPenalty = 1,
      n = 1,
      stop = [],
      seed = 0,
      cacheGB = 1,
      keep = false,
      draft,
      draftTokens = 4,
      onSpeculation,
      signal,
    } = options;
    checkSampling({
      maxNewTokens,
      temperature,
      topP,
      topK,
      minP,
      repetitionPenalty,
      n,
      cacheGB,
      draftTokens,
    });
    const prompts = this.promptIds(options);
    const groups = await completions(
      {
        model: this.decoding(),
        tokenizer: this.tokenizer,
        eosTokenIds: endTokenIds(this.config, this.tokenizer),
        kept: this.kept,
        draft: draft && this.draftModel(draft, draftTokens),
        onSpeculation,
      },
      prompts,
      {
        groupSize: n,
        maxNewTokens,
        temperature,
        topP,
        topK,
        minP,
        repetitionPenalty,
        stop,
        seed,
        cacheGB,
        keep,
        signal,
      },
    );
    return groups.flat();
  }

  async loadDraft(source: string): Promise<CausalLM> {
    this.checkOpen('loadDraft');
    const parts = await draftParts(source, this.parts);
    return new LoadedModel({ ...parts, engine: this.parts.engine, ownsEngine: false });
  }

  /** The model for the decoding loop, as it is now. */
  decoding(): DecodingModel {
    this.checkOpen('generate');
    return this.programs.decoding(this.modelWeights());
  }

  async withAdapter(adapter: StoredAdapter | string): Promise<CausalLM> {
    this.checkOpen('withAdapter');
    const stored = typeof adapter === 'string' ? await readAdapterFolder(adapter, this.config) : adapter;
    const { spec, tensors } = stored;
    const base = mountingBase(this.parts, stored);
    const mounted = { spec, tensors, ...annealOf(stored, this.config.layers) };
    return new LoadedModel({ ...this.parts, ...base, ownsEngine: false }, mounted);
  }

  setBeta(beta: number): void {
    if (!this.adapter?.spec.anneals) throw new InputError('setBeta: the model has no annealed adapter');
    if (!(beta >= 0 && beta <= 1)) throw new InputError(`setBeta: β is between 0 and 1 (got ${beta})`);
    this.kept.clear();
    this.adapter.betas = Array<number>(this.config.layers).fill(beta);
  }

  merge(): CausalLM {
    if (!this.adapter) throw new InputError('merge: the model has no adapter');
    const weights = mergeAdapter(this.parts.weights, this.adapter);
    return new LoadedModel({ ...this.parts, weights, ownsEngine: false });
  }

  async save(out: string, options?: SaveOptions): Promise<void> {
    const { config, tokenizer, weights, source } = this.parts;
    const readWeight = this.adapter ? mergedWeights(weights, this.adapter) : heldWeights(weights);
    await saveModel(out, { config, readWeight, tokenizerFiles: tokenizer.files, source }, options);
  }

  async dispose(): Promise<void> {
    if (this.disposed) return;
    this.disposed = true;
    this.kept.clear();
    await this.programs.dispose();
    if (this.parts.ownsEngine) await this.parts.engine.dispose();
  }

  private draftModel(draft: CausalLM, tokens: number): DraftModel {
    if (draft instanceof LoadedModel && draft.config.vocabSize === this.config.vocabSize)
      return { model: draft.decoding(), tokens };
    throw new InputError('generate: draft must be a model that loadDraft of this model loaded');
  }

  /** @throws InputError when the model has been disposed. */
  private checkOpen(what: string): void {
    if (this.disposed)
      throw new InputError(`${what}: the model was disposed; load it again, or dispose it later`);
  }

  private modelWeights(): ModelWeights {
    const { weights: base } = this.parts;
    if (!this.adapter) return { base, adapter: {} };
    return { base, adapter: adapterInputs(this.adapter.spec, { ...this.adapter, base }) };
  }

  private promptIds({ prompts = [], inputIds, attentionMask, maxPromptLength }: GenerateOptions) {
    const last = (row: readonly number[]) =>
      maxPromptLength === undefined ? row : row.slice(-maxPromptLength);
    if (inputIds) return inputIds.map((row, b) => last(row.filter((_, t) => attentionMask?.[b]?.[t] !== 0)));
    return prompts.map((prompt) =>
      typeof prompt === 'string' || maxPromptLength === undefined
        ? last(this.encodePrompt(prompt))
        : cutPrompt(prompt, { tokenizer: this.tokenizer, maxPromptLength }).ids,
    );
  }
}

/** Checks the ranges of the sampling settings. @throws InputError naming the setting and its value. */
function checkSampling(
  given: Readonly<
    Record<
      | 'maxNewTokens'
      | 'temperature'
      | 'topP'
      | 'topK'
      | 'minP'
      | 'repetitionPenalty'
      | 'n'
      | 'cacheGB'
      | 'draftTokens',
      number
    >
  >,
) {
  const { maxNewTokens, temperature, topP, topK, minP, repetitionPenalty, n, cacheGB, draftTokens } = given;
  const rules: readonly [name: keyof typeof given, holds: boolean, range: string][] = [
    ['maxNewTokens', Number.isInteger(maxNewTokens) && maxNewTokens >= 1, 'a whole number from 1'],
    ['temperature', temperature >= 0 && Number.isFinite(temperature), '0 (greedy) or more'],
    ['topP', topP > 0 && topP <= 1, 'above 0 and at most 1'],
    ['topK', Number.isInteger(topK) && topK >= 0, '0 (every token) or a whole number'],
    ['minP', minP >= 0 && minP <= 1, 'between 0 and 1'],
    ['repetitionPenalty', repetitionPenalty > 0 && Number.isFinite(repetitionPenalty), 'above 0'],
    ['n', Number.isInteger(n) && n >= 1, 'a whole number from 1'],
    ['cacheGB', cacheGB > 0 && Number.isFinite(cacheGB), 'above 0'],
    ['draftTokens', Number.isInteger(draftTokens) && draftTokens >= 1, 'a whole number from 1'],
  ];
  const broken = rules.find(([, holds]) => !holds);
  if (broken) throw new InputError(`generate: ${broken[0]} must be ${broken[2]} (got ${given[broken[0]]})`);
}
