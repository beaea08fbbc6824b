/** Streams at the control plane: where they stand, what comes next, their end (contract/link, `streamHead`). */
import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import { LINK_PATHS, streamHead } from '@tidegate/contract';
import type { ChainHead, StreamId } from '@tidegate/core';
import { type LinkHttp, type LinkResponse, refusalOf, UnreachableError } from '../../link/http.ts';

const compress = promisify(zstdCompress);
/** Lines of one stream are much alike: the fastest level already makes them a tenth. */
const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

export type Uploaded =
  | { readonly outcome: 'taken' | 'conflict'; readonly head: ChainHead }
  /** An entry does not have the shape that the control plane knows for its kind. */
  | { readonly outcome: 'invalid'; readonly why: string };

export class Uploader {
  readonly #http: () => LinkHttp | null;

  /** `http`: null while the gateway has no identity. All calls reject with `UnreachableError` when there is no answer. */
  constructor(http: () => LinkHttp | null) {
    this.#http = http;
  }

  async head(stream: StreamId): Promise<ChainHead> {
    const path = `${LINK_PATHS.streams}/${stream}`;
    return headOf(stream, await this.#send('GET', path), [200]);
  }

  /** `lines`: NDJSON of `auditEntry`, in order, each with its newline. */
  async append(stream: StreamId, lines: string): Promise<Uploaded> {
    const bytes = await compress(lines, LEVEL);
    const path = `${LINK_PATHS.streams}/${stream}/records`;
    const answer = await this.#send('POST', path, { type: 'application/x-ndjson', encoding: 'zstd', bytes });
    if (answer.status === 400 || answer.status === 422) return { outcome: 'invalid', why: refusalOf(answer) };
    const head = headOf(stream, answer, [200, 409]);
    return { outcome: answer.status === 200 ? 'taken' : 'conflict', head };
  }

  /** Nothing more comes. False: the control plane's head is another. */
  async close(head: ChainHead): Promise<boolean> {
    const path = `${LINK_PATHS.streams}/${head.stream}/close`;
    const answer = await this.#send('POST', path, { type: 'application/json', bytes: JSON.stringify(head) });
    headOf(head.stream, answer, [200, 409]);
    return answer.status === 200;
  }

  #send(...[method, path, body]: Parameters<LinkHttp['send']>): Promise<LinkResponse> {
    const http = this.#http();
    if (http === null) throw new UnreachableError(`${method} ${path}`, 'this gateway has not joined');
    return http.send(method, path, body);
  }
}

function headOf(stream: StreamId, answer: LinkResponse, expected: readonly number[]): ChainHead {
  if (!expected.includes(answer.status)) throw new UnreachableError(`stream ${stream}`, refusalOf(answer));
  const { seq, hash } = streamHead.parse(JSON.parse(answer.body));
  return { stream, seq, hash };
}
