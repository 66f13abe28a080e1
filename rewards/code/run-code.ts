import {
  getQuickJS,
  type QuickJSContext,
  type QuickJSWASMModule,
  shouldInterruptAfterDeadline,
} from 'quickjs-emscripten';

/** A program must write `stdout` when it reads `stdin`; or a line of JavaScript must run without throwing. */
export type CodeTest = { readonly stdin: string; readonly stdout: string } | { readonly assert: string };

export interface CodeTask {
  readonly program: string;
  readonly tests: readonly CodeTest[];
  /** For one test, in milliseconds. */
  readonly timeMs: number;
  /** Heap of one test, in MB. */
  readonly memoryMb: number;
}

/** What a program may call: no files, no network, no clock to wait on. */
const prelude = `
globalThis.assert = (condition, message) => { if (!condition) throw new Error(message ?? 'assertion failed'); };
globalThis.assert.equal = globalThis.assert.strictEqual = (a, b) => assert(Object.is(a, b), a + ' is not ' + b);
globalThis.assert.deepEqual = (a, b) => assert(JSON.stringify(a) === JSON.stringify(b), JSON.stringify(a) + ' is not ' + JSON.stringify(b));
globalThis.console = { log: (...args) => __write(args.map((x) => (typeof x === 'string' ? x : JSON.stringify(x) ?? String(x))).join(' ') + '\\n') };
globalThis.print = console.log;
globalThis.readline = () => __lines.length === 0 ? undefined : __lines.shift();
globalThis.readAll = () => __lines.splice(0).join('\\n');
`;
const MOST_OUTPUT = 1_000_000;

/** Runs a program against tests, each in a fresh QuickJS (WebAssembly): [tests] whether it passed. */
export async function runCode({ program, tests, timeMs, memoryMb }: CodeTask): Promise<boolean[]> {
  const quickjs = await getQuickJS();
  return tests.map((test) => passes(quickjs, { program, test, timeMs, memoryMb }));
}

type OneTest = Omit<CodeTask, 'tests'> & { readonly test: CodeTest };

function passes(quickjs: QuickJSWASMModule, { program, test, timeMs, memoryMb }: OneTest): boolean {
  const runtime = quickjs.newRuntime();
  runtime.setMemoryLimit(memoryMb * 1024 * 1024);
  runtime.setMaxStackSize(512 * 1024);
  runtime.setInterruptHandler(shouldInterruptAfterDeadline(Date.now() + timeMs));
  const context = runtime.newContext();
  const output: string[] = [];
  try {
    const source = 'assert' in test ? `${program}\n;${test.assert}` : program;
    provide(context, 'stdin' in test ? test.stdin : '', output);
    if (!succeeds(context, prelude) || !succeeds(context, source)) return false;
    const jobs = runtime.executePendingJobs();
    const settled = jobs.error === undefined;
    jobs.dispose();
    return settled && (!('stdout' in test) || sameOutput(output.join(''), test.stdout));
  } finally {
    context.dispose();
    runtime.dispose();
  }
}

function provide(context: QuickJSContext, stdin: string, output: string[]): void {
  let written = 0;
  const write = context.newFunction('__write', (text) => {
    const line = context.getString(text);
    written += line.length;
    if (written > MOST_OUTPUT) throw new Error('too much output');
    output.push(line);
  });
  const lines = context.unwrapResult(
    context.evalCode(`JSON.parse(${JSON.stringify(JSON.stringify(stdin.split('\n')))})`),
  );
  context.setProp(context.global, '__write', write);
  context.setProp(context.global, '__lines', lines);
  write.dispose();
  lines.dispose();
}

function succeeds(context: QuickJSContext, code: string): boolean {
  const result = context.evalCode(code);
  const ok = result.error === undefined;
  result.dispose();
  return ok;
}

/** Spaces at line ends and empty lines at the end make no difference. */
function sameOutput(a: string, b: string): boolean {
  const lines = (text: string) => text.replace(/[ \t\r]+$/gm, '').trimEnd();
  return lines(a) === lines(b);
}
