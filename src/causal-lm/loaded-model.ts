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
import type { DraftModel } from '../rollout/session/speculation.ts';
import type { Completion, Message } from '../types.ts';
import type { CausalLM, GenerateOptions, Numbers } from './causal-lm.ts';
import { checkSampling } from './check-sampling.ts';
import { draftParts } from './draft-parts.ts';

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
