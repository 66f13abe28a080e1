import { parseOptions } from '../src/options/parse-options.ts';
import { type RandomStream, randomStream } from '../src/random.ts';
import type { Environment } from '../src/types.ts';
import {
  type ArithmeticKind,
  type ArithmeticOptions,
  type ArithmeticTask,
  answered,
  arithmetic,
  arithmeticOptions,
  arithmeticTasks,
} from './arithmetic.ts';

/**
 * The arithmetic task as a careless writer would work it: a corpus that teaches the answer's format and half of the
 * arithmetic, so that reinforcement learning has something to improve. Its training stream never ends and each pass
 * draws its mistakes anew; the test split is arithmetic's own, with right answers, and none of it is in the corpus.
 */

/** Chance of binding the wrong pair of numbers first, by kind: a majority of wrong answers on three kinds of five. */
const mistakes: Record<ArithmeticKind, number> = {
  'a+b*c': 0.55,
  'b*c+a': 0.45,
  'b*c-a': 0.55,
  'a-b*c': 0.6,
  '(a+b)*c': 0.45,
};
/** Chance that one digit of the worked step or of the result is wrong. */
const SLIP = 0.05;

/**
 * The pre-training corpus; options are those of `arithmetic`.
 * @throws InputError for a bad option.
 */
export function sloppyArithmetic(options: ArithmeticOptions = {}): Environment {
  const parsed = parseOptions('env sloppy-arithmetic', arithmeticOptions, options);
  const right = arithmetic(options);
  return {
    name: 'sloppy-arithmetic',
    options: parsed,
    async *tasks(split) {
      if (split === 'test') {
        yield* right.tasks('test');
        return;
      }
      for (let pass = 0; ; pass++) {
        for (const task of arithmeticTasks(parsed, 'train', `sloppy-arithmetic/${pass}`)) {
          const stream = randomStream(parsed.seed, `sloppy-arithmetic/${pass}/${task.prompt}`);
          yield { ...task, id: `${pass}/${task.id}`, target: sloppyTarget(task, stream) };
        }
      }
    },
    prompt: right.prompt,
    answer: right.answer!,
    target: (task) => String(task.target),
    configure: (changed) => sloppyArithmetic({ ...options, ...changed }),
  };
}

function sloppyTarget(task: ArithmeticTask, stream: RandomStream): string {
  const target = stream.next() < mistakes[task.kind] ? precedenceIgnored(task) : task.target;
  return stream.next() < SLIP ? slip(target, stream) : target;
}

/** The worked step with the wrong pair bound first: '36-2*8=' → '34*8=272', '(12+5)*4=' → '12+20=32'. */
function precedenceIgnored({ kind, a, b, c }: ArithmeticTask): string {
  switch (kind) {
    case 'a+b*c':
      return answered(`${a + b}*${c}`, (a + b) * c).target;
    case 'b*c+a':
      return answered(`${b}*${c + a}`, b * (c + a)).target;
    case 'b*c-a':
      return answered(`${b}*${c - a}`, b * (c - a)).target;
    case 'a-b*c':
      return answered(`${a - b}*${c}`, (a - b) * c).target;
    case '(a+b)*c':
      return answered(`${a}+${b * c}`, a + b * c).target;
  }
}

/** Replaces one digit by another; never writes a leading zero. */
function slip(text: string, stream: RandomStream): string {
  const places = [...text.matchAll(/\d/g)].map((match) => match.index);
  const at = places[Math.floor(stream.next() * places.length)]!;
  const choices = [...'123456789'].filter((digit) => digit !== text[at]);
  return text.slice(0, at) + choices[Math.floor(stream.next() * choices.length)] + text.slice(at + 1);
}
