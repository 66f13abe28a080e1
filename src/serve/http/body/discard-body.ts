/** Bytes of a body that nobody wants, which are read all the same. */
const MOST = 64e6;

/**
 * Reads what is left of a request's body and drops it. A client sends its whole body before it looks for the answer, and
 * then uses the connection again. Gives false where there is too much to read: then the connection must be closed.
 */
export async function discardBody(request: Request): Promise<boolean> {
  if (Number(request.headers.get('content-length') ?? 0) > MOST || request.body?.locked) return false;
  if (request.body === null || request.bodyUsed) return true;
  let size = 0;
  try {
    for await (const chunk of request.body) {
      size += chunk.length;
      if (size > MOST) return false;
    }
  } catch {
    // The client is gone.
    return false;
  }
  return true;
}
