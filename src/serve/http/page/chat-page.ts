import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { packageRoot } from '../../../io/package-root.ts';

/** A page with the policy that a browser holds it to. */
export interface Page {
  readonly html: string;
  /** Content security policy: its own script, requests to its own server, nothing else. */
  readonly policy: string;
}

/** The chat page, of one script and one style sheet that scripts/bundle-pages.mjs builds from src/serve/chat-page. */
export function chatPage(): Page {
  const [script, style] = [file('page.js'), file('page.css')];
  const hash = createHash('sha256').update(script).digest('base64');
  const policy = [
    "default-src 'none'",
    `script-src 'sha256-${hash}'`,
    "style-src 'unsafe-inline'",
    'img-src data:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>Chat · anneal</title>
<style>${style}</style>
</head>
<body>
<noscript><p>This page talks to the server with a script of its own: allow scripts for this page.</p></noscript>
<div id="chat"></div>
<script>${script}</script>
</body>
</html>
`;
  return { html, policy };
}

const file = (name: string): string => readFileSync(new URL(`dist/chat-page/${name}`, packageRoot), 'utf8');
