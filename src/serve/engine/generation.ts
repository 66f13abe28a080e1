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
  private top: readonly TokenProb[] = [];

  constructor(request: GenerationRequest, text: ServedText) {
    this.request = request;
    this.text = text;
    this.visible = new VisibleText(text.tokenizer, request.stop);
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

  /** Tells the client of the row's last token. Returns the end if it was that. */
  tell(row: DecodeRow): GenerationEnd | undefined {
    const { tokenIds, logprobs, finishReason } = row;
    const id = tokenIds.at(-1)!;
    const token: GeneratedToken = { ...this.text.views.withProb(id, logprobs.at(-1)!), top: this.top };
    const text =
      finishReason === undefined ? this.visible.push(id) : this.visible.end(tokenIds, finishReason);
    this.onDelta({ tokens: [token], text });
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
    this.top = topTokens(probabilities, this.request.topLogprobs).map((id) =>
      this.text.views.withProb(id, Math.log(probabilities[id]!)),
    );
  }
}
