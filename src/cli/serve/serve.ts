import { Command } from 'commander';
import type { ModelService } from '../../serve/model-service.ts';
import { numberOption } from '../options/numeric-options.ts';
import { exitCodes } from '../terminal/exit-code.ts';
import type { Io } from '../terminal/io.ts';
import { modelsOf, type ServeOptions, serverDefaults, serverOf } from './serve-options.ts';
import { serveUntilStopped } from './serve-until-stopped.ts';

const repeatable = (value: string, before: readonly string[]) => [...before, value];
const numeric = (option: string) => (value: string) => numberOption(option, value);

/** `anneal serve`: models behind OpenAI's API, until a signal comes. */
export function serveCommand(io: Io, end: (code: number) => void): Command {
  return new Command('serve')
    .description('Serve a model, or a run’s, over HTTP as OpenAI’s API, with a page to chat.')
    .argument('<model>', 'a run folder, or a model as `generate` takes it')
    .option(
      '--adapter <name=run>',
      'also serve a run’s adapter on it, at its own β (repeatable)',
      repeatable,
      [],
    )
    .option(
      '--draft <run or model>',
      'draft that proposes tokens for the model, not for adapters: a run with objective draft, or a model with the same tokenizer',
    )
    .option('--draft-tokens <n>', 'tokens that it proposes at a time (default: 4)', numeric('--draft-tokens'))
    .option('--model-name <name>', 'what requests call the model (default: its folder’s name)')
    .option('--host <address>', 'address to listen on; 0.0.0.0 for every one', serverDefaults.host)
    .option('--port <port>', '0 for any that is free', numeric('--port'), serverDefaults.port)
    .option('--api-key <key>', 'clients must send it (default: the environment’s ANNEAL_API_KEY)')
    .option('--cors <origin>', 'origin whose pages may call the server (repeatable)', repeatable, [])
    .option(
      '--max-queue <n>',
      'completions that may wait; more are refused',
      numeric('--max-queue'),
      serverDefaults.maxQueue,
    )
    .option(
      '--request-timeout <s>',
      'seconds that a request may take',
      numeric('--request-timeout'),
      serverDefaults.requestTimeout,
    )
    .option(
      '--max-tokens <n>',
      'most tokens of a chat answer where a request names no limit (default: all that there is room for)',
      numeric('--max-tokens'),
    )
    .option('--body-limit <mb>', 'megabytes of a request', numeric('--body-limit'), serverDefaults.bodyLimit)
    .option('--drain <s>', 'seconds that requests have to finish after a signal', numeric('--drain'), 30)
    .option('--cache-gb <gb>', 'memory for keys and values', numeric('--cache-gb'), 1)
    .option('--base-dtype <dtype>', 'how weights are held in memory, as runtime.baseDtype of a recipe')
    .option('--threads <n>', 'cores to compute on; 0 is all', numeric('--threads'), 0)
    .addHelpText(
      'after',
      '\nExample:\n  anneal serve tiny\n  anneal serve tiny --adapter mine=runs/mine --api-key secret\n  anneal serve tiny --draft runs/draft',
    )
    .action(async (model: string, options: ServeOptions) => {
      const settings = serverOf(options);
      const models = modelsOf(model, options);
      const { openModelService } = await import('../../serve/engine/open-model-service.ts');
      const { checkAddress, startServer } = await import('../../serve/http/start-server.ts');
      await checkAddress(settings.host, settings.port);
      const service = await openModelService(models);
      try {
        const onBug = (error: unknown) =>
          io.err(error instanceof Error ? String(error.stack) : String(error));
        const server = await startServer(service, { ...settings, onBug });
        greet(io, service, { asked: model, url: server.url, locked: settings.apiKey !== undefined });
        const cut = await serveUntilStopped(server, options.drain, io);
        if (cut > 0) io.err(`${cut} requests were cut off`);
        end(cut > 0 ? exitCodes.failed : exitCodes.done);
      } finally {
        await service.close();
      }
    });
}

/** Says what is served where, and how to try it. */
function greet(
  io: Io,
  service: ModelService,
  { asked, url, locked }: { readonly asked: string; readonly url: string; readonly locked: boolean },
): void {
  for (const { name, source, beta, maxPositions, draft } of service.models()) {
    const more = [beta !== undefined && `, β ${beta}`, draft !== undefined && `, draft ${draft}`];
    io.out(`${name}: ${source}, ${maxPositions} positions${more.filter(Boolean).join('')}`);
  }
  const key = locked ? ' -H "authorization: Bearer $ANNEAL_API_KEY"' : '';
  // A run without a merged model is an adapter on its base.
  const models = service.models();
  const { name } = models.find(({ source }) => source === asked) ?? models[0]!;
  const body = { model: name, messages: [{ role: 'user', content: '12+5=' }] };
  io.out(`listening at ${url}, where a page to chat is; Ctrl-C stops. Try:`);
  io.out(`  curl ${url}/v1/models${key}`);
  io.out(
    `  curl ${url}/v1/chat/completions${key} -H 'content-type: application/json' -d '${JSON.stringify(body)}'`,
  );
}
