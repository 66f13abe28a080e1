import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

// A local server that speaks the hub's API as far as models and data sets are read: revisions, trees, paths-info, and
// files with ETag, X-Linked-ETag, X-Linked-Size, X-Repo-Commit and Range, large ones by a redirect to a second host.

export interface Repo {
  readonly kind?: 'model' | 'dataset';
  /** Content by path; text is UTF-8. */
  files: Record<string, string | Buffer>;
  /** Needs this token; without one the hub says 401, as for what does not exist. */
  readonly token?: string;
  /** Files are refused with 403, or 401 without a token, though the list is shown. */
  readonly gated?: boolean;
}

/** A request as it came. */
export interface Seen {
  readonly host: 'hub' | 'cdn';
  readonly method: string;
  /** Decoded, without the query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

/** Answers a request in place of the server; false leaves it to the server. */
export type Intercept = (request: Seen, response: ServerResponse, content?: Buffer) => boolean;

export interface Hub {
  /** HF_ENDPOINT. */
  readonly url: string;
  readonly cdn: string;
  readonly repos: Record<string, Repo>;
  readonly seen: Seen[];
  intercept: Intercept;
  close(): Promise<void>;
}

/** Files of more bytes are stored as LFS. */
const LARGE = 1024;

export const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');
export const gitSha1 = (content: Buffer): string =>
  createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');

/** The commit of a repository: it follows from its content. */
export const commitOf = ({ files }: Repo): string =>
  createHash('sha1')
    .update(
      JSON.stringify(Object.entries(files).map(([path, content]) => [path, sha256(Buffer.from(content))])),
    )
    .digest('hex');

export async function startHub(repos: Record<string, Repo>): Promise<Hub> {
  const seen: Seen[] = [];
  const hub: Hub = { url: '', cdn: '', repos, seen, intercept: () => false, close: async () => {} };
  const see = (host: Seen['host'], request: IncomingMessage): Seen => {
    const { pathname } = new URL(request.url!, 'http://x');
    const one = {
      host,
      method: request.method!,
      path: decodeURIComponent(pathname),
      headers: request.headers,
    };
    seen.push(one);
    return one;
  };
  const main = createServer((request, response) => serveHub(hub, see('hub', request), request, response));
  const second = createServer((request, response) => serveCdn(hub, see('cdn', request), response));
  const [url, cdn] = [await listen(main), await listen(second)];
  const close = async () => {
    for (const server of [main, second]) {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    }
  };
  return Object.assign(hub, { url, cdn, close });
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export function refuse(response: ServerResponse, status: number, code: string, message: string): unknown {
  response.writeHead(status, {
    'content-type': 'application/json',
    'x-error-code': code,
    'x-error-message': message,
  });
  return response.end(JSON.stringify({ error: message }));
}

const json = (response: ServerResponse, value: unknown): unknown => {
  response.writeHead(200, { 'content-type': 'application/json' });
  return response.end(JSON.stringify(value));
};

const API = /^\/api\/(models|datasets)\/([^/]+\/[^/]+)\/(revision|tree|paths-info)\/(.+)$/;
const FILE = /^\/(datasets\/)?([^/]+\/[^/]+)\/resolve\/((?:refs\/(?:pr|convert)\/)?[^/]+)\/(.+)$/;

function serveHub(hub: Hub, seen: Seen, request: IncomingMessage, response: ServerResponse): unknown {
  const api = API.exec(seen.path);
  const file = FILE.exec(seen.path);
  const name = api?.[2] ?? file?.[2];
  const repo = name === undefined ? undefined : hub.repos[name];
  const content = repo && file ? contentOf(repo, file[4]!) : undefined;
  if (hub.intercept(seen, response, content)) return;
  const kind = api?.[1] === 'datasets' || file?.[1] !== undefined ? 'dataset' : 'model';
  const token = seen.headers.authorization?.replace('Bearer ', '');
  if (repo === undefined || (repo.kind ?? 'model') !== kind || (repo.token && repo.token !== token)) {
    if (token === undefined) return refuse(response, 401, 'RepoNotFound', 'Invalid username or password.');
    return refuse(response, 404, 'RepoNotFound', 'Repository not found');
  }
  const commit = commitOf(repo);
  const revision = api?.[4] ?? file![3]!;
  if (!['main', 'HEAD', 'refs/pr/1', commit].includes(revision))
    return refuse(response, 404, 'RevisionNotFound', `Invalid rev id: ${revision}`);
  if (api?.[3] === 'revision') return json(response, { _id: 'x', id: name, sha: commit, private: false });
  if (api?.[3] === 'tree')
    return json(
      response,
      Object.keys(repo.files).map((path) => entryOf(repo, path)),
    );
  if (api) return pathsInfo(repo, request, response);
  if (repo.gated)
    return refuse(response, token ? 403 : 401, 'GatedRepo', `Access to model ${name} is restricted.`);
  if (content === undefined) return refuse(response, 404, 'EntryNotFound', 'Entry not found');
  return serveFile(hub, { seen, response, content, commit });
}

const contentOf = (repo: Repo, path: string): Buffer | undefined =>
  Object.hasOwn(repo.files, path) ? Buffer.from(repo.files[path]!) : undefined;

function entryOf(repo: Repo, path: string): object {
  const content = contentOf(repo, path)!;
  const { length: size } = content;
  if (size <= LARGE) return { type: 'file', path, size, oid: gitSha1(content) };
  const pointer = Buffer.from(
    `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256(content)}\nsize ${size}\n`,
  );
  const lfs = { oid: sha256(content), size, pointerSize: pointer.length };
  return { type: 'file', path, size, oid: gitSha1(pointer), lfs };
}

function pathsInfo(repo: Repo, request: IncomingMessage, response: ServerResponse): unknown {
  const body: Buffer[] = [];
  request.on('data', (chunk: Buffer) => body.push(chunk));
  return request.on('end', () => {
    const { paths } = JSON.parse(Buffer.concat(body).toString()) as { paths: string[] };
    json(
      response,
      paths.filter((path) => path in repo.files).map((path) => entryOf(repo, path)),
    );
  });
}

interface Serving {
  readonly seen: Seen;
  readonly response: ServerResponse;
  readonly content: Buffer;
  readonly commit: string;
}

function serveFile(hub: Hub, { seen, response, content, commit }: Serving): unknown {
  if (content.length <= LARGE) {
    response.setHeader('x-repo-commit', commit);
    return sendRange(seen, response, content, `"${gitSha1(content)}"`);
  }
  response.writeHead(302, {
    location: `${hub.cdn}/${sha256(content)}?signature=1`,
    'x-repo-commit': commit,
    'x-linked-size': content.length,
    'x-linked-etag': `"${sha256(content)}"`,
  });
  return response.end();
}

/** The second host knows blobs alone, and takes no token of the hub. */
function serveCdn(hub: Hub, seen: Seen, response: ServerResponse): unknown {
  const all = Object.values(hub.repos).flatMap(({ files }) =>
    Object.values(files).map((file) => Buffer.from(file)),
  );
  const content = all.find((one) => sha256(one) === seen.path.slice(1));
  if (hub.intercept(seen, response, content)) return;
  if (content === undefined) return refuse(response, 404, 'none', 'no such blob');
  return sendRange(seen, response, content, '"cdn"');
}

/** Sends content, or the rest of it that is asked for. */
export function sendRange(
  { headers, method }: Seen,
  response: ServerResponse,
  content: Buffer,
  etag: string,
): unknown {
  const start = Number(/^bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0);
  const rest = content.subarray(start);
  response.writeHead(headers.range === undefined ? 200 : 206, {
    etag,
    'accept-ranges': 'bytes',
    'content-length': rest.length,
    ...(headers.range && { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` }),
  });
  return response.end(method === 'HEAD' ? undefined : rest);
}
