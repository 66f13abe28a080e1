/**
 * The value of an arithmetic expression as Python reads it: + - * / // % ** and brackets over plain numbers; undefined
 * for anything else, and for a division by zero. Powers are limited, so nothing runs long.
 */
export function arithmeticValue(expression: string): number | undefined {
  const tokens = expression.match(/\d+\.?\d*|\.\d+|\*\*|\/\/|[-+*/%()]|\S/g) ?? [];
  const reader = new Reader(tokens);
  try {
    const value = reader.sum();
    return reader.ended && Number.isFinite(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const MOST_NESTING = 200;

class Reader {
  readonly #tokens: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  get ended(): boolean {
    return this.#at === this.#tokens.length;
  }

  sum(): number {
    let value = this.#product();
    for (;;) {
      if (this.#take('+')) value += this.#product();
      else if (this.#take('-')) value -= this.#product();
      else return value;
    }
  }

  #product(): number {
    let value = this.#unary();
    for (;;) {
      if (this.#take('*')) value *= this.#unary();
      else if (this.#take('//')) value = Math.floor(value / this.#unary());
      else if (this.#take('/')) value /= this.#unary();
      else if (this.#take('%')) value = modulo(value, this.#unary());
      else return value;
    }
  }

  #unary(): number {
    if (this.#take('+')) return this.#unary();
    return this.#take('-') ? -this.#unary() : this.#power();
  }

  #power(): number {
    const base = this.#atom();
    return this.#take('**') ? base ** this.#unary() : base;
  }

  #atom(): number {
    if (this.#take('(')) {
      if (++this.#depth > MOST_NESTING) throw new Error('nested too deeply');
      const value = this.sum();
      if (!this.#take(')')) throw new Error('bracket never closed');
      this.#depth--;
      return value;
    }
    const token = this.#tokens[this.#at++];
    // Python refuses integers with leading zeros, but for zero itself.
    if (token === undefined || !/^(?:\d+\.?\d*|\.\d+)$/.test(token) || /^0\d*[1-9]\d*$/.test(token))
      throw new Error('no number');
    return Number(token);
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at++;
    return true;
  }
}

const modulo = (a: number, b: number) => a - b * Math.floor(a / b);
