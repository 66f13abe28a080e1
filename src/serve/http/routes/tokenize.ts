import type { Context } from 'hono';
import type { ServedModel } from '../../model-service.ts';
import { parseBody } from '../body/parse-body.ts';
import { encodeConversation } from '../chat/encode-conversation.ts';
import { badField } from '../errors/api-error.ts';
import { inField } from '../errors/in-field.ts';
import { checkLength } from '../generation/prompt-room.ts';
import { servedModel } from '../generation/served-model.ts';
import { detokenizeRequest, type TokenizeRequest, tokenizeRequest } from '../schemas/tokenize-request.ts';
import type { Serving } from '../serving/serving.ts';

/** Tokens whose texts are told at a time. */
const AT_ONCE = 256;

/** POST /tokenize, as vLLM's. */
export const tokenize = (serving: Serving) => async (c: Context) => {
  const body = await parseBody(c.req.raw, tokenizeRequest);
  const model = modelOf(body.model, serving);
  const tokens = await idsOf(body, model, serving);
  return c.json({
    count: tokens.length,
    max_model_len: model.maxPositions,
    tokens,
    token_strs: body.return_token_strs ? await textsOf(tokens, model, serving) : null,
  });
};

/** POST /detokenize, as vLLM's. */
export const detokenize = (serving: Serving) => async (c: Context) => {
  const { model, tokens } = await parseBody(c.req.raw, detokenizeRequest);
  const { name, vocabSize } = modelOf(model, serving);
  const high = tokens.findIndex((id) => id >= vocabSize);
  if (high !== -1)
    throw badField(
      `tokens[${high}]`,
      `Invalid 'tokens[${high}]': ${name} has the token ids 0 to ${vocabSize - 1}, but got ${tokens[high]}.`,
    );
  return c.json({ prompt: await serving.service.decode(name, tokens) });
};

const modelOf = (name: string | null | undefined, { service }: Serving): ServedModel =>
  servedModel(service, name ?? service.models()[0]!.name);

async function idsOf(
  { prompt, messages, tools, ...options }: TokenizeRequest,
  model: ServedModel,
  { service }: Serving,
): Promise<readonly number[]> {
  if (messages !== undefined)
    return encodeConversation({ ...options, messages, tools: tools ?? [] }, model, service);
  checkLength(prompt!, model, 'prompt');
  return inField('prompt', () => service.encode(model.name, prompt!));
}

async function textsOf(
  ids: readonly number[],
  { name }: ServedModel,
  { service }: Serving,
): Promise<string[]> {
  const texts: string[] = [];
  for (let i = 0; i < ids.length; i += AT_ONCE) {
    const some = ids.slice(i, i + AT_ONCE);
    texts.push(...(await Promise.all(some.map((id) => service.decode(name, [id])))));
  }
  return texts;
}
