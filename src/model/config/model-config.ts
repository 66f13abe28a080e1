import type { Rope } from './rope-frequencies.ts';

/**
 * What the decoder needs to know of a model, whichever family it is of and in whichever form its config was written.
 * The families differ in this record only: one decoder computes them all.
 */
export interface ModelConfig extends DecoderForm {
  /** `model_type` of config.json: the family's name. */
  readonly modelType: string;
  readonly bosTokenId: number | null;
  /** Every id that ends a text by the files of the config: `endTokenIds` adds what the tokenizer names. */
  readonly eosTokenIds: readonly number[];
  /** The same by the file that names them. */
  readonly eosSources: Readonly<Record<string, readonly number[]>>;
  readonly padTokenId: number | null;
  /** config.json as it was read, for saving it again. */
  readonly raw: JsonObject;
  /** generation_config.json as it was read, if there was one, with the end ids that GGUF metadata adds. */
  readonly rawGeneration: JsonObject | null;
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** Sizes of the decoder and the form of its parts. */
export interface DecoderForm {
  /** V */
  readonly vocabSize: number;
  /** D */
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  /** L */
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Texts may be as long as this, in tokens. */
  readonly maxPositionEmbeddings: number;
  readonly tieWordEmbeddings: boolean;

  /** Multiplies the embeddings: √D in Gemma, 1 elsewhere. */
  readonly embeddingScale: number;
  /** z → cap·tanh(z/cap) on the logits; null without. */
  readonly logitSoftcap: number | null;

  readonly rmsNormEps: number;
  /** Whether a norm multiplies by 1 + w in place of w. */
  readonly normAddsOne: boolean;
  /** Whether what attention and MLP add to the stream is normed before it is added. */
  readonly outputNorms: boolean;

  /** Multiplies the attention scores: 1/√headDim unless the config says otherwise. */
  readonly attentionScale: number;
  /** As `logitSoftcap`, on the attention scores. */
  readonly attentionSoftcap: number | null;
  /** Whether each head of q and k is normed, before the rotation. */
  readonly queryKeyNorms: boolean;
  /** Whether q, k and v have a bias. */
  readonly qkvBias: boolean;
  /** Whether o has a bias. */
  readonly outputBias: boolean;

  readonly activation: Activation;
  /** Whether gate, up and down have a bias. */
  readonly mlpBias: boolean;

  /** The rotary embeddings that the layers choose from. Most models have one. */
  readonly ropes: readonly Rope[];
  /** What differs from layer to layer, [L]. */
  readonly layerForms: readonly LayerForm[];
  /** Linear layers that the checkpoint stores as one. */
  readonly fused: readonly FusedLinear[];
}

/** The gate's activation in the MLP; gelu-tanh is gelu's approximation by tanh. */
export type Activation = 'silu' | 'gelu-tanh';

/** One layer's attention. */
export interface LayerForm {
  /** A token sees this many of the latest tokens, itself included; null for all. */
  readonly window: number | null;
  /** Index of the layer's rotary embedding in `ropes`; null for a layer without (NoPE). */
  readonly rope: number | null;
}

/** A linear layer of the checkpoint that holds several of ours, one below the other: its rows are theirs, in order. */
export interface FusedLinear {
  /** Name in the checkpoint, from the layer on: 'self_attn.qkv_proj'. */
  readonly stored: string;
  /** 'self_attn.q_proj', … */
  readonly parts: readonly string[];
}
