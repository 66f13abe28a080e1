import { boxedContents } from '../clean/boxed.ts';
import { announcedPhrase } from './announced-phrase.ts';

/** Does a prediction give this answer in the same words: as a whole, in its box, or announced? */
export function isSameText(gold: string, prediction: string): boolean {
  const whole = prediction.replace(/^[\s\S]*<answer>|<\/answer>[\s\S]*$/g, '');
  const box = /\\(?:boxed|fbox)/.test(prediction) ? boxedContents(prediction, 'last') : undefined;
  const phrase = announcedPhrase(prediction);
  return [whole, box, phrase?.text, phrase?.line].some(
    (text) => text !== undefined && plain(text) === plain(gold),
  );
}

const plain = (text: string): string =>
  text
    .replace(/\\(?:text|textbf|textrm|mathrm|mbox)\s?\{([^{}]*)\}/g, ' $1 ')
    .replace(/\\[ ,;:!$]|\\q?quad(?![a-zA-Z])|[~$*]/g, ' ')
    .replace(/\s+/g, ' ')
    .replace(/^ | ?\.? ?$/g, '')
    .toLowerCase();
