/** Colour as markup: always written, and taken out again by the stream that wants none (see terminal.ts). */
import pc from 'picocolors';

export const paint = pc.createColors(true);
