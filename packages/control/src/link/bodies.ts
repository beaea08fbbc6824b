/** What gateways send over HTTP, within limits. */
import type { IncomingMessage } from 'node:http';
import { pipeline, type Readable, type Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { UPLOAD_MAX_BYTES } from '@tidegate/contract';
import { TidegateError } from '@tidegate/core';
import type { z } from 'zod';
import type { Lines } from '../record/ingest.ts';

const JSON_MAX_BYTES = 64 * 1024;

/** The body as `schema` has it. Throws `invalid_input`. */
export async function readJson<S extends z.ZodType>(request: IncomingMessage, schema: S): Promise<z.infer<S>> {
  const chunks: Buffer[] = [];
  for await (const chunk of limited(request, JSON_MAX_BYTES)) chunks.push(chunk);
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (error) {
    throw new TidegateError('invalid_input', 'The request’s body is not JSON.', '', String(error));
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues.map(({ path }) => path.join('.')).join(', ');
  throw new TidegateError('invalid_input', `The request’s body is not what is expected, at: ${where}.`);
}

/** The lines of an upload, unpacked, as they come in. Throws `invalid_input`: too long, not UTF-8, damaged. */
export async function* readLines(request: IncomingMessage): Lines {
  // With a length known beforehand, packed bytes that unpack to nothing end as well.
  const length = Number(request.headers['content-length'] ?? Number.NaN);
  if (!(length <= UPLOAD_MAX_BYTES)) {
    throw new TidegateError('invalid_input', `An upload has a length, of at most ${UPLOAD_MAX_BYTES} bytes.`);
  }
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let rest = '';
  try {
    for await (const chunk of limited(unpacked(request), UPLOAD_MAX_BYTES)) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      const whole = lines.filter((line) => line !== '');
      if (whole.length > 0) yield whole;
    }
    rest += decoder.decode();
  } catch (error) {
    if (error instanceof TidegateError || !isDamaged(error)) throw error;
    throw new TidegateError(
      'invalid_input',
      'The upload is damaged: it cannot be unpacked into text.',
      '',
      String(error),
    );
  }
  if (rest !== '') yield [rest];
}

function unpacked(request: IncomingMessage): Readable {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  switch (encoding) {
    case 'identity':
      return request;
    case 'gzip':
      return through(request, createGunzip());
    case 'zstd':
      return through(request, createZstdDecompress());
    default:
      throw new TidegateError('invalid_input', 'An upload is plain, gzip or zstd.');
  }
}

/** Errors of either end reach whoever reads `unpacker`. */
function through(request: IncomingMessage, unpacker: Transform): Readable {
  pipeline(request, unpacker, () => undefined);
  return unpacker;
}

async function* limited(stream: Readable, most: number): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > most) throw new TidegateError('invalid_input', `The request is longer than ${most} bytes.`);
    yield bytes;
  }
}

/** As zlib and TextDecoder say it. */
const isDamaged = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  typeof error.code === 'string' &&
  /^(Z_|ZSTD_|ERR_ENCODING)/.test(error.code);
