// Bundles what runs in a browser with its libraries, each page as one script and one style sheet that HTML carries
// inline: the report's page, src/report/page, into dist/report-page, and the chat page of `anneal serve`,
// src/serve/chat-page, into dist/chat-page.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

const path = (relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url));
const text = (relative) => readFileSync(path(relative), 'utf8');

/** The licences of what is bundled ask to be kept with it. */
const licence = (name) => `/*! ${name}\n${text(`node_modules/${name}/LICENSE`)}*/`;

async function bundle({ source, out, libraries, styles = [] }) {
  mkdirSync(path(`dist/${out}`), { recursive: true });
  await build({
    input: path(`${source}/main.tsx`),
    platform: 'browser',
    transform: { target: 'es2022' },
    output: {
      file: path(`dist/${out}/page.js`),
      format: 'iife',
      minify: true,
      postBanner: libraries.map(licence).join('\n'),
    },
    logLevel: 'warn',
  });
  writeFileSync(
    path(`dist/${out}/page.css`),
    [...styles, 'src/palette.css', `${source}/style.css`].map(text).join('\n'),
  );
}

await bundle({
  source: 'src/report/page',
  out: 'report-page',
  libraries: ['uplot', 'preact'],
  styles: ['node_modules/uplot/dist/uPlot.min.css'],
});
await bundle({ source: 'src/serve/chat-page', out: 'chat-page', libraries: ['preact'] });
