export * from './authentication.ts';
export { Backend } from './backend.ts';
export { Frontend } from './frontend.ts';
export * from './messages.ts';
export { upstreamParameters } from './parameters.ts';
export { quoteIdent, quoteLiteral } from './quote.ts';
export { HandshakeReader, type RawMessage } from './reader.ts';
export * from './scram/index.ts';
export * from './startup.ts';
