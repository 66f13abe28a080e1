/** Which LaTeX commands stand for what. Commands not named here make an answer unreadable. */

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** Letters and letter-like signs. */
export const symbolCommands = words(`
  alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi omicron pi varpi rho
  varrho sigma varsigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega
  ell hbar nabla partial angle measuredangle triangle square infty imath jmath exponentialE prime Re Im wp sharp flat
  natural bigstar complement aleph clubsuit diamondsuit heartsuit spadesuit Diamond lozenge mho eth
`);

/** Signs over a letter, by command; wide and narrow ones are the same sign: \overline{AB} is one name. */
export const accents: ReadonlyMap<string, string> = new Map([
  ...[
    ...words('bar vec hat tilde dot ddot acute breve check grave overleftarrow overleftrightarrow'),
    ...words('mathcal mathfrak mathscr'),
  ].map((name) => [name, name] as const),
  ...([
    ['overline', 'bar'],
    ['overrightarrow', 'vec'],
    ['widehat', 'hat'],
    ['widetilde', 'tilde'],
  ] as const),
]);

/** Commands that change how their argument looks and nothing else. */
export const transparent = words(
  'boldsymbol bm bold pmb emph ensuremath boxed fbox mathop mathord mathbin mathrel mathopen mathclose mathpunct mathinner mathring underline',
);

/** Opening brackets: the function they mean and the command that closes them. */
export const brackets: Readonly<Record<string, readonly [head: string, close: string]>> = {
  lvert: ['Abs', '\\rvert'],
  vert: ['Abs', '\\vert'],
  lVert: ['Norm', '\\rVert'],
  Vert: ['Norm', '\\Vert'],
  '|': ['Norm', '\\|'],
  lfloor: ['Floor', '\\rfloor'],
  lceil: ['Ceil', '\\rceil'],
};

const others = words(
  'frac dfrac tfrac cfrac sqrt surd binom dbinom tbinom langle lgroup lbrace lbrack mathbb begin { emptyset varnothing',
);

/** True when a factor can begin with this command. */
export function startsAtom(name: string): boolean {
  return (
    symbolCommands.has(name) ||
    others.has(name) ||
    Object.hasOwn(brackets, name) ||
    accents.has(name) ||
    transparent.has(name)
  );
}

const operators = words(`
  pm mp cdot times div over ast star mod bmod pmod colon lt gt le leq leqslant leqq ge geq geqslant geqq ne neq not approx
  simeq cong equiv lor vee in notin subset subseteq supset supseteq cup cap setminus backslash to rightarrow longrightarrow mid
  circ degree top rvert rVert rfloor rceil rangle rgroup rbrace rbrack end hline
  sum prod lim int log ln lg exp sin cos tan csc sec cot arcsin arccos arctan arccsc arcsec arccot sinh cosh tanh coth
  arsinh arcosh artanh arcsinh arccosh arctanh floor ceil det arg gcd lcm max min
`);

/** Commands that only move things about on paper. */
export const spacing = words(`
  , : ; ! > $ quad qquad thinspace medspace thickspace negthinspace negmedspace negthickspace displaystyle textstyle limits
  nolimits left right mleft mright middle big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr phantom mathstrut
  strut hfill hfil vrule vspace displaylimits
`);

/** Commands whose braces hold words. \mathrm and its kin are among them: models write \mathrm{cm}. */
export const wordy = words(
  'text textbf textit textrm textnormal textup texttt textsf mbox hbox mathrm mathit mathbf mathsf mathtt mathnormal operatorname',
);

export const isKnownCommand = (name: string): boolean =>
  startsAtom(name) || operators.has(name) || spacing.has(name) || wordy.has(name);

/** The longest beginning of a name that is a command; the name itself where none is. */
export function longestKnownPrefix(name: string): string {
  for (let length = name.length - 1; length > 1; length--) {
    if (isKnownCommand(name.slice(0, length))) return name.slice(0, length);
  }
  return name;
}
