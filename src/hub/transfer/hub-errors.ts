import { AnnealError, InputError } from '../../errors.ts';
import type { HubSettings } from '../base/hub-settings.ts';
import { pageOf, type Repository, titleOf } from '../base/repository.ts';

/** The hub could not be asked: no network, a connection that broke, a server that is down. */
export class UnreachableError extends AnnealError {
  /** Whether the next try may well go better: the connection was there and broke. */
  readonly broke: boolean;

  constructor(message: string, { broke, cause }: { readonly broke: boolean; readonly cause?: unknown }) {
    super(message, { cause });
    this.broke = broke;
  }
}

/** The hub has no repository of a name, or shows it only to others. */
export class NoRepositoryError extends InputError {}

/** What was asked for, for errors. */
export interface Asked {
  readonly repository: Repository;
  readonly revision: string;
  readonly settings: HubSettings;
}

/** The error for an answer that is no success: one line that says what to do. */
export function refusal(response: Response, asked: Asked): Error {
  const { repository, revision, settings } = asked;
  const { status, headers } = response;
  const code = headers.get('x-error-code');
  const said = oneLine(headers.get('x-error-message') ?? '');
  const title = titleOf(repository);
  if (code === 'GatedRepo') return new InputError(gated(status, asked));
  if (code === 'RevisionNotFound')
    return new InputError(
      `${title} has no revision "${revision}": name a branch, a tag or a commit of ${pageOf(repository, settings.endpoint)}`,
    );
  if (code === 'EntryNotFound')
    return new InputError(
      `${title} lists a file at ${revision} that can't be downloaded: ${pathOf(response)}`,
    );
  if (status === 401 && settings.token !== undefined)
    return new InputError(
      `${settings.endpoint} does not take the token of HF_TOKEN (or of HF_HOME/token): it has ended or is mistyped${parenthesis(said)}`,
    );
  if (status === 404 || status === 401) return new NoRepositoryError(missing(asked));
  if (status === 403)
    return new InputError(
      `${settings.endpoint} refuses ${title}: a token that may read it is needed in HF_TOKEN${parenthesis(said)}`,
    );
  if (status === 429) return new InputError(tooMany(response, settings));
  const text = `${settings.endpoint} answers ${status} to ${pathOf(response)}${parenthesis(said)}`;
  return status >= 500 ? new UnreachableError(text, { broke: false }) : new InputError(text);
}

function gated(status: number, { repository, settings }: Asked): string {
  const page = pageOf(repository, settings.endpoint);
  const asking = `${titleOf(repository)} is gated: accept its licence at ${page}`;
  return status === 403 && settings.token !== undefined
    ? `${asking} with the account of HF_TOKEN, which has no access to it yet`
    : `${asking}, then set HF_TOKEN to a token of that account (${settings.endpoint}/settings/tokens)`;
}

function missing({ repository, settings }: Asked): string {
  const hint =
    settings.token === undefined ? 'check the name, or set HF_TOKEN if it is private' : 'check the name';
  return `${settings.endpoint} has no ${titleOf(repository)}: ${hint}`;
}

function tooMany({ headers }: Response, { endpoint, token }: HubSettings): string {
  const seconds = retryAfter(headers);
  const when = seconds === undefined ? 'later' : `in ${Math.ceil(seconds)} seconds`;
  return `${endpoint} takes no more requests from here for now (429): try again ${when}${token === undefined ? ', or set HF_TOKEN, with which more are allowed' : ''}`;
}

/**
 * Seconds that an answer asks to wait: Retry-After as seconds or a date, or the time to the end of the hub's window
 * (RateLimit: "api";r=0;t=55); undefined when it does not say.
 */
export function retryAfter(headers: Headers): number | undefined {
  const text = headers.get('retry-after');
  if (text !== null && /^\d+(?:\.\d+)?$/.test(text.trim())) return Number(text);
  const date = text === null ? Number.NaN : Date.parse(text);
  if (!Number.isNaN(date)) return Math.max(0, (date - Date.now()) / 1000);
  const window = /\bt=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1];
  return window === undefined ? undefined : Number(window);
}

const pathOf = ({ url }: Response): string =>
  URL.canParse(url) ? new URL(url).pathname.slice(0, 200) : 'a request';

const parenthesis = (text: string): string => (text === '' ? '' : ` (${text})`);

/** Text of a server, fit to be printed. */
const oneLine = (text: string): string =>
  text
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, 200);

/** The error for a connection that was not made, or broke. */
export function connectionError(error: unknown, what: string): UnreachableError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = codeOf(cause);
  const why = (cause instanceof Error && oneLine(cause.message)) || code || String(cause);
  return new UnreachableError(`${what}: ${why}`, { broke: !NO_NETWORK.has(code), cause: error });
}

/** Codes of connections that were never made: another try at once would go the same way. */
const NO_NETWORK = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  return String((error as NodeJS.ErrnoException | undefined)?.code ?? '');
}
