import { randomUUID } from 'node:crypto';
import {
  newQuickJSWASMModule,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSWASMModule,
  Scope,
  shouldInterruptAfterDeadline,
} from 'quickjs-emscripten';
import type { CodeTest } from './code-test.ts';
import { plainScript } from './plain-script.ts';
import { printed } from './printed.ts';
import type { Program } from './program-in.ts';
import { sandboxIo } from './sandbox-io.ts';
import { judgeNames, sandboxJudge, sandboxLock } from './sandbox-judge.ts';

export interface CodeTask {
  readonly program: Program;
  readonly test: CodeTest;
  readonly timeMs: number;
  /** Heap, in MB. */
  readonly memoryMb: number;
}

export interface CodeResult {
  readonly passed: boolean;
  /** How long it ran. */
  readonly ms: number;
}

const MOST_OUTPUT = 1_000_000;
/** QuickJS's flag for scripts that may use await; it gives a promise of { value }. The library has no name for it. */
const TOP_LEVEL_AWAIT = 1 << 7;

let quickjs: Promise<QuickJSWASMModule> | undefined;

/** Loads QuickJS, if it isn't yet. */
export function loadQuickJs(): Promise<QuickJSWASMModule> {
  quickjs ??= newQuickJSWASMModule();
  return quickjs;
}

/** Runs a program against a test in a fresh QuickJS runtime (WebAssembly). */
export async function runCode(task: CodeTask): Promise<CodeResult> {
  const module = await loadQuickJs();
  const start = performance.now();
  let passed = false;
  try {
    Scope.withScope((scope) => {
      passed = passes(module, task, scope);
    });
  } catch {
    // QuickJS itself has failed: the module may be broken for whoever comes next.
    quickjs = undefined;
  }
  return { passed, ms: performance.now() - start };
}

function passes(module: QuickJSWASMModule, { program, test, timeMs, memoryMb }: CodeTask, scope: Scope) {
  const script = plainScript(program);
  const runtime = scope.manage(module.newRuntime());
  runtime.setMemoryLimit(memoryMb * 1024 * 1024);
  runtime.setMaxStackSize(512 * 1024);
  const isLate = shouldInterruptAfterDeadline(Date.now() + timeMs);
  runtime.setInterruptHandler(isLate);
  const sandbox = new Sandbox(scope.manage(runtime.newContext()), scope);
  const passed =
    'assert' in test
      ? sandbox.asserts(script, test.assert)
      : sameOutput(sandbox.output(script, test.stdin), test.stdout);
  // A promise takes the interruption of an async function for any other error.
  return passed && !isLate(runtime);
}

/** What a program exports under other names than its own; a function or class has the name it gives itself, too. */
const exportsAsNames = `{
  const values = Object.entries(Object(module.exports));
  for (const value of [module.exports, ...Object.values(Object(module.exports))])
    if (typeof value === 'function' && typeof value.name === 'string' && value.name !== '') values.push([value.name, value]);
  for (const [name, value] of values) if (!(name in globalThis)) globalThis[name] = value;
}`;

/** One context, for one test. */
class Sandbox {
  readonly #context: QuickJSContext;
  readonly #scope: Scope;

  constructor(context: QuickJSContext, scope: Scope) {
    this.#context = context;
    this.#scope = scope;
  }

  /** What the program writes; undefined when it fails. */
  output(program: string, stdin: string): string | undefined {
    const output = this.#provideIo(stdin);
    return this.#runAll(program) === 'rejected' ? undefined : output.join('');
  }

  /** Whether the line runs behind the program, with neither an error nor a failed assertion. */
  asserts(program: string, line: string): boolean {
    this.#call(this.#run(`(${sandboxLock})`));
    this.#provideIo('');
    let failed = false;
    const judge = this.#call(
      this.#run(`(${sandboxJudge})`),
      this.#function('onFailure', () => {
        failed = true;
      }),
    );
    if (this.#runAll(program) === 'rejected') return false;
    this.#runAll(exportsAsNames);
    // Defined only now, under a name that the program can't know, and as a property of the global object's own.
    const name = `judge${randomUUID().replaceAll('-', '')}`;
    this.#context.defineProp(this.#context.global, name, { value: judge });
    const test = `{ const { ${judgeNames.join(', ')} } = ${name}; {\n${line}\n} }`;
    return this.#runAll(test) === 'fulfilled' && !failed;
  }

  /** Lines to read, and a place to write to: the text written so far. */
  #provideIo(stdin: string): string[] {
    const output: string[] = [];
    let written = 0;
    const write = (text: string) => {
      written += text.length + 1;
      if (written > MOST_OUTPUT) throw new Error('too much output');
      output.push(text, '\n');
    };
    const host = this.#run(`({ lines: ${JSON.stringify(stdin.split('\n'))} })`);
    this.#context.setProp(host, 'write', this.#function('write', write));
    this.#context.setProp(
      host,
      'writeValues',
      this.#function('writeValues', (encoded) => write(printed(encoded))),
    );
    this.#call(this.#run(`(${sandboxIo})`), host);
    this.#run('globalThis.module = { exports: {} }; globalThis.exports = module.exports;');
    return output;
  }

  /** Runs a script and the jobs it left. It is pending when it ends on a promise that is. */
  #runAll(script: string): 'fulfilled' | 'rejected' | 'pending' {
    const result = this.#scope.manage(this.#context.evalCode(script, 'program.js', TOP_LEVEL_AWAIT));
    if (result.error !== undefined) return 'rejected';
    const jobs = this.#scope.manage(this.#context.runtime.executePendingJobs());
    if (jobs.error !== undefined) return 'rejected';
    const end = this.#state(result.value);
    // A script that waits for ever has not run to its end.
    if (end.value === undefined) return 'rejected';
    return this.#state(this.#property(end.value, 'value')).type;
  }

  #state(handle: QuickJSHandle) {
    const state = this.#context.getPromiseState(handle);
    if (state.type === 'rejected') this.#scope.manage(state.error);
    return {
      type: state.type,
      value: state.type === 'fulfilled' ? this.#scope.manage(state.value) : undefined,
    };
  }

  #property(handle: QuickJSHandle, name: string): QuickJSHandle {
    return this.#scope.manage(this.#context.getProp(handle, name));
  }

  #function(name: string, run: (text: string) => void): QuickJSHandle {
    return this.#scope.manage(
      this.#context.newFunction(name, (text) => run(text === undefined ? '' : this.#context.getString(text))),
    );
  }

  #run(script: string): QuickJSHandle {
    return this.#scope.manage(this.#context.unwrapResult(this.#context.evalCode(script)));
  }

  #call(script: QuickJSHandle, ...values: QuickJSHandle[]): QuickJSHandle {
    const result = this.#context.callFunction(script, this.#context.undefined, ...values);
    return this.#scope.manage(this.#context.unwrapResult(result));
  }
}

/** Spaces at line ends and empty lines at the end make no difference. */
function sameOutput(a: string | undefined, b: string): boolean {
  const lines = (text: string) =>
    text
      .split('\n')
      .map((line) => line.trimEnd())
      .join('\n')
      .trimEnd();
  return a !== undefined && lines(a) === lines(b);
}
