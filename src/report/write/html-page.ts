import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { packageRoot } from '../../io/package-root.ts';
import type { PageData } from '../page-data.ts';
import { escapeHtml } from './escape-html.ts';

/** The page's script and style sheet, as scripts/bundle-pages.mjs builds them from src/report/page. */
let built: { readonly script: string; readonly style: string } | undefined;

/**
 * Makes a report: one HTML page without any other file. Its script draws the data, which lies beside it as JSON. The
 * content security policy allows that script alone, and no request but to the server that follows a run.
 */
export function htmlPage(data: PageData): string {
  built ??= { script: file('page.js'), style: file('page.css') };
  const hash = createHash('sha256').update(built.script).digest('base64');
  const connect = data.live === undefined ? "'none'" : "'self'";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; img-src data:; connect-src ${connect}; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>${escapeHtml(data.title)} · anneal</title>
<style>${built.style}</style>
</head>
<body>
<noscript><p>This report draws itself with a script of its own: allow scripts for this page.</p></noscript>
<div id="report"></div>
<script type="application/json" id="data">${jsonForHtml(data)}</script>
<script>${built.script}</script>
</body>
</html>
`;
}

function file(name: string): string {
  return readFileSync(new URL(`dist/report-page/${name}`, packageRoot), 'utf8');
}

/** JSON that stays inside its script element whatever texts it holds. */
const jsonForHtml = (data: unknown): string => JSON.stringify(data).replaceAll('<', '\\u003c');
