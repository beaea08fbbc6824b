/** The mark is a comment on the role: only who may administer the role can write it. */
export { formatMark, MARK_PATTERN, parseMark } from '../../mark.ts';
