import type { z } from 'zod';
import { chatAnswer, chatChunk, completionAnswer } from '../schemas/answers.ts';
import { chatRequest } from '../schemas/chat-request.ts';
import { completionRequest } from '../schemas/completion-request.ts';
import * as plain from '../schemas/plain-answers.ts';
import { detokenizeRequest, tokenizeRequest } from '../schemas/tokenize-request.ts';

/** The schemas that the description names. */
export const schemas = {
  CompletionRequest: completionRequest,
  Completion: completionAnswer,
  ChatCompletionRequest: chatRequest,
  ChatCompletion: chatAnswer,
  ChatCompletionChunk: chatChunk,
  Model: plain.modelAnswer,
  Models: plain.modelsAnswer,
  TokenizeRequest: tokenizeRequest,
  Tokens: plain.tokenizeAnswer,
  DetokenizeRequest: detokenizeRequest,
  Text: plain.detokenizeAnswer,
  Health: plain.healthAnswer,
  Error: plain.errorAnswer,
} satisfies Record<string, z.ZodType>;

type SchemaName = keyof typeof schemas;

/** What a path does, as the description tells it. */
export interface Operation {
  readonly method: 'get' | 'post';
  readonly path: string;
  readonly summary: string;
  readonly request?: SchemaName;
  /** The schema of the answer, or its media type where it is no JSON. */
  readonly answer: SchemaName | { readonly type: string };
  /** The schema of an event's data, where the answer may be a stream. */
  readonly event?: SchemaName;
  /** Whether it needs no API key. */
  readonly open?: true;
}

export const operations: readonly Operation[] = [
  {
    method: 'post',
    path: '/v1/chat/completions',
    summary: 'Answer a conversation.',
    request: 'ChatCompletionRequest',
    answer: 'ChatCompletion',
    event: 'ChatCompletionChunk',
  },
  {
    method: 'post',
    path: '/v1/completions',
    summary: 'Continue texts.',
    request: 'CompletionRequest',
    answer: 'Completion',
    event: 'Completion',
  },
  { method: 'get', path: '/v1/models', summary: 'The served models, the base first.', answer: 'Models' },
  { method: 'get', path: '/v1/models/{model}', summary: 'One model.', answer: 'Model' },
  {
    method: 'post',
    path: '/tokenize',
    summary: 'Token ids of a text or a conversation.',
    request: 'TokenizeRequest',
    answer: 'Tokens',
  },
  {
    method: 'post',
    path: '/detokenize',
    summary: 'Text of token ids.',
    request: 'DetokenizeRequest',
    answer: 'Text',
  },
  { method: 'get', path: '/health', summary: '503 while the server stops.', answer: 'Health', open: true },
  { method: 'get', path: '/metrics', summary: 'For Prometheus.', answer: { type: 'text/plain' } },
  {
    method: 'get',
    path: '/openapi.json',
    summary: 'This description.',
    answer: { type: 'application/json' },
    open: true,
  },
  { method: 'get', path: '/', summary: 'A page to chat.', answer: { type: 'text/html' }, open: true },
];
