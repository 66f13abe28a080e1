import { ApiError } from '../errors/api-error.ts';
import { checkWellFormed } from './well-formed.ts';

/**
 * Reads the body of a request as JSON.
 * @throws ApiError when it is no JSON, not UTF-8, or holds what no model can read.
 */
export async function readJson(request: Request): Promise<unknown> {
  const type = request.headers.get('content-type') ?? '';
  if (!/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type.trim())) {
    throw new ApiError(
      415,
      `The body must be JSON, and its type was "${type}": send the header "Content-Type: application/json".`,
      { code: 'unsupported_media_type' },
    );
  }
  const value = parse(decode(await request.arrayBuffer()));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ApiError(400, 'The body must be a JSON object: {"model": …}.', { code: 'invalid_type' });
  }
  checkWellFormed(value);
  return value;
}

function decode(bytes: ArrayBuffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ApiError(400, 'The body is not UTF-8: JSON must be sent in UTF-8.', {
      code: 'invalid_encoding',
    });
  }
}

function parse(text: string): unknown {
  if (text.trim() === '')
    throw new ApiError(400, 'The body is empty: send a JSON object.', { code: 'invalid_json' });
  try {
    return JSON.parse(text);
  } catch (error) {
    const hint = /\b(NaN|-?Infinity)\b/.test(text) ? ' NaN and Infinity are not JSON.' : '';
    const reason = error instanceof SyntaxError ? error.message : 'it is nested too deeply';
    throw new ApiError(400, `The body is not JSON: ${reason}.${hint}`, { code: 'invalid_json' });
  }
}
