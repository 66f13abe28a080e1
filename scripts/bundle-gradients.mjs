// Bundles tfjs-core's gradient functions into dist/tfjs-gradients.js. Node can't load them from the package, because
// its modules import each other without file extensions. The functions register themselves in tfjs-core's global
// registry, so a bundle works.
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

const entry = fileURLToPath(
  new URL('../node_modules/@tensorflow/tfjs-core/dist/register_all_gradients.js', import.meta.url),
);

await build({
  input: entry,
  platform: 'node',
  treeshake: { moduleSideEffects: true },
  resolve: { mainFields: ['module', 'main'] },
  output: { file: fileURLToPath(new URL('../dist/tfjs-gradients.js', import.meta.url)), format: 'esm' },
  logLevel: 'warn',
});
