/** What a client is told of an error, in OpenAI's shape. */
export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    /** The field that is wrong: `messages[0].content`. */
    readonly param: string | null;
    /** A name that programs compare: `model_not_found`. */
    readonly code: string | null;
  };
}

export type ErrorStatus = 400 | 401 | 403 | 404 | 405 | 408 | 413 | 415 | 429 | 499 | 500 | 503 | 504;

/** Types by status, as OpenAI names them. */
const types: Partial<Record<ErrorStatus, string>> = {
  429: 'rate_limit_error',
  500: 'server_error',
  503: 'server_error',
  504: 'server_error',
};

/** A request that is answered by an error. Its message says what was wrong and what to do. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: ErrorStatus;
  readonly param: string | null;
  readonly code: string | null;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: ErrorStatus,
    message: string,
    {
      param = null,
      code = null,
      headers = {},
    }: {
      readonly param?: string | null;
      readonly code?: string | null;
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(message);
    this.status = status;
    this.param = param;
    this.code = code;
    this.headers = headers;
  }

  body(): ErrorBody {
    const { message, param, code } = this;
    return { error: { message, type: types[this.status] ?? 'invalid_request_error', param, code } };
  }
}

/** A field with a value that can't be served. */
export const badField = (param: string, message: string, code = 'invalid_value'): ApiError =>
  new ApiError(400, message, { param, code });
