import { InputError } from '../../../src/errors.ts';
import type {
  GeneratedToken,
  GenerationRequest,
  ModelService,
  ServedModel,
} from '../../../src/serve/model-service.ts';

/** The token after the 256 bytes, which ends a text. */
const EOS = 256;

const modelNamed = (name: string): ServedModel => ({
  name,
  source: `runs/${name}`,
  beta: name === 'base' ? undefined : 0.5,
  maxPositions: 1000,
  vocabSize: 257,
  hasChatTemplate: true,
  draft: name === 'base' ? 'runs/draft' : undefined,
});

/**
 * A service whose answers are written by the test, one token for each byte, so that a server is tested without a model.
 * It waits where the test says so.
 */
export class ScriptedService implements ModelService {
  readonly requests: GenerationRequest[] = [];
  /** Reasons for which requests were aborted. */
  readonly aborted: unknown[] = [];
  /** What is written; an Error is thrown after the text before it. */
  reply: (request: GenerationRequest) => string | readonly (string | Error)[] = () => 'four';
  /** Awaited before each token. */
  before: (request: GenerationRequest, token: number) => Promise<unknown> | undefined = () => undefined;
  running = 0;
  hasEnded = false;

  models = () => ['base', 'tuned'].map(modelNamed);
  encode = async (_: string, text: string) => [...Buffer.from(text)];
  decode = async (_: string, ids: readonly number[]) => textOf(ids);
  encodeChat: ModelService['encodeChat'] = async (_, messages, options) => {
    if (messages[0]!.role === 'tool') throw new InputError('the chat template refuses: a tool can’t begin');
    return [...Buffer.from(JSON.stringify([messages, options]))];
  };

  async generate(
    request: GenerationRequest,
    { onDelta, signal }: Parameters<ModelService['generate']>[1],
  ): Promise<Awaited<ReturnType<ModelService['generate']>>> {
    this.requests.push(request);
    this.running++;
    try {
      const script = this.reply(request);
      let made = 0;
      for (const part of typeof script === 'string' ? [script] : script) {
        if (part instanceof Error) throw part;
        for (const byte of Buffer.from(part)) {
          if (made === request.maxNewTokens) break;
          const held = this.before(request, made);
          if (held) await Promise.race([held, aborting(signal)]);
          await new Promise((resolve) => setImmediate(resolve));
          signal?.throwIfAborted();
          onDelta({ tokens: [tokenOf(byte, request.topLogprobs)], text: textOf([byte]) });
          made++;
        }
      }
      const ended = made < request.maxNewTokens;
      if (ended) onDelta({ tokens: [tokenOf(EOS, request.topLogprobs)], text: '' });
      const usage = {
        promptTokens: request.promptIds.length,
        cachedTokens: 1,
        completionTokens: made + Number(ended),
      };
      return { finishReason: ended ? 'eos' : 'length', usage };
    } catch (error) {
      if (signal?.aborted) this.aborted.push(signal.reason);
      throw error;
    } finally {
      this.running--;
    }
  }

  scorePrompt: ModelService['scorePrompt'] = async ({ ids, topLogprobs }) =>
    ids.map((id, i) => (i === 0 ? undefined : tokenOf(id, topLogprobs)));
  stats = () => ({
    waiting: 0,
    running: this.running,
    cacheBytes: 4096,
    cacheUsedBytes: 1024,
    generatedTokens: 0,
    promptTokens: 0,
    cachedTokens: 0,
    draft: { calls: 4, tokens: 10, proposed: 12, accepted: 6 },
  });
  setAdapter = async () => modelNamed('tuned');
  close = async () => {};
}

/** Rejects when the signal is aborted, if ever. */
const aborting = (signal: AbortSignal | undefined) =>
  new Promise<never>((_, reject) => {
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });

const textOf = (ids: readonly number[]) => Buffer.from(ids.filter((id) => id < EOS)).toString('latin1');

/** A token of log-prob −id/100, and the ids after it beside, the likeliest first. */
function tokenOf(id: number, top: number): GeneratedToken {
  const probOf = (token: number) => {
    const text = token >= EOS ? '<eos>' : textOf([token]);
    return { id: token, text, bytes: token >= EOS ? [...Buffer.from(text)] : [token], logprob: -token / 100 };
  };
  return { ...probOf(id), top: Array.from({ length: top }, (_, i) => probOf(id + i)) };
}
