import { Environment, Interpreter, Template } from '@huggingface/jinja';
import { capitalize, str, strip, type TemplateValue, title } from './python-text.ts';
import { strftime } from './strftime.ts';

// @huggingface/jinja with its departures from Jinja mended, those that chat templates meet: it drops what an iteration
// wrote before `break` or `continue`, ignores the arguments of strip and trim, writes lists, True and None as JSON
// does, knows eight codes of strftime and names months in the machine's language.

// The library's declarations don't resolve under TypeScript's Node rules: these are the parts used here.
interface Value extends TemplateValue {
  __bool__(): { readonly value: boolean };
}
interface Scope {
  set(name: string, value: unknown): unknown;
}
interface Node {
  readonly type: string;
  readonly [field: string]: unknown;
}
interface Evaluator {
  evaluate(node: Node | undefined, scope: Scope): Value;
  run(program: unknown): Value;
}
const LibraryInterpreter = Interpreter as new (scope: Scope) => Evaluator;

/** What carries `break` or `continue` up to its loop, with what the iteration wrote until then. */
class LoopControl extends Error {
  readonly kind: string;
  written = '';
  constructor(kind: string) {
    super(`"${kind.toLowerCase()}" outside of a loop`);
    this.kind = kind;
  }
}

/** The body of a loop as a node of its own, with what its iterations wrote. */
interface LoopBody {
  readonly type: 'LoopBody';
  readonly body: readonly Node[];
  written: string;
}

class PythonInterpreter extends LibraryInterpreter {
  override evaluate(node: Node | undefined, scope: Scope): Value {
    switch (node?.type) {
      case 'Program':
        return this.text(this.block(node.body as Node[], scope), scope);
      case 'Break':
      case 'Continue':
        throw new LoopControl(node.type);
      case 'If': {
        const holds = this.evaluate(node.test as Node, scope).__bool__().value;
        return this.text(this.block((holds ? node.body : node.alternate) as Node[], scope), scope);
      }
      case 'For': {
        const body: LoopBody = { type: 'LoopBody', body: node.body as Node[], written: '' };
        const otherwise = super.evaluate({ ...node, body: [body] }, scope);
        return this.text(body.written + String(otherwise.value), scope);
      }
      case 'LoopBody':
        this.iteration(node as unknown as LoopBody, scope);
        return this.text('', scope);
      default:
        return this.method(node, scope) ?? super.evaluate(node, scope);
    }
  }

  private text(value: string, scope: Scope): Value {
    return super.evaluate({ type: 'StringLiteral', value }, scope);
  }

  /** What a block writes. */
  private block(statements: readonly Node[], scope: Scope): string {
    let written = '';
    for (const statement of statements) {
      try {
        const value = this.evaluate(statement, scope);
        if (writes(statement, value)) written += str(value);
      } catch (error) {
        if (error instanceof LoopControl) error.written = written + error.written;
        throw error;
      }
    }
    return written;
  }

  private iteration(loop: LoopBody, scope: Scope): void {
    try {
      loop.written += this.block(loop.body, scope);
    } catch (error) {
      if (!(error instanceof LoopControl)) throw error;
      loop.written += error.written;
      // The library's loop ends, or goes on, by an error of its own.
      super.evaluate({ type: error.kind }, scope);
    }
  }

  /** A method or filter of text as Python has it; undefined for any other expression. */
  private method(node: Node | undefined, scope: Scope): Value | undefined {
    const call = node && (methodCall(node) ?? filterCall(node));
    if (call === undefined) return undefined;
    const on = this.evaluate(call.on, scope);
    if (on.type !== 'StringValue') return undefined;
    const [chars] = call.args.map((arg) => this.evaluate(arg, scope).value);
    return this.text(call.run(String(on.value), typeof chars === 'string' ? chars : undefined), scope);
  }
}

/** Whether a statement writes its value. What is no expression writes text, or nothing. */
const writes = ({ type }: Node, value: Value): boolean =>
  value.type === 'StringValue' || !(value.type === 'UndefinedValue' || silent.has(type));
const silent: ReadonlySet<string> = new Set(['Set', 'Macro', 'Comment']);

interface Call {
  readonly on: Node;
  readonly args: readonly Node[];
  readonly run: (text: string, chars: string | undefined) => string;
}

const methods: Readonly<Record<string, Call['run']>> = {
  strip: (text, chars) => strip(text, 'strip', chars),
  lstrip: (text, chars) => strip(text, 'lstrip', chars),
  rstrip: (text, chars) => strip(text, 'rstrip', chars),
  capitalize,
  title,
};

const filters: Readonly<Record<string, Call['run']>> = { trim: methods.strip!, capitalize };

/** `text.strip('x')` */
function methodCall(node: Node): Call | undefined {
  const callee = node.type === 'CallExpression' ? (node.callee as Node) : undefined;
  if (callee?.type !== 'MemberExpression' || callee.computed === true) return undefined;
  const run = own(methods, (callee.property as Node).value);
  return run && { on: callee.object as Node, args: node.args as Node[], run };
}

/** `text | trim`, `text | trim('x')` */
function filterCall(node: Node): Call | undefined {
  if (node.type !== 'FilterExpression') return undefined;
  const filter = node.filter as Node;
  const called = filter.type === 'CallExpression';
  const run = own(filters, ((called ? filter.callee : filter) as Node).value);
  return run && { on: node.operand as Node, args: called ? (filter.args as Node[]) : [], run };
}

const own = (table: Readonly<Record<string, Call['run']>>, name: unknown): Call['run'] | undefined =>
  typeof name === 'string' && Object.hasOwn(table, name) ? table[name] : undefined;

/** Globals as transformers sets them, by both spellings of the constants. */
const globals: Readonly<Record<string, unknown>> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
  range,
  raise_exception: (message: string) => {
    throw new Error(message);
  },
  strftime_now: (format: string) => strftime(new Date(), format),
};

function range(...given: readonly number[]): number[] {
  const [start, stop, step = 1] = given.length === 1 ? [0, given[0]!] : (given as [number, number, number?]);
  if (step === 0) throw new Error('range() step must not be zero');
  return Array.from({ length: Math.max(0, Math.ceil((stop - start) / step)) }, (_, i) => start + i * step);
}

/** Parses a Jinja template, with trim_blocks and lstrip_blocks. @throws Error when it is malformed. */
export function jinjaTemplate(source: string): (variables: Readonly<Record<string, unknown>>) => string {
  const { parsed } = new Template(source);
  return (variables) => {
    const scope: Scope = new Environment();
    for (const [name, value] of Object.entries({ ...globals, ...variables })) scope.set(name, value);
    return String(new PythonInterpreter(scope).run(parsed).value);
  };
}
