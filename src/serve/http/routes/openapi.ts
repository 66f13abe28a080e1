import type { Context } from 'hono';
import { openApiDocument } from '../openapi/document.ts';

/** GET /openapi.json. */
export function openApi() {
  let document: object | undefined;
  return (c: Context) => {
    document ??= openApiDocument();
    return c.json(document);
  };
}
