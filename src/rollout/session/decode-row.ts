import type { DecodeOutputs } from '../../model/cache/decoding-model.ts';
import type { RandomStream } from '../../random.ts';
import type { FinishReason } from '../../types.ts';
import { argmax, drawToken, LEAST_TEMPERATURE } from '../drawing/draw-token.ts';
import type { Truncation } from '../drawing/kept-tokens.ts';
import { penaliseRepetition } from '../drawing/penalise-repetition.ts';

/** Takes the ids of one completion as they come. Says whether the text so far holds a stop string. */
export type StopWatch = (id: number) => boolean;

/** A text to continue, and how. */
export interface DecodeRequest extends Truncation {
  /** At least one token. */
  readonly promptIds: readonly number[];
  readonly maxNewTokens: number;
  /** 0, or below 1e-5, is greedy decoding; its log-probs are those at temperature 1. */
  readonly temperature: number;
  /** Above 1 makes tokens of the prompt and of the completion so far less likely; 1 when left out. */
  readonly repetitionPenalty?: number | undefined;
  readonly eosTokenIds: readonly number[];
  readonly watch?: StopWatch | undefined;
  /** What tokens are drawn with: one number for each. */
  readonly stream: RandomStream;
  /** Whether the session keeps the keys and values of the finished text, for texts that begin like it. */
  readonly keep?: boolean | undefined;
  /**
   * Is told each token with the probabilities at the temperature, [V], without truncation and without repetition penalty.
   * The array is only there during the call.
   */
  readonly observe?: ((id: number, probabilities: Float32Array) => void) | undefined;
}

/** A completion under way. */
export class DecodeRow {
  readonly request: DecodeRequest;
  readonly tokenIds: number[] = [];
  /** Under the distribution at the temperature, without truncation and without repetition penalty; nats. */
  readonly logprobs: number[] = [];
  /** There when the completion has ended. */
  finishReason?: FinishReason;
  cancelled = false;
  /** Tokens of the prompt that were not computed for this row. */
  cachedTokens = 0;
  private readonly room: number;
  /** Ids that a penalty counts; none without one. */
  private readonly seen: Set<number>;

  constructor(request: DecodeRequest, maxPositions: number) {
    this.request = request.temperature < LEAST_TEMPERATURE ? { ...request, temperature: 0 } : request;
    this.room = Math.min(request.maxNewTokens, maxPositions - request.promptIds.length);
    this.seen = new Set(this.penalty === 1 ? [] : request.promptIds);
  }

  /** Ids of the prompt and of the completion so far. */
  get ids(): number[] {
    return [...this.request.promptIds, ...this.tokenIds];
  }

  get length(): number {
    return this.request.promptIds.length + this.tokenIds.length;
  }

  /** The id at a position of prompt and completion. */
  idAt(position: number): number {
    const { promptIds } = this.request;
    return position < promptIds.length ? promptIds[position]! : this.tokenIds[position - promptIds.length]!;
  }

  /** Tokens that it may still get. */
  get left(): number {
    return this.room - this.tokenIds.length;
  }

  /** Whether its tokens are more than the likeliest ones of what a step finds. */
  get draws(): boolean {
    return this.request.temperature > 0 || this.penalty !== 1;
  }

  /** Whether a step must give it probabilities. */
  get needsProbabilities(): boolean {
    return this.draws || this.request.observe !== undefined;
  }

  /**
   * Takes the next token from what a step found for row `r` of its batch, and returns it. `choose` draws from `weights`
   * where the row samples; by the row's truncation and its stream when left out.
   */
  take(
    outputs: DecodeOutputs,
    r: number,
    vocabSize: number,
    choose = (weights: Float32Array) => drawToken(weights, this.request, this.request.stream.next()),
  ): number {
    const probabilities = outputs.probabilities?.subarray(r * vocabSize, (r + 1) * vocabSize);
    const token = this.draws ? this.draw(outputs, { r, vocabSize }, choose) : outputs.likeliest[r]!;
    const probability = probabilities === undefined ? outputs.topProbabilities[r]! : probabilities[token]!;
    this.tokenIds.push(token);
    this.logprobs.push(Math.log(probability));
    if (this.penalty !== 1) this.seen.add(token);
    this.request.observe?.(token, probabilities!);
    if (this.request.eosTokenIds.includes(token)) this.finishReason = 'eos';
    else if (this.request.watch?.(token)) this.finishReason = 'stop';
    else if (this.left <= 0) this.finishReason = 'length';
    return token;
  }

  /**
   * Weights of the next token, [V], before any truncation: the probabilities that a step found, with the repetition
   * penalty. `after` are tokens that come before it and are not taken yet.
   */
  weights(
    outputs: DecodeOutputs,
    {
      r,
      vocabSize,
      after = [],
    }: { readonly r: number; readonly vocabSize: number; readonly after?: readonly number[] },
  ): Float32Array {
    return penaliseRepetition(outputs.probabilities!.subarray(r * vocabSize, (r + 1) * vocabSize), {
      penalty: this.penalty,
      topLogit: outputs.topLogits[r]!,
      topProbability: outputs.topProbabilities[r]!,
      previousIds: this.penalty === 1 || after.length === 0 ? this.seen : new Set([...this.seen, ...after]),
    });
  }

  private get penalty(): number {
    return this.request.repetitionPenalty ?? 1;
  }

  private draw(
    outputs: DecodeOutputs,
    at: { readonly r: number; readonly vocabSize: number },
    choose: (weights: Float32Array) => number,
  ): number {
    const weights = this.weights(outputs, at);
    return this.request.temperature === 0 ? argmax(weights) : choose(weights);
  }
}
