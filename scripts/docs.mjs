// Writes the tables of docs/ that come from the schemas, each between its two markers. With --check it writes nothing
// and fails when a page is not what it would write.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createJiti } from 'jiti';
import { resultTables } from './result-tables.mjs';

const jiti = createJiti(import.meta.url);
const source = (name) => jiti.import(`../src/${name}.ts`);
const { losses, verlLosses } = await source('algorithm/loss/index');
const { estimators, estimatorNamed } = await source('algorithm/advantage/index');
const { algorithm } = await source('algorithm/algorithm-schema');
const { draft } = await source('algorithm/draft/draft-settings');
const { optimizer } = await source('algorithm/optimizer/optimizer-settings');
const { schedules } = await source('algorithm/optimizer/learning-rate');
const { fieldsOf } = await source('options/schema-fields');

/** The default of a schema; undefined without one. */
function defaultOf(schema) {
  const { type, defaultValue, innerType } = schema.def;
  if (type === 'default') return defaultValue;
  if (type === 'prefault') return innerType.parse(defaultValue);
  return type === 'optional' ? defaultOf(innerType) : undefined;
}

/** A value as a recipe writes it, without quotes. */
function written(value) {
  if (Array.isArray(value)) return `[${value.map(written).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const fields = Object.entries(value).map(([name, field]) => `${name}: ${written(field)}`);
  return `{ ${fields.join(', ')} }`;
}

/** What a field takes, where that is one of several names. */
const choices = ({ def }) => {
  if (def.type === 'enum') return Object.values(def.entries);
  return 'innerType' in def ? choices(def.innerType) : [];
};

const line = (cells) => `|${cells.map((cell) => (cell === '' ? ' ' : ` ${cell} `)).join('|')}|`;
const table = (head, rows) => [head, head.map(() => '---'), ...rows].map(line).join('\n');
const list = (names) => names.map((name) => `\`${name}\``).join(', ');

/** Options with their defaults, in one cell. */
const options = (shape) =>
  Object.entries(shape)
    .map(([name, schema]) => {
      const value = defaultOf(schema);
      return value === undefined ? name : `${name} ${written(value)}`;
    })
    .join(', ');

const averaged = {
  'token-mean': 'tokens',
  'seq-mean-token-sum': 'completions, tokens summed',
  'seq-mean-token-mean': 'completions',
  'seq-mean-token-sum-norm': 'a constant',
};

function lossRow(name, { options: shape, advantage, aggregation }) {
  const { aggregation: asked, ...others } = shape;
  const divided = advantage.scaleRewards === 'none' ? ', not divided by the std' : '';
  return [
    `\`${name}\``,
    averaged[aggregation ?? defaultOf(asked)] + (asked ? '' : ' only'),
    advantage.estimator + divided,
    options(others),
  ];
}

/** Those of verl's definitions that are not TRL's, too. */
const others = (own, shared) => Object.entries(own).filter(([name, value]) => shared[name] !== value);
const verlEstimators = Object.fromEntries(
  Object.keys(estimators).map((name) => [name, estimatorNamed({ estimator: name, compat: 'verl' })]),
);

const lossTable = table(
  ['loss', 'averaged over', 'advantages', 'its options, with their defaults'],
  [
    ...Object.entries(losses).map(([name, loss]) => lossRow(name, loss)),
    ...others(verlLosses, losses).map(([name, loss]) => lossRow(`${name} (verl)`, loss)),
  ],
);

const estimatorRow = (name, { options: below, beside, alone }) => [
  `\`${name}\``,
  alone ? '1' : '2',
  options(below),
  options(beside),
];
const estimatorTable = table(
  ['estimator', 'completions a prompt, at least', 'its options below `advantage`', 'and beside it'],
  [
    ...Object.entries(estimators).map(([name, estimator]) => estimatorRow(name, estimator)),
    ...others(verlEstimators, estimators).map(([name, estimator]) =>
      estimatorRow(`${name} (verl)`, estimator),
    ),
  ],
);

const scheduleTable = table(
  ['lrSchedule', 'its options, with their defaults'],
  Object.entries(schedules).map(([name, { options: shape }]) => [`\`${name}\``, options(shape)]),
);

/** The rows of a group of fields; a field that is a group itself has a row for each of its fields. */
function fieldRows(schema, prefix, groups) {
  return Object.entries(fieldsOf(schema)).flatMap(([name, field]) => {
    const path = `${prefix}.${name}`;
    if (groups.includes(path)) return fieldRows(field, path, groups);
    const known = field.def.type === 'union' && !field.description ? field.def.options : [field];
    const values = [...new Set(known.map(defaultOf).map((value) => value !== undefined && written(value)))];
    const value = values.length > 1 ? 'by name' : values[0] || '';
    const names = [...new Set(known.flatMap(choices))];
    const description = [...new Set(known.map((schema) => schema.description))].join('; ');
    return [[`\`${path}\``, value, description + (names.length > 0 ? `; one of ${list(names)}` : '')]];
  });
}

const fields = (schema, prefix, groups = []) =>
  table(['field', 'default', 'what it is'], fieldRows(schema, prefix, groups));

const root = fileURLToPath(new URL('..', import.meta.url));

const pages = {
  'docs/algorithms.md': { losses: lossTable, estimators: estimatorTable },
  'docs/recipe.md': {
    draft: fields(draft, 'draft'),
    algorithm: fields(algorithm, 'algorithm', ['algorithm.advantage']),
    optimizer: fields(optimizer, 'optimizer'),
    schedules: scheduleTable,
  },
  'docs/results.md': resultTables(`${root}docs/results`),
};

const check = process.argv.includes('--check');
for (const [page, tables] of Object.entries(pages)) {
  const before = readFileSync(root + page, 'utf8');
  const after = Object.entries(tables).reduce((text, [name, rows]) => {
    const between = new RegExp(`(<!-- ${name}, by npm run docs -->\n)[\\s\\S]*?(<!-- end of ${name} -->)`);
    if (!between.test(text)) throw new Error(`${page} has no place for the table of ${name}`);
    return text.replace(between, (_, start, end) => `${start}\n${rows}\n\n${end}`);
  }, before);
  if (after === before) continue;
  if (!check) writeFileSync(root + page, after);
  else {
    console.error(`${page} is not what the schemas say: run npm run docs`);
    process.exitCode = 1;
  }
}
