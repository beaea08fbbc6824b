/** The control plane: decides; never touches a database under control. */
export { type Control, startControl } from './main.ts';
export { type ControlOptions, optionsFrom } from './options.ts';
