import { randomStream } from '../../random.ts';
import type { DecodeRequest, DecodeRow } from '../../rollout/session/decode-row.ts';
import type {
  GeneratedToken,
  GenerationDelta,
  GenerationEnd,
  GenerationRequest,
  TokenProb,
} from '../model-service.ts';
import type { ServedText } from './served-text.ts';
import { topTokens } from './top-tokens.ts';
import { VisibleText } from './visible-text.ts';

/** A request under way: makes of each token of its row what the client is told. */
export class Generation {
  private readonly request: GenerationRequest;
  private readonly text: ServedText;
  private readonly visible: VisibleText;
  private onDelta: (delta: GenerationDelta) => void = () => {};
  private told = 0;
  /** The likeliest tokens in the places of those that were not told yet. */
  private tops: (readonly TokenProb[])[] = [];

  constructor(request: GenerationRequest, text: ServedText) {
    this.request = request;
    this.text = text;
    this.visible = new VisibleText(text.tokenizer, request.stop, text.stopsOf(request.stop));
  }

  /** What the session is asked for. It draws what `model.generate` draws for the only completion of a prompt. */
  decoding(onDelta: (delta: GenerationDelta) => void): DecodeRequest {
    this.onDelta = onDelta;
    const { promptIds, maxNewTokens, temperature, topP, topK, minP, repetitionPenalty, seed } = this.request;
    const { topLogprobs, ignoreEos } = this.request;
    return {
      promptIds,
      maxNewTokens,
      temperature,
      topP,
      topK,
      minP,
      repetitionPenalty,
      eosTokenIds: ignoreEos ? [] : this.text.endIds,
      watch: this.visible.watch,
      stream: randomStream(seed, 'row 0'),
      keep: true,
      observe: topLogprobs > 0 ? (_, probabilities) => this.observe(probabilities) : undefined,
    };
  }

  /** Tells the client of the tokens that the row got since the last time. Returns the end if they reach it. */
  tell(row: DecodeRow): GenerationEnd | undefined {
    const { tokenIds, logprobs, finishReason } = row;
    const fresh = tokenIds.slice(this.told);
    const tokens = fresh.map((id, i): GeneratedToken => {
      const token = this.text.views.withProb(id, logprobs[this.told + i]!);
      return { ...token, top: this.tops[i] ?? [] };
    });
    const grown = fresh
      .slice(0, finishReason === undefined ? undefined : -1)
      .map((id) => this.visible.push(id));
    const rest = finishReason === undefined ? '' : this.visible.end(tokenIds, finishReason);
    this.told = tokenIds.length;
    this.tops = [];
    this.onDelta({ tokens, text: grown.join('') + rest });
    if (finishReason === undefined) return undefined;
    return {
      finishReason,
      usage: {
        promptTokens: this.request.promptIds.length,
        cachedTokens: row.cachedTokens,
        completionTokens: tokenIds.length,
      },
    };
  }

  private observe(probabilities: Float32Array): void {
    const ids = topTokens(probabilities, this.request.topLogprobs);
    this.tops.push(ids.map((id) => this.text.views.withProb(id, Math.log(probabilities[id]!))));
  }
}
