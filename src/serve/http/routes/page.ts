import type { Context } from 'hono';
import { chatPage, type Page } from '../page/chat-page.ts';

/** GET /: the chat page. It holds nothing of the models, so it needs no key; what it asks for does. */
export function page() {
  let made: Page | undefined;
  return (c: Context) => {
    made ??= chatPage();
    c.header('content-security-policy', made.policy);
    c.header('cache-control', 'no-cache');
    return c.html(made.html);
  };
}
