import { fileURLToPath } from 'node:url';
import { type Plugin, rolldown } from 'rolldown';
import { ops } from './ops.ts';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const core = path('../../../node_modules/@tensorflow/tfjs-core/dist');

/** Bundles child.ts with a backend (`cpu`: backend-cpu.ts) and tfjs-core's tests of our ops into the file `output`. */
export async function bundleOpTests(backend: string, output: string): Promise<void> {
  const build = await rolldown({
    input: path('./child.ts'),
    platform: 'node',
    // One copy of tfjs-core, as the ES modules that its tests import, whoever asks for it.
    resolve: {
      mainFields: ['module', 'main'],
      alias: {
        '@tensorflow/tfjs-core$': `${core}/index.js`,
        '#tfjs-gradients': `${core}/register_all_gradients.js`,
        'virtual:backend': path(`./backend-${backend}.ts`),
      },
    },
    external: [/^onnxruntime/, /^jasmine/, /^protobufjs/],
    treeshake: false,
    plugins: [testFiles()],
    logLevel: 'silent',
  });
  await build.write({ file: output, format: 'esm', codeSplitting: false });
  await build.close();
}

function testFiles(): Plugin {
  const id = 'virtual:test-files';
  const names = [...new Set(Object.values(ops).map(({ file }) => file))];
  const entries = names.map((name) => `'${name}': () => import('${core}/${name}_test.js')`);
  return {
    name: 'op-test-files',
    resolveId: (source) => (source === id ? id : null),
    load: (source) => (source === id ? `export const files = { ${entries.join(', ')} };` : null),
  };
}
