import fc from 'fast-check';
import {
  adapterConfig,
  adapterFiles,
  adapterHeader,
  type Content,
  config,
  dataBytes,
  type Files,
  goodFiles,
  header,
  index,
  safetensors,
  shard,
  shardedFiles,
} from './model-folder.ts';

const deep = (open: string, close: string) => open.repeat(2000) + close.repeat(2000);

/** JSON text of a value that no writer would put there. */
const hostileText = fc.oneof(
  fc.constantFrom(
    ...['null', 'true', '[]', '{}', '""', '-1', '0', '0.5', '1e9', '1e15', '1e308', '1e400', '-1e400'],
    ...['9007199254740993', '18446744073709551615', '4294967296', 'NaN', 'Infinity', '0x10', '1e-320'],
    ...['"../x"', '"/etc/passwd"', '"__proto__"', '"\\u0000"', '"\\n\\u001b[31m"', '"\\ud800"', '"(a+)+$"'],
    deep('[', ']'),
    deep('{"a":', '}').replace('}', '1}'),
    JSON.stringify('x'.repeat(100_000)),
    `[${'0,'.repeat(50_000)}0]`,
  ),
  fc.json({ maxDepth: 3 }),
  fc.maxSafeInteger().map(String),
  fc.double().map((value) => JSON.stringify(value)),
);

/** Places of a JSON value, as paths. */
function places(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  const inner =
    typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, item]) => places(item, [...path, key]))
      : [];
  return [path, ...inner];
}

const MARK = '\u0001mark';

/** JSON text with the value at a path replaced by other text, its key doubled, or taken out. */
function changed(
  value: object,
  path: readonly string[],
  text: string,
  how: 'replace' | 'double' | 'remove',
): string {
  if (path.length === 0) return text;
  const copy = structuredClone(value) as Record<string, unknown>;
  let parent = copy;
  for (const key of path.slice(0, -1)) parent = parent[key] as Record<string, unknown>;
  const key = path.at(-1)!;
  if (how === 'remove') delete parent[key];
  else if (how === 'replace' || Array.isArray(parent)) parent[key] = MARK;
  else parent[MARK] = MARK;
  const json = JSON.stringify(copy).replace(`${JSON.stringify(MARK)}:`, `${JSON.stringify(key)}:`);
  return json.replace(JSON.stringify(MARK), () => text);
}

/** JSON text near a value: one to three places changed, or its text cut or with bytes changed. */
function nearJson(value: object): fc.Arbitrary<string> {
  const all = places(value);
  const change = fc.record({
    path: fc.constantFrom(...all),
    text: hostileText,
    how: fc.constantFrom('replace', 'replace', 'double', 'remove'),
  });
  const structural = change.map(({ path, text, how }) => changed(value, path, text, how));
  const good = JSON.stringify(value);
  const spliced = fc
    .record({ at: fc.nat(good.length), cut: fc.nat(20), text: fc.string({ maxLength: 10 }) })
    .map(({ at, cut, text }) => good.slice(0, at) + text + good.slice(at + cut));
  return fc.oneof({ weight: 5, arbitrary: structural }, { weight: 1, arbitrary: spliced });
}

const lengths = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constantFrom(0n, 1n, 7n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n, 5_000_000_000n),
);

/** A safetensors file near one of this header and so many bytes. */
function nearSafetensors(header: object, bytes: number): fc.Arbitrary<Buffer> {
  const good = safetensors(header, { bytes });
  const flips = fc.array(fc.tuple(fc.nat(1500), fc.nat(255)), { minLength: 1, maxLength: 4 });
  return fc.oneof(
    { weight: 4, arbitrary: nearJson(header).map((text) => safetensors(text, { bytes })) },
    { weight: 1, arbitrary: lengths.map((length) => safetensors(header, { bytes, length })) },
    { weight: 1, arbitrary: fc.nat(2 * bytes).map((other) => safetensors(header, { bytes: other })) },
    { weight: 1, arbitrary: fc.nat(good.length).map((end) => good.subarray(0, end)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((random) => Buffer.from(random)) },
    {
      weight: 2,
      arbitrary: flips.map((changes) => {
        const copy = Buffer.from(good);
        for (const [at, value] of changes) copy[at] = value;
        return copy;
      }),
    },
  );
}

/** Names that an index must not lead to. `SECRET` stands for a file beside the model folder. */
export const SECRET = 'secret.safetensors';
const shardNames = fc.oneof(
  fc.constantFrom(
    ...[
      `../${SECRET}`,
      `..\\${SECRET}`,
      `./../${SECRET}`,
      `sub/../../${SECRET}`,
      '/etc/passwd',
      '..',
      '.',
      '',
    ],
    ...[
      'C:\\x',
      'a\u0000b',
      'x'.repeat(5000),
      'config.json',
      'no.safetensors',
      `${shard}/`,
      '~/x',
      '%2e%2e%2fx',
    ],
  ),
  fc.string(),
);
const leadingIndex = fc
  .tuple(fc.constantFrom(...Object.keys(index.weight_map)), shardNames)
  .map(([name, file]) => JSON.stringify({ ...index, weight_map: { ...index.weight_map, [name]: file } }));

const nearWeights = nearSafetensors(header, dataBytes);
const afa = {
  activation: 'silu',
  placement: 'A-s-B',
  schedule: { kind: 'linear', fraction: 0.3 },
  steps: 10,
  step: 10,
  beta: [0],
};
const text = (content: Content) => JSON.parse(JSON.stringify(content)) as object;

/** A folder with one changed file, which a report names. */
export interface ChangedFolder {
  readonly files: Files;
  readonly name: string;
}

const inFile = (files: Files, name: string, content: fc.Arbitrary<string | Buffer>) =>
  content.map(
    (value): ChangedFolder => ({
      name,
      files: { ...files, [name]: Buffer.from(value as string) },
      [fc.toStringMethod as never]: () =>
        `${name}: ${JSON.stringify(value.toString('latin1' as never)).slice(0, 1500)}`,
    }),
  );
const jsonFiles = Object.keys(goodFiles).filter((name) => name.endsWith('.json'));

/** Folders with one file that is not what it should be. */
export const nearFolder: fc.Arbitrary<ChangedFolder> = fc.oneof(
  { weight: 4, arbitrary: inFile(goodFiles, 'model.safetensors', nearWeights) },
  { weight: 2, arbitrary: inFile(shardedFiles, shard, nearWeights) },
  { weight: 2, arbitrary: inFile(shardedFiles, 'model.safetensors.index.json', nearJson(index)) },
  { weight: 2, arbitrary: inFile(shardedFiles, 'model.safetensors.index.json', leadingIndex) },
  { weight: 4, arbitrary: inFile(goodFiles, 'config.json', nearJson(config)) },
  ...jsonFiles.map((name) => ({
    weight: name === 'tokenizer.json' ? 4 : 1,
    arbitrary: inFile(goodFiles, name, nearJson(text(goodFiles[name]!))),
  })),
);

/** The same of adapters. */
export const nearAdapter: fc.Arbitrary<ChangedFolder> = fc.oneof(
  inFile(adapterFiles, 'adapter_config.json', nearJson(adapterConfig)),
  inFile(adapterFiles, 'afa.json', nearJson(afa)),
  inFile(
    adapterFiles,
    'adapter_model.safetensors',
    nearSafetensors(adapterHeader.header, adapterHeader.bytes),
  ),
);
