// Finishes a build: removes files from dist/ whose sources are gone, and makes the command executable.
import { chmodSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
/** What other scripts bundle, without a source file of the same name. */
const bundles = /^(tfjs-gradients\.js|(report|chat)-page(\/.*)?)$/;

for (const path of readdirSync(dist, { recursive: true })) {
  const source = join(root, path.replace(/(\.d\.ts|\.js)$/, '.ts'));
  if (!bundles.test(path) && !existsSync(source)) rmSync(join(dist, path), { recursive: true, force: true });
}
chmodSync(join(dist, 'src/cli/main.js'), 0o755);
