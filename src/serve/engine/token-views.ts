import type { Tokenizer, TokenView } from '../../model/tokenizer/tokenizer.ts';
import type { TokenProb } from '../model-service.ts';

/** Tokens as clients see them. Each is looked up once. */
export class TokenViews {
  private readonly tokenizer: Tokenizer;
  private readonly views = new Map<number, TokenView>();

  constructor(tokenizer: Tokenizer) {
    this.tokenizer = tokenizer;
  }

  withProb(id: number, logprob: number): TokenProb {
    let view = this.views.get(id);
    if (view === undefined) {
      view = this.tokenizer.tokenView(id);
      this.views.set(id, view);
    }
    return { id, text: view.text, bytes: view.bytes, logprob };
  }
}
