import type { Context } from 'hono';
import { answer } from '../answers/answer.ts';
import { ChatForm } from '../answers/chat-form.ts';
import { parseBody } from '../body/parse-body.ts';
import { encodeConversation } from '../chat/encode-conversation.ts';
import { badField } from '../errors/api-error.ts';
import { roomAfter } from '../generation/prompt-room.ts';
import { servedModel } from '../generation/served-model.ts';
import { toRequests } from '../generation/to-request.ts';
import { type ChatRequest, chatRequest } from '../schemas/chat-request.ts';
import type { Serving } from '../serving/serving.ts';

/** POST /v1/chat/completions. */
export const chat = (serving: Serving) => async (c: Context) => {
  const body = await parseBody(c.req.raw, chatRequest);
  checkTogether(body);
  const model = servedModel(serving.service, body.model);
  const tools = body.tool_choice === 'none' ? [] : (body.tools ?? []);
  const promptIds = await encodeConversation({ ...body, tools }, model, serving.service);
  const asked = body.max_completion_tokens ?? body.max_tokens ?? undefined;
  const left = roomAfter(promptIds, asked, { model, param: 'messages' });
  const maxNewTokens = asked ?? Math.min(left, serving.settings.maxTokens ?? left);
  const includeUsage = body.stream_options?.include_usage ?? false;
  const form = new ChatForm({
    model: model.name,
    n: body.n ?? 1,
    logprobs: body.logprobs ?? false,
    promptIds,
    tokenIds: body.return_token_ids ?? false,
    tools: tools.length > 0,
    usage: includeUsage && (body.stream ?? false),
  });
  const requests = toRequests(body, [{ promptIds, maxNewTokens }], body.top_logprobs ?? 0);
  return answer(c, serving, { requests, form, stream: body.stream ? { includeUsage } : undefined });
};

/** Fields that must fit each other. */
function checkTogether(body: ChatRequest) {
  if (body.top_logprobs != null && body.top_logprobs > 0 && !body.logprobs)
    throw badField('top_logprobs', "Invalid 'top_logprobs': it needs logprobs: true.");
  if (body.stream_options != null && !body.stream)
    throw badField('stream_options', "Invalid 'stream_options': it is for stream: true only.");
  const [a, b] = [body.max_completion_tokens, body.max_tokens];
  if (a != null && b != null && a !== b)
    throw badField(
      'max_tokens',
      `Invalid 'max_tokens': it is the older name of max_completion_tokens, which is ${a} and not ${b}: send one of them.`,
    );
  if (body.tool_choice != null && !body.tools?.length)
    throw badField('tool_choice', "Invalid 'tool_choice': it needs tools.");
}
