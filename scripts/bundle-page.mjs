// Bundles the report's page, src/report/page, with uPlot and Preact into dist/report-page: one script and one style
// sheet, which reports carry inline.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

const path = (relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url));
const text = (relative) => readFileSync(path(relative), 'utf8');

/** The licences of what is bundled ask to be kept with it. */
const banner = ['uplot', 'preact'].map((name) => `/*! ${name}\n${text(`node_modules/${name}/LICENSE`)}*/`);

mkdirSync(path('dist/report-page'), { recursive: true });
await build({
  input: path('src/report/page/main.tsx'),
  platform: 'browser',
  transform: { target: 'es2022' },
  output: {
    file: path('dist/report-page/page.js'),
    format: 'iife',
    minify: true,
    postBanner: banner.join('\n'),
  },
  logLevel: 'warn',
});
const styles = ['node_modules/uplot/dist/uPlot.min.css', 'src/report/page/style.css'];
writeFileSync(path('dist/report-page/page.css'), styles.map(text).join('\n'));
