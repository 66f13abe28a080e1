import type { Span } from '../clean/spans.ts';

/** A number or an arithmetic expression in running text. The span includes what had to stand around it. */
export interface PlainMatch extends Span {
  /** The number's digits, decimal point and sign, separators removed; absent for an expression. */
  readonly number?: string;
  readonly percent?: boolean;
  /** The expression as written. */
  readonly expression?: string;
}

const currency = '$€£¥₹₽₪₩₫฿₡₢₣₤₥₦₧₨₭₮₯₰₱₲₳₴₵₶₷₸₺₻₼₾₿';
const scientific = String.raw`(?<scientific>-?\d+(?:\.\d+)?[eE][-+]?\d{1,3})(?![\da-zA-Z])|`;
const numberPattern = (lenient: boolean) =>
  new RegExp(
    String.raw`(?:^|\s|=)(?:\*\*)?[${currency}]?(?<!\d)(?:${lenient ? scientific : ''}(?<grouped>-?[1-9]\d{0,2}(?:[ ,]\d{3})+)(?<tail>\.\d+)?` +
      String.raw`|(?<whole>-?\d+)(?<decimals>[.,]\d+)|(?<fraction>\.\d+)|(?<integer>-?\d+))` +
      String.raw`(?<percent>\s*(?:%|[Pp]ercentage|[Pp]ercent|[Pp]ct))?`,
    'y',
  );
const numberPatterns = { lenient: numberPattern(true), strict: numberPattern(false) };
const opening = /(?:^|\s|=)(?:\*\*)?(?=(-?\(?-?\d))/y;
const expressionCharacter = /[\d.\s+\-*×/^()÷]/;
const operator = /[+\-*×/^()÷]/;
const ratio = /(?::\d+)+(?![\d.]*\d)/y;
const mayFollow = /[.,:\s)$]/;

/** Finds numbers and expressions in one text, each place in constant time. */
export class PlainScanner {
  readonly #text: string;
  readonly #number: RegExp;
  /** Operators before each index. */
  readonly #operators: Uint32Array;
  /** Where the run of expression characters around each index ends. */
  readonly #runEnd: Uint32Array;
  /** For each run end, the last index at which an expression of that run can end. */
  readonly #lastEnd = new Map<number, number>();

  /** @param lenient reads 1e3 too. */
  constructor(text: string, lenient: boolean) {
    this.#text = text;
    this.#number = numberPatterns[lenient ? 'lenient' : 'strict'];
    this.#operators = new Uint32Array(text.length + 1);
    this.#runEnd = new Uint32Array(text.length + 1);
    for (let i = 0; i < text.length; i++) {
      this.#operators[i + 1] = this.#operators[i]! + (operator.test(text[i]!) ? 1 : 0);
    }
    this.#runEnd[text.length] = text.length;
    for (let i = text.length - 1; i >= 0; i--) {
      this.#runEnd[i] = expressionCharacter.test(text[i]!) ? this.#runEnd[i + 1]! : i;
    }
  }

  /** An expression such as '2+3*4' at `at`, where a space, '=' or the text's start stands before it. */
  expressionAt(at: number): PlainMatch | undefined {
    opening.lastIndex = at;
    const match = opening.exec(this.#text);
    if (match === null) return undefined;
    const start = at + match[0].length;
    const firstDigit = start + match[1]!.length - 1;
    const end = this.#expressionEnd(this.#runEnd[firstDigit]!);
    // At least one operator, with something on either side of it.
    if (end < firstDigit + 3 || this.#operators[end - 1]! === this.#operators[firstDigit + 1]!)
      return undefined;
    return { start: at, end: Math.min(end + 1, this.#text.length), expression: this.#text.slice(start, end) };
  }

  numberAt(at: number): PlainMatch | undefined {
    this.#number.lastIndex = at;
    const match = this.#number.exec(this.#text);
    if (match === null) return undefined;
    const { scientific, grouped, tail, whole, decimals, fraction, integer, percent } = match.groups!;
    const end = at + match[0].length;
    if (scientific !== undefined) return { start: at, end, expression: scientific.toUpperCase() };
    const others = integer !== undefined && percent === undefined ? this.#ratioAfter(end) : '';
    if (others !== '') return { start: at, end: end + others.length, expression: integer + others };
    const digits = (grouped ?? whole ?? integer ?? '0').replace(/[ ,]/g, '');
    const point = (tail ?? decimals ?? fraction ?? '').replace(',', '.');
    return { start: at, end, number: digits + point, percent: percent !== undefined };
  }

  /** An expression, else a number. */
  at(at: number): PlainMatch | undefined {
    return this.expressionAt(at) ?? this.numberAt(at);
  }

  /** Every expression, then every number, left to right within each. */
  *all(): Generator<PlainMatch> {
    for (const read of [(at: number) => this.expressionAt(at), (at: number) => this.numberAt(at)]) {
      for (let at = 0; at < this.#text.length; ) {
        const match = at === 0 || /[\s=]/.test(this.#text[at]!) ? read(at) : undefined;
        if (match !== undefined) yield match;
        at = match === undefined ? at + 1 : Math.max(match.end, at + 1);
      }
    }
  }

  /** ':3' behind the 4 of 4:3, when that is read. */
  #ratioAfter(end: number): string {
    if (this.#number !== numberPatterns.lenient) return '';
    ratio.lastIndex = end;
    return ratio.exec(this.#text)?.[0] ?? '';
  }

  #expressionEnd(runEnd: number): number {
    const known = this.#lastEnd.get(runEnd);
    if (known !== undefined) return known;
    let end = runEnd;
    while (end > 0 && end < this.#text.length && !mayFollow.test(this.#text[end]!)) end--;
    this.#lastEnd.set(runEnd, end);
    return end;
  }
}
