/** What gateways send over HTTP, within limits. */
import type { IncomingMessage } from 'node:http';
import { PassThrough, Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { UPLOAD_MAX_BYTES } from '@tidegate/contract';
import { TidegateError } from '@tidegate/core';
import type { z } from 'zod';
import type { Lines } from '../record/ingest.ts';

const JSON_MAX_BYTES = 64 * 1024;

/** The body as `schema` has it. Throws `invalid_input`. */
export async function readJson<S extends z.ZodType>(request: IncomingMessage, schema: S): Promise<z.infer<S>> {
  const bytes = await readAll(request, JSON_MAX_BYTES);
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new TidegateError('invalid_input', 'The request’s body is not JSON.', '', String(error));
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues.map(({ path }) => path.join('.')).join(', ');
  throw new TidegateError('invalid_input', `The request’s body is not what is expected, at: ${where}.`);
}

/**
 * The lines of an upload as they are unpacked. Throws `invalid_input`: too long, not UTF-8, damaged. The packed bytes are
 * read first, all of them, so that a slow sender costs nobody more than its own memory.
 */
export async function* readLines(request: IncomingMessage): Lines {
  const unpack = unpacker(request.headers['content-encoding']);
  const packed = await readAll(request, UPLOAD_MAX_BYTES);
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const unpacking = pipeline(Readable.from([packed]), unpack);
  // Told below, where the loop ends with it too; not unhandled when the loop ends before.
  unpacking.catch(() => undefined);
  let rest = '';
  let size = 0;
  try {
    for await (const chunk of unpack) {
      size += chunk.length;
      if (size > UPLOAD_MAX_BYTES) throw tooLong(UPLOAD_MAX_BYTES);
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      const whole = lines.filter((line) => line !== '');
      if (whole.length > 0) yield whole;
    }
    rest += decoder.decode();
  } catch (error) {
    if (!isDamage(error)) throw error;
    throw new TidegateError('invalid_input', 'The upload cannot be unpacked into text.', '', String(error));
  }
  if (rest !== '') yield [rest];
}

function unpacker(encoding = 'identity'): Transform {
  switch (encoding) {
    case 'identity':
      return new PassThrough();
    case 'gzip':
      return createGunzip();
    case 'zstd':
      return createZstdDecompress();
    default:
      throw new TidegateError('invalid_input', 'An upload is plain, gzip or zstd.');
  }
}

/** The request stays usable: what is left of it when this throws can be read and dropped, and an answer sent. */
async function readAll(request: IncomingMessage, most: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > most) throw tooLong(most);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

const tooLong = (most: number): TidegateError =>
  new TidegateError('invalid_input', `The request is longer than ${most} bytes.`);

/** As zlib and TextDecoder say it. */
const isDamage = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  typeof error.code === 'string' &&
  /^(Z_|ZSTD_|ERR_ENCODING)/.test(error.code);
