import type { AdapterSpec } from '../adapter/adapter-spec.ts';
import { adaptedLinear, BETA } from '../adapter/afa-lora.ts';
import { mergeAdapter } from '../adapter/merge.ts';
import { readAdapterFolder, type StoredAdapter } from '../adapter/peft-folder.ts';
import type { Engine, HostTensor, Named } from '../engine/engine.ts';
import { InputError } from '../errors.ts';
import type { ModelConfig } from '../model/config/model-config.ts';
import { baseLinear } from '../model/decoder.ts';
import { saveModelFolder } from '../model/folder.ts';
import { ModelPrograms, type ModelWeights } from '../model/model-programs.ts';
import type { TokenBatch } from '../model/token-logits.ts';
import { batchLogits, batchLogprobs } from '../model/token-logits.ts';
import type { Tokenizer } from '../model/tokenizer/tokenizer.ts';
import { completions } from '../rollout/sample-rollouts.ts';
import type { Completion, Message } from '../types.ts';

/** How `CausalLM.generate` decodes. */
export interface GenerateOptions {
  /** Texts to continue as they are, or conversations to put through the chat template. */
  readonly prompts?: readonly (string | readonly Message[])[];
  /** Token ids in place of `prompts`, padded on either side where `attentionMask` is 0. */
  readonly inputIds?: readonly (readonly number[])[];
  readonly attentionMask?: readonly (readonly number[])[];
  /** 64 when left out. */
  readonly maxNewTokens?: number;
  /** Longer prompts keep their last so many tokens. */
  readonly maxPromptLength?: number;
  /** 0 is greedy decoding; 1 when left out. */
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly minP?: number;
  /** Above 1 makes tokens of the prompt and of the completion so far less likely; 1 when left out. */
  readonly repetitionPenalty?: number | undefined;
  /** Completions of each prompt. */
  readonly n?: number;
  readonly stop?: readonly string[];
  readonly seed?: number;
}

/** An array of numbers with its shape. */
export interface Numbers {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** A causal language model in memory. */
export interface CausalLM {
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  /** A prompt's token ids: a text as it is, a conversation through the chat template. */
  encodePrompt(prompt: string | readonly Message[]): readonly number[];
  /** Logits [B, T, V]; 0 at padding. */
  logits(batch: TokenBatch): Promise<Numbers>;
  /** Log-probs (nats) of each token given those before it, [B, T−1]; 0 where it or its predecessor is padding. */
  logprobs(batch: TokenBatch): Promise<Numbers>;
  /** `n` completions of each prompt, prompt by prompt. @throws InputError for an empty or overlong prompt. */
  generate(options: GenerateOptions): Promise<readonly Completion[]>;
  /** This model with an adapter around it, sharing weights and engine. @throws InputError when it does not fit the model. */
  withAdapter(adapter: StoredAdapter | string): Promise<CausalLM>;
  /** Sets β of every layer of the adapter. @throws InputError without an annealed adapter, or outside [0, 1]. */
  setBeta(beta: number): void;
  /** The model with the adapter folded into its weights. @throws RefusedError while β ≠ 0, InputError without an adapter. */
  merge(): CausalLM;
  /** Writes the model in Hugging Face layout, an adapter merged in. @throws RefusedError while β ≠ 0. */
  save(folder: string): Promise<void>;
  /** Releases what this model compiled, and the engine with the model that was loaded. */
  dispose(): Promise<void>;
}

/** An adapter on a model, with where its β stands. */
interface MountedAdapter {
  readonly spec: AdapterSpec;
  readonly tensors: Named<HostTensor>;
  betas: readonly number[];
  /** First step at which its schedule would be 0. */
  readonly zeroStep: number;
}

export interface ModelParts {
  readonly engine: Engine;
  /** Whether disposing of this model closes the engine. */
  readonly ownsEngine: boolean;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  readonly weights: Named<HostTensor>;
}

/** A model held as host arrays, computed by an engine's compiled programs. */
export class LoadedModel implements CausalLM {
  private readonly programs: ModelPrograms;
  private readonly parts: ModelParts;
  private readonly adapter: MountedAdapter | undefined;

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

  logits(batch: TokenBatch): Promise<Numbers> {
    return batchLogits(this.programs, this.modelWeights(), batch);
  }

  logprobs(batch: TokenBatch): Promise<Numbers> {
    return batchLogprobs(this.programs, this.modelWeights(), batch);
  }

