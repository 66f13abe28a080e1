import type { Tokenizer } from '../../model/tokenizer/tokenizer.ts';
import { type StopStrings, stopStrings } from '../../rollout/stop-strings.ts';
import type { FinishReason } from '../../types.ts';

/**
 * The text of a completion as it may be shown while it grows. What may yet become a stop string, or another character,
 * is held back. All that `push` and `end` give is the completion's text.
 */
export class VisibleText {
  private readonly tokenizer: Tokenizer;
  private readonly stop: readonly string[];
  private readonly stops: StopStrings;
  private readonly stream: ReturnType<Tokenizer['stream']>;
  /** Text that is settled and not given yet. */
  private held = '';
  private given = 0;

  /** @param stops of `stop`, where they are made already. */
  constructor(tokenizer: Tokenizer, stop: readonly string[], stops = stopStrings(tokenizer, stop)) {
    this.tokenizer = tokenizer;
    this.stop = stop;
    this.stops = stops;
    this.stream = tokenizer.stream({ skipSpecialTokens: true });
  }

  /** Watches for the stop strings; undefined where there are none. */
  get watch(): ReturnType<StopStrings['watch']> | undefined {
    return this.stop.length > 0 ? this.stops.watch() : undefined;
  }

  /** Takes one more id. Gives the text that may be shown. */
  push(id: number): string {
    this.held += this.stream.push(id);
    const shown = this.held.slice(0, this.shownUpTo());
    this.held = this.held.slice(shown.length);
    this.given += shown.length;
    return shown;
  }

  /** The rest of the text of a completion that has ended. */
  end(ids: readonly number[], finishReason: FinishReason): string {
    const whole =
      finishReason === 'stop'
        ? this.stops.before(ids)
        : this.tokenizer.decode(ids, { skipSpecialTokens: true });
    return whole.slice(this.given);
  }

  /** Where a stop string may have begun in the held text. */
  private shownUpTo(): number {
    let end = this.held.length;
    for (const text of this.stop)
      end = Math.min(
        end,
        this.stops.isPlain(text) ? beginningOf(text, this.held) : this.held.length - text.length + 1,
      );
    const at = Math.max(0, end);
    // Half a surrogate pair is no text.
    const splits = at > 0 && at < this.held.length && /[\ud800-\udbff]/.test(this.held[at - 1]!);
    return splits ? at - 1 : at;
  }
}

/** Where a text's longest ending begins that is a beginning of `stop`; its length where there is none. */
function beginningOf(stop: string, text: string): number {
  for (let at = Math.max(0, text.length - stop.length + 1); at < text.length; at++)
    if (stop.startsWith(text.slice(at))) return at;
  return text.length;
}
