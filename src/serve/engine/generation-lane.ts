import type { DecodingModel } from '../../model/cache/decoding-model.ts';
import type { DecodeRow } from '../../rollout/session/decode-row.ts';
import { DecodeSession, type SessionOptions } from '../../rollout/session/decode-session.ts';
import type { DraftStats, GenerationDelta, GenerationEnd, GenerationRequest } from '../model-service.ts';
import { Generation } from './generation.ts';
import type { SteppedWork } from './scheduler.ts';
import type { ServedText } from './served-text.ts';

interface UnderWay {
  readonly generation: Generation;
  readonly row: DecodeRow;
  readonly resolve: (end: GenerationEnd) => void;
  readonly reject: (error: unknown) => void;
}

/** The completions of one model with one set of weights. */
export class GenerationLane implements SteppedWork {
  private readonly model: DecodingModel;
  private readonly text: ServedText;
  private readonly options: SessionOptions;
  private readonly underWay = new Map<DecodeRow, UnderWay>();
  private session: DecodeSession;
  /** How proposals fared in sessions that failed. */
  private earlier: DraftStats = { calls: 0, tokens: 0, proposed: 0, accepted: 0 };

  constructor(model: DecodingModel, text: ServedText, options: SessionOptions) {
    this.model = model;
    this.text = text;
    this.options = options;
    this.session = new DecodeSession(model, options);
  }

  get idle(): boolean {
    return this.session.idle;
  }

  get rows(): DecodeSession['rows'] {
    return this.session.rows;
  }

  get memory(): DecodeSession['memory'] {
    return this.session.memory;
  }

  /** How the draft's proposals fared; undefined without a draft. */
  get drafted(): DraftStats | undefined {
    const now = this.session.speculated;
    if (now === undefined) return undefined;
    const { calls, tokens, proposed, accepted } = this.earlier;
    return {
      calls: calls + now.rowCalls,
      tokens: tokens + now.tokens,
      proposed: proposed + now.proposed,
      accepted: now.accepted.reduce((sum, count) => sum + count, accepted),
    };
  }

  /** Bytes that other models must leave to this one. */
  get claimed(): number {
    return this.session.claimed;
  }

  /** Forgets kept prompts until they take no more than so many bytes. */
  shrinkKept(bytes: number): void {
    this.session.shrinkKept(bytes);
  }

  /**
   * Admits a request; the tokens come with the steps that follow.
   * @throws the signal's reason when it is aborted; the request's room is free then.
   */
  start(
    request: GenerationRequest,
    onDelta: (delta: GenerationDelta) => void,
    signal: AbortSignal,
  ): Promise<GenerationEnd> {
    signal.throwIfAborted();
    const generation = new Generation(request, this.text);
    const row = this.session.admit(generation.decoding(onDelta));
    const ended = new Promise<GenerationEnd>((resolve, reject) => {
      this.underWay.set(row, { generation, row, resolve, reject });
    });
    const cancel = () => {
      this.session.cancel(row);
      this.underWay.get(row)?.reject(signal.reason);
      this.underWay.delete(row);
    };
    signal.addEventListener('abort', cancel, { once: true });
    return ended.finally(() => signal.removeEventListener('abort', cancel));
  }

  async step(): Promise<void> {
    for (const row of await this.session.step()) {
      const one = this.underWay.get(row);
      if (one === undefined) continue;
      this.tell(one);
    }
  }

  /** Tells a client of its new tokens. One that can't be told is given up; the others go on. */
  private tell({ generation, row, resolve, reject }: UnderWay): void {
    try {
      const end = generation.tell(row);
      if (end === undefined) return;
      resolve(end);
    } catch (error) {
      this.session.cancel(row);
      reject(error);
    }
    this.underWay.delete(row);
  }

  fail(error: unknown): void {
    for (const { reject } of this.underWay.values()) reject(error);
    this.underWay.clear();
    this.earlier = this.drafted ?? this.earlier;
    // What the failed step left behind is not used again.
    this.session = new DecodeSession(this.model, this.options);
  }
}