  async generate(options: GenerateOptions): Promise<readonly Completion[]> {
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
    } = options;
    checkSampling({ maxNewTokens, temperature, topP, topK, minP, repetitionPenalty, n });
    const prompts = this.promptIds(options);
    const groups = await completions(
      {
        model: this.programs.decoding(this.modelWeights()),
        tokenizer: this.tokenizer,
        eosTokenIds: this.config.eosTokenIds,
      },
      prompts,
      { groupSize: n, maxNewTokens, temperature, topP, topK, minP, repetitionPenalty, stop, seed },
    );
    return groups.flat();
  }

  async withAdapter(adapter: StoredAdapter | string): Promise<CausalLM> {
    const stored = typeof adapter === 'string' ? await readAdapterFolder(adapter, this.config) : adapter;
    const { spec, tensors, afa } = stored;
    const betas = afa?.beta ?? Array<number>(this.config.layers).fill(0);
    const zeroStep = afa ? Math.ceil(afa.schedule.fraction * afa.steps) : 0;
    return new LoadedModel({ ...this.parts, ownsEngine: false }, { spec, tensors, betas, zeroStep });
  }

  setBeta(beta: number): void {
    if (!this.adapter?.spec.anneals) throw new InputError('setBeta: the model has no annealed adapter');
    if (!(beta >= 0 && beta <= 1)) throw new InputError(`setBeta: β is between 0 and 1 (got ${beta})`);
    this.adapter.betas = Array<number>(this.config.layers).fill(beta);
  }

  merge(): CausalLM {
    if (!this.adapter) throw new InputError('merge: the model has no adapter');
    const weights = mergeAdapter(this.parts.weights, this.adapter);
    return new LoadedModel({ ...this.parts, weights, ownsEngine: false });
  }

  async save(folder: string): Promise<void> {
    const { config, tokenizer } = this.parts;
    const weights = this.adapter ? mergeAdapter(this.parts.weights, this.adapter) : this.parts.weights;
    await saveModelFolder(folder, { config, weights, tokenizerFiles: tokenizer.files });
  }

  async dispose(): Promise<void> {
    await this.programs.dispose();
    if (this.parts.ownsEngine) await this.parts.engine.dispose();
  }

  private modelWeights(): ModelWeights {
    const { weights: base } = this.parts;
    if (!this.adapter) return { base, adapter: {} };
    const { spec, tensors, betas } = this.adapter;
    const beta: HostTensor = { data: Float32Array.from(betas), shape: [betas.length], dtype: 'float32' };
    return { base, adapter: { ...tensors, ...(spec.anneals && { [BETA]: beta }) } };
  }

  private promptIds({
    prompts,
    inputIds,
    attentionMask,
    maxPromptLength,
  }: GenerateOptions): readonly (readonly number[])[] {
    const rows = inputIds
      ? inputIds.map((row, b) => row.filter((_, t) => attentionMask?.[b]?.[t] !== 0))
      : (prompts ?? []).map((prompt) => this.encodePrompt(prompt));
    return maxPromptLength === undefined ? rows : rows.map((row) => row.slice(-maxPromptLength));
  }
}

/** @throws InputError for a sampling setting out of its range, with the value given. */
function checkSampling(
  given: Readonly<
    Record<'maxNewTokens' | 'temperature' | 'topP' | 'topK' | 'minP' | 'repetitionPenalty' | 'n', number>
  >,
) {
  const { maxNewTokens, temperature, topP, topK, minP, repetitionPenalty, n } = given;
  const rules: readonly [name: keyof typeof given, holds: boolean, range: string][] = [
    ['maxNewTokens', Number.isInteger(maxNewTokens) && maxNewTokens >= 1, 'a whole number from 1'],
    ['temperature', temperature >= 0 && Number.isFinite(temperature), '0 (greedy) or more'],
    ['topP', topP > 0 && topP <= 1, 'above 0 and at most 1'],
    ['topK', Number.isInteger(topK) && topK >= 0, '0 (every token) or a whole number'],
    ['minP', minP >= 0 && minP <= 1, 'between 0 and 1'],
    ['repetitionPenalty', repetitionPenalty > 0 && Number.isFinite(repetitionPenalty), 'above 0'],
    ['n', Number.isInteger(n) && n >= 1, 'a whole number from 1'],
  ];
  const broken = rules.find(([, holds]) => !holds);
  if (broken) throw new InputError(`generate: ${broken[0]} must be ${broken[2]} (got ${given[broken[0]]})`);
}
