/** What is true: the nouns and rules of Tidegate. Pure. */
export * from './errors.ts';
export * from './ids.ts';
export * from './model.ts';
