/** What a client asks, as it stands in the queue of what has no answer yet. */
export const Asked = {
  parse: 1,
  bind: 2,
  describeStatement: 3,
  describePortal: 4,
  closeStatement: 5,
  closePortal: 6,
  execute: 7,
  query: 8,
  call: 9,
  /** Its `number` is the last one given before it. */
  sync: 10,
  /** CopyDone or CopyFail. The server doesn't answer it as such; its `number` is the bytes of data it ends. */
  copyEnd: 11,
} as const;
