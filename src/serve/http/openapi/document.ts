import { z } from 'zod';
import { version } from '../../../io/version.ts';
import { type Operation, operations, schemas } from './operations.ts';

const refTo = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const jsonOf = (schema: object) => ({ 'application/json': { schema } });

/** The description of the server in OpenAPI 3.1, made from the schemas that check requests. */
export const openApiDocument = () => ({
  openapi: '3.1.0',
  info: {
    title: 'anneal serve',
    version,
    description: 'Language models behind OpenAI’s API. docs/serving.md says what differs.',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  servers: [{ url: '/' }],
  paths: Object.fromEntries(
    operations.map((operation) => [operation.path, { [operation.method]: pathOf(operation) }]),
  ),
  components: {
    schemas: Object.fromEntries(
      Object.entries(schemas).map(([name, schema]) => [name, jsonSchema(name, schema)]),
    ),
    securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'Where --api-key is given.' } },
  },
});

function pathOf({ path, summary, request, answer, event, open }: Operation) {
  const named = typeof answer === 'string';
  const content = named
    ? jsonOf(refTo(answer))
    : { [answer.type]: { schema: named ? {} : anyOf(answer.type) } };
  const stream = event === undefined ? {} : { 'text/event-stream': { schema: refTo(event) } };
  const parameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  return {
    operationId: idOf(path),
    summary,
    security: open ? [] : [{}, { key: [] }],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(request === undefined ? {} : { requestBody: { required: true, content: jsonOf(refTo(request)) } }),
    responses: {
      200: { description: summary, content: { ...content, ...stream } },
      default: { description: 'An error.', content: jsonOf(refTo('Error')) },
    },
  };
}

const anyOf = (type: string) => (type === 'application/json' ? { type: 'object' } : { type: 'string' });

/** `/v1/chat/completions` → `v1ChatCompletions`. */
const idOf = (path: string): string =>
  path
    .split(/\W+/)
    .filter((word) => word !== '')
    .map((word, i) => (i === 0 ? word : word[0]!.toUpperCase() + word.slice(1)))
    .join('') || 'page';

/** Fields whose check is code say themselves what they take. */
function jsonSchema(name: string, schema: z.ZodType): object {
  const io = name.endsWith('Request') ? 'input' : 'output';
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}
