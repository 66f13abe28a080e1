import { ApiError } from './api-error.ts';

/**
 * What a client is told of anything that was thrown. An InputError is about what the client sent: it is told as it is.
 * Any other error is a bug, or the model's thread ended: its text stays here.
 * @param onBug called with what a client isn't told.
 */
export function asApiError(error: unknown, onBug: (error: unknown) => void): ApiError {
  if (error instanceof ApiError) return error;
  // By name: an error that crossed threads is of another class.
  if (error instanceof Error && error.name === 'InputError')
    return new ApiError(400, error.message, { code: 'invalid_value' });
  // Node's error of a request that ended amid its body: by the client, or by a timeout.
  if (error instanceof Error && 'code' in error && error.code === 'ECONNRESET')
    return new ApiError(499, 'The connection was closed amid the request.', { code: 'client_closed' });
  onBug(error);
  return new ApiError(500, 'The server failed at this request; its own output says why.', {
    code: 'internal_error',
  });
}
