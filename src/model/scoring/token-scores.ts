import type { Engine, HostTensor, Named, Program } from '../../engine/engine.ts';
import * as tf from '../../engine/tfjs.ts';
import type { KvCache } from '../cache/kv-cache.ts';
import { cacheInputs, cacheNames, continuedAxes, named, pastOf, upTo, vector } from '../decoding-programs.ts';
import { logits } from '../forward.ts';
import { continueForward } from '../forward-continue.ts';
import type { ModelPrograms, ModelWeights } from '../model-programs.ts';

/** How likely the next tokens of a text are, T of them, and the likeliest in their places. */
export interface TokenScores {
  /** Log-probs (nats, temperature 1) of the next tokens, [T]. */
  readonly logprobs: Float32Array;
  /** Ids of the likeliest tokens, the likeliest first, and their log-probs, [T, width] each. */
  readonly topIds: Int32Array;
  readonly topLogprobs: Float32Array;
  readonly width: number;
}

/** The likeliest tokens that are told; fewer of a smaller vocabulary. */
const MOST_TOP = 20;

/** Scores texts chunk by chunk: logits are held for one chunk only. */
export class ScoringPrograms {
  private readonly programs: ModelPrograms;
  private readonly program: Program;
  private readonly width: number;

  constructor(engine: Engine, programs: ModelPrograms) {
    this.programs = programs;
    const { layers, vocabSize } = programs.config;
    this.width = Math.min(MOST_TOP, vocabSize);
    const cache = cacheNames(layers);
    this.program = engine.compile((inputs) => this.forward(inputs), {
      name: 'scores',
      mutable: cache,
      dynamicAxes: { ...programs.ropeAxes, ...continuedAxes(cache), targets: { 0: 'tokens' } },
    });
  }

  /**
   * Scores the tokens that follow each of `ids`, [T], which go on after the text in a cache of one row; appends the keys
   * and values of `ids` to it. A target's log-prob equals that of its place among the likeliest, to the bit.
   */
  async score(
    weights: ModelWeights,
    {
      ids,
      targets,
      cache,
    }: { readonly ids: Int32Array; readonly targets: Int32Array; readonly cache: KvCache },
  ): Promise<TokenScores> {
    const tokens = ids.length;
    const out = await this.program.run({
      ...this.programs.inputs(weights, cache.capacity + tokens),
      ids: { data: ids, shape: [1, tokens], dtype: 'int32' },
      targets: vector(targets),
      lengths: vector(cache.lengths),
      slots: vector(upTo(cache.capacity)),
      offsets: vector(upTo(tokens)),
      ...cacheInputs(cache.tensors()),
    });
    const keys = cacheNames(this.programs.config.layers).map((name): HostTensor => out[name]!);
    cache.extend(0, keys, { prompt: 0, length: tokens });
    return {
      logprobs: out.logprobs!.data as Float32Array,
      topIds: out.topIds!.data as Int32Array,
      topLogprobs: out.topLogprobs!.data as Float32Array,
      width: this.width,
    };
  }

  dispose(): Promise<void> {
    return this.program.dispose();
  }

  private forward(inputs: Named<tf.Tensor>): Named<tf.Tensor> {
    const model = this.programs.decoder(inputs);
    const { ids, lengths, slots, offsets } = inputs as unknown as Parameters<typeof continueForward>[1];
    const past = pastOf(inputs, this.programs.config.layers);
    const { hidden, keys } = continueForward(model, { ids, lengths, slots, offsets, past });
    const logprobs = tf.logSoftmax(logits(model, hidden)) as tf.Tensor2D;
    const rows = tf.mul(offsets, tf.scalar(logprobs.shape[1], 'int32'));
    const places = tf.add(rows, inputs.targets!) as tf.Tensor1D;
    const top = tf.topk(logprobs, this.width);
    return {
      logprobs: tf.gather(tf.reshape(logprobs, [-1]), places),
      topIds: top.indices,
      topLogprobs: top.values,
      ...named(keys),
    };
  }
}
