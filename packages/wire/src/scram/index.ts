export { SCRAM_SHA_256, SCRAM_SHA_256_PLUS } from './attributes.ts';
export { ScramClient, type ScramClientOptions } from './client.ts';
export {
  formatVerifier,
  parseVerifier,
  type ScramKeys,
  type ScramVerifier,
  scramKeys,
  scramVerifier,
  verifierOf,
} from './keys.ts';
export {
  mockCandidates,
  type ScramCandidates,
  ScramServer,
  type ScramServerOptions,
  type ScramVerdict,
} from './server.ts';
