import { Characters } from '../../src/data/characters.ts';

/** What the site has of Tiny Shakespeare: its first characters, in ASCII, a byte each. */
export const EXCERPT = {
  title: 'Shakespeare’s plays',
  path: 'text/shakespeare-400k.txt',
  bytes: 400_000,
} as const;

/** The different characters of Tiny Shakespeare, all 65. A network for it does not depend on what the excerpt has of them. */
export const SHAKESPEARE = new Characters(
  "\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
);
