import { isKnownCommand, longestKnownPrefix, spacing, wordy } from './latex-commands.ts';

/** One LaTeX token. Spaces are dropped, but `spaced` tells that there was one before. */
export interface Token {
  readonly type: 'number' | 'letter' | 'command' | 'text' | 'mark' | 'end';
  /** Digits, one letter, the command's name without backslash, the words of \text{…}, or the mark itself. */
  readonly text: string;
  readonly spaced: boolean;
}

const marks: Readonly<Record<string, string>> = {
  '−': '-',
  '–': '-',
  '∗': '*',
  '⋅': '*',
  '·': '*',
  '×': '*',
  '∙': '*',
  '÷': '/',
  '∕': '/',
  '≤': '<=',
  '≦': '<=',
  '≥': '>=',
  '≧': '>=',
  '≠': '!=',
  '≈': '\\approx',
  '≡': '==',
  '∈': '\\in',
  '∉': '\\notin',
  '∪': '\\cup',
  '∩': '\\cap',
  '∖': '\\setminus',
  '∅': '\\emptyset',
  '∞': '\\infty',
  π: '\\pi',
  '±': '\\pm',
  '∓': '\\mp',
  '√': '\\sqrt',
  '°': '^\\circ',
  ℝ: '\\mathbb{R}',
  ℤ: '\\mathbb{Z}',
  ℕ: '\\mathbb{N}',
  ℚ: '\\mathbb{Q}',
  ℂ: '\\mathbb{C}',
  α: '\\alpha',
  β: '\\beta',
  γ: '\\gamma',
  δ: '\\delta',
  ε: '\\epsilon',
  θ: '\\theta',
  λ: '\\lambda',
  μ: '\\mu',
  ρ: '\\rho',
  σ: '\\sigma',
  τ: '\\tau',
  φ: '\\phi',
  ω: '\\omega',
  Ω: '\\Omega',
  Δ: '\\Delta',
  '½': '\\frac{1}{2}',
  '⅓': '\\frac{1}{3}',
  '⅔': '\\frac{2}{3}',
  '¼': '\\frac{1}{4}',
  '¾': '\\frac{3}{4}',
  '⅕': '\\frac{1}{5}',
  '⅖': '\\frac{2}{5}',
  '⅗': '\\frac{3}{5}',
  '⅘': '\\frac{4}{5}',
  '⅙': '\\frac{1}{6}',
  '⅚': '\\frac{5}{6}',
  '⅛': '\\frac{1}{8}',
  '⅜': '\\frac{3}{8}',
  '⅝': '\\frac{5}{8}',
  '⅞': '\\frac{7}{8}',
};
const superscripts: Readonly<Record<string, string>> = {
  '⁰': '0',
  '¹': '1',
  '²': '2',
  '³': '3',
  '⁴': '4',
  '⁵': '5',
  '⁶': '6',
  '⁷': '7',
  '⁸': '8',
  '⁹': '9',
  '⁻': '-',
  ⁿ: 'n',
};

/** Spells mathematical Unicode (½, x², ≤, π, full-width digits) as LaTeX. */
export function unicodeToLatex(text: string): string {
  // Plain ASCII is the usual case and needs no second look.
  if (!/[^\u0020-\u007e\s]/.test(text)) return text;
  return text
    .replace(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
    .replace(/[⁰¹²³⁴⁵⁶⁷⁸⁹⁻ⁿ]+/g, (run) => `^{${[...run].map((c) => superscripts[c]).join('')}}`)
    .replace(/[^\u0020-\u007e\s]/g, (c) =>
      marks[c] === undefined ? c : /^\\[a-z]+$/.test(marks[c]!) ? `${marks[c]} ` : marks[c]!,
    );
}

const pattern =
  /(?<space>[\s~]+)|(?<number>(?:\d+\.?\d*|\.\d+)(?:E[-+]?\d+)?)|\\(?<command>[a-zA-Z]+|[\s\S])|(?<letter>[a-zA-Z])|(?<mark>\*\*|<=|>=|!==|!=|==|~=|[\s\S])/y;

/**
 * Splits LaTeX into tokens, dropping what only sets type.
 * @throws Error when \text has no closing brace.
 */
export function tokenize(latex: string): Token[] {
  const text = unicodeToLatex(latex);
  const tokens: Token[] = [];
  let spaced = false;
  for (let at = 0; at < text.length; ) {
    pattern.lastIndex = at;
    const match = pattern.exec(text)!;
    const { space, number, command, letter, mark } = match.groups!;
    at += match[0].length;
    if (space !== undefined || (command !== undefined && (spacing.has(command) || /^\s$/.test(command)))) {
      spaced = true;
      // \left. and \right. are delimiters of nothing.
      if (/^m?(?:left|right)$/.test(command ?? '') && text[at] === '.') at++;
      continue;
    }
    if (command !== undefined && command.length > 1 && !isKnownCommand(command)) {
      // '\\quadx' is a slip of '\\quad x'.
      const head = longestKnownPrefix(command);
      at -= command.length - head.length;
      if (!spacing.has(head)) tokens.push({ type: 'command', text: head, spaced });
    } else if (command !== undefined && wordy.has(command)) {
      const words = bracesAt(text, at);
      tokens.push({ type: 'text', text: words.content, spaced });
      at = words.end;
    } else if (command !== undefined) tokens.push({ type: 'command', text: command, spaced });
    else if (number !== undefined) {
      // A full stop that ends the sentence is no part of the number.
      const digits =
        number.endsWith('.') && !/^\\(?:overline|dot|bar)(?![a-zA-Z])/.test(text.slice(at, at + 10))
          ? number.slice(0, -1)
          : number;
      tokens.push({ type: 'number', text: digits, spaced });
      at -= number.length - digits.length;
    } else
      tokens.push(
        letter !== undefined
          ? { type: 'letter', text: letter, spaced }
          : { type: 'mark', text: mark!, spaced },
      );
    spaced = false;
  }
  return tokens;
}

function bracesAt(text: string, from: number): { content: string; end: number } {
  let start = from;
  while (/\s/.test(text[start] ?? '')) start++;
  if (text[start] !== '{') throw new Error('\\text without braces');
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    if (text[i] === '{') depth++;
    else if (text[i] === '}' && --depth === 0) return { content: text.slice(start + 1, i), end: i + 1 };
  }
  throw new Error('\\text without a closing brace');
}
