import type { Context } from 'hono';
import type { ServedModel } from '../../model-service.ts';
import { answer } from '../answers/answer.ts';
import { TextForm, type TextPrompt } from '../answers/text-form.ts';
import { parseBody } from '../body/parse-body.ts';
import { badField } from '../errors/api-error.ts';
import { inField } from '../errors/in-field.ts';
import { checkLength, roomAfter } from '../generation/prompt-room.ts';
import { servedModel } from '../generation/served-model.ts';
import { toRequests } from '../generation/to-request.ts';
import { type CompletionRequest, completionRequest } from '../schemas/completion-request.ts';
import { MOST_PROMPTS, type PromptField } from '../schemas/prompt.ts';
import type { Serving } from '../serving/serving.ts';

/** OpenAI's default. */
const MAX_TOKENS = 16;

/** POST /v1/completions. */
export const complete = (serving: Serving) => async (c: Context) => {
  const { service } = serving;
  const body = await parseBody(c.req.raw, completionRequest);
  checkTogether(body);
  const model = servedModel(service, body.model);
  const prompts = await promptsOf(body.prompt, model, serving);
  const [n, echo] = [body.n ?? 1, body.echo ?? false];
  if (prompts.length * n > MOST_PROMPTS)
    throw badField(
      'n',
      `${prompts.length} prompts × n of ${n} are more than ${MOST_PROMPTS} completions: send fewer at a time.`,
    );
  const rooms = prompts.map(({ ids }) => ({
    promptIds: ids,
    maxNewTokens: roomAfter(ids, body.max_tokens ?? MAX_TOKENS, { model, param: 'prompt' }),
  }));
  const includeUsage = body.stream_options?.include_usage ?? false;
  const form = new TextForm(
    prompts,
    {
      model: model.name,
      n,
      echo,
      logprobs: body.logprobs ?? undefined,
      tokenIds: body.return_token_ids ?? false,
      usage: includeUsage && (body.stream ?? false),
    },
    service,
  );
  const requests = toRequests(body, rooms, body.logprobs ?? 0);
  return answer(c, serving, { requests, form, stream: body.stream ? { includeUsage } : undefined });
};

/** Fields that must fit each other. */
function checkTogether({
  n,
  best_of: bestOf,
  max_tokens: maxTokens,
  echo,
  stream,
  stream_options: options,
}: CompletionRequest) {
  if (bestOf != null && bestOf !== (n ?? 1))
    throw badField(
      'best_of',
      `Invalid 'best_of': it is supported where it equals n (${n ?? 1}): ask for more with n and choose by logprobs.`,
      'unsupported_parameter',
    );
  if (maxTokens === 0 && !echo)
    throw badField(
      'max_tokens',
      "Invalid 'max_tokens': 0 makes sense with echo only; ask for at least 1.",
      'integer_below_min_value',
    );
  if (options != null && !stream)
    throw badField('stream_options', "Invalid 'stream_options': it is for stream: true only.");
}

async function promptsOf(
  prompt: PromptField,
  model: ServedModel,
  { service }: Serving,
): Promise<readonly TextPrompt[]> {
  const several = Array.isArray(prompt) && typeof prompt[0] !== 'number';
  const prompts = (several ? prompt : [prompt]) as readonly (string | number[])[];
  return Promise.all(
    prompts.map(async (one, i) => {
      const param = several ? `prompt[${i}]` : 'prompt';
      if (typeof one !== 'string') {
        roomAfter(one, 0, { model, param });
        return { ids: one, text: await service.decode(model.name, one) };
      }
      checkLength(one, model, param);
      return { ids: await inField(param, () => service.encode(model.name, one)), text: one };
    }),
  );
}
