/** The gateway: enforces. Started as a process of its own (`main.ts`); this is for whoever runs one within theirs. */
export { type RunningGateway, startGateway } from './main.ts';
export { type GatewayOptions, optionsFrom } from './options.ts';
