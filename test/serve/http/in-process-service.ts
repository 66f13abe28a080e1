import type { CausalLM } from '../../../src/causal-lm/causal-lm.ts';
import type {
  GeneratedToken,
  GenerationRequest,
  ModelService,
  TokenProb,
} from '../../../src/serve/model-service.ts';

/** Models served by plain calls of CausalLM, one request at a time: what a server is tested over. */
export function inProcessService(model: CausalLM, name = 'tiny'): ModelService {
  const { tokenizer } = model;
  let last: Promise<unknown> = Promise.resolve();
  let running = 0;
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    running++;
    const result = last.then(work).finally(() => running--);
    last = result.catch(() => {});
    return result;
  };
  return {
    models: () => [
      {
        name,
        source: 'models/tiny',
        beta: undefined,
        maxPositions: model.config.maxPositionEmbeddings,
        vocabSize: model.config.vocabSize,
        hasChatTemplate: tokenizer.hasChatTemplate,
      },
    ],
    encode: async (_, text) => tokenizer.encode(text),
    encodeChat: async (_, messages, options) => tokenizer.encodeChat(messages, options),
    decode: async (_, ids) => tokenizer.decode(ids),
    generate: (request, { onDelta, signal }) =>
      inTurn(async () => {
        signal?.throwIfAborted();
        const [completion] = await model.generate({
          ...request,
          inputIds: [request.promptIds],
          n: 1,
          signal,
        });
        const { tokenIds, text, finishReason } = completion!;
        const tokens = await tokensOf(model, request.promptIds, tokenIds, request);
        let told = '';
        for (const [i, token] of tokens.entries()) {
          await new Promise((resolve) => setImmediate(resolve));
          signal?.throwIfAborted();
          const whole = tokenizer.decode(tokenIds.slice(0, i + 1), { skipSpecialTokens: true });
          const next = i === tokens.length - 1 ? text : whole.slice(0, text.length);
          onDelta({ tokens: [token], text: next.slice(told.length) });
          told = next;
        }
        const usage = {
          promptTokens: request.promptIds.length,
          cachedTokens: 0,
          completionTokens: tokenIds.length,
        };
        return { finishReason, usage };
      }),
    scorePrompt: ({ ids, topLogprobs }) =>
      inTurn(async () => [
        undefined,
        ...(await tokensOf(model, ids.slice(0, 1), ids.slice(1), { topLogprobs, temperature: 1 })),
      ]),
    stats: () => ({
      waiting: Math.max(0, running - 1),
      running: Math.min(1, running),
      cacheBytes: 1,
      cacheUsedBytes: 0,
    }),
    close: async () => {},
  };
}

/** Log-probs of given tokens after a prompt, from one forward pass over all of them. */
async function tokensOf(
  model: CausalLM,
  promptIds: readonly number[],
  tokenIds: readonly number[],
  { topLogprobs, temperature }: Pick<GenerationRequest, 'topLogprobs' | 'temperature'>,
): Promise<GeneratedToken[]> {
  const ids = [...promptIds, ...tokenIds];
  const { data, shape } = await model.logits({ inputIds: [ids], attentionMask: [ids.map(() => 1)] });
  const vocab = shape[2]!;
  return tokenIds.map((id, i) => {
    const at = (promptIds.length + i - 1) * vocab;
    const logits = [...data.subarray(at, at + vocab)].map((x) => x / (temperature || 1));
    const most = Math.max(...logits);
    const norm = most + Math.log(logits.reduce((sum, x) => sum + Math.exp(x - most), 0));
    const probOf = (token: number): TokenProb => {
      const text = model.tokenizer.decode([token]);
      return { id: token, text, bytes: [...new TextEncoder().encode(text)], logprob: logits[token]! - norm };
    };
    const order = [...logits.keys()].sort((a, b) => logits[b]! - logits[a]!);
    return { ...probOf(id), top: order.slice(0, topLogprobs).map(probOf) };
  });
}
