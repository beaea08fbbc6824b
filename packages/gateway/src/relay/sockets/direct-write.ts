/**
 * Writing to a socket without the stream around it, which costs more than the relay's own work: a request object, a
 * callback and a tick of the event loop for each chunk. What is underneath is Node's private matter, so it is asked once
 * how this Node writes; where that is not as expected, or for what isn't a plain socket, streams do it.
 */
import type { Buffer } from 'node:buffer';
import net from 'node:net';
import { getSystemErrorName } from 'node:util';

/** What a write gives that the kernel did not take whole. */
interface WriteRequest {
  oncomplete: (status: number) => void;
  /** Keeps the memory alive. */
  buffer: Buffer | null;
  /** Set when it was complete before `oncomplete` could be. */
  writeStatus: number | null;
}

/** A socket's handle. `writeBuffer` gives an error number (0: all is written) or the request that goes on. */
interface WriteHandle {
  writeBuffer(request: null, chunk: Buffer): number | WriteRequest;
}

const isWriteHandle = (handle: unknown): handle is WriteHandle =>
  typeof handle === 'object' && handle !== null && 'writeBuffer' in handle && typeof handle.writeBuffer === 'function';

/** True when this Node lets `writeBuffer` make the request itself, and only when it needs one. */
function writesDirectly(): boolean {
  let asExpected = false;
  const handle = {
    reading: false,
    writeBuffer(request: unknown) {
      asExpected = request === null;
      return 0;
    },
    close: (done?: () => void) => done?.(),
    readStart: () => 0,
    readStop: () => 0,
  };
  const options: net.SocketConstructorOpts = { readable: false };
  const probe = new net.Socket(Object.assign(options, { handle }));
  probe.on('error', () => {
    asExpected = false;
  });
  probe.write(new Uint8Array(1));
  probe.destroy();
  return asExpected;
}

/** Asked when it is first needed: under another runtime never. */
let direct: boolean | null = null;

export class DirectWrite {
  readonly #socket: net.Socket;
  readonly #handle: WriteHandle;
  readonly #drained: () => void;
  #pending = 0;

  private constructor(socket: net.Socket, handle: WriteHandle, drained: () => void) {
    this.#socket = socket;
    this.#handle = handle;
    this.#drained = drained;
  }

  /** Null where streams must do it. `drained` is called whenever everything pending has gone. */
  static on(socket: net.Socket, drained: () => void): DirectWrite | null {
    direct ??= writesDirectly();
    const handle: unknown = Reflect.get(socket, '_handle');
    return direct && isWriteHandle(handle) && socket.writableLength === 0
      ? new DirectWrite(socket, handle, drained)
      : null;
  }

  /** Bytes written that the kernel has not taken. */
  get pending(): number {
    return this.#pending;
  }

  write(chunk: Buffer): void {
    const socket = this.#socket;
    // A handle that is closed, or about to be, must not be touched.
    if (socket.destroyed || socket.writableEnded) return;
    const result = this.#handle.writeBuffer(null, chunk);
    if (result === 0) return;
    if (typeof result === 'number') socket.destroy(writeError(result));
    else this.#await(result, chunk);
  }

  #await(request: WriteRequest, chunk: Buffer): void {
    this.#pending += chunk.length;
    request.buffer = chunk;
    request.oncomplete = (status) => {
      request.buffer = null;
      this.#pending -= chunk.length;
      if (this.#socket.destroyed) return;
      if (status < 0) this.#socket.destroy(writeError(status));
      else if (this.#pending === 0) this.#drained();
    };
    if (request.writeStatus !== null) request.oncomplete(request.writeStatus);
  }
}

/** As streams say it. */
function writeError(errno: number): Error {
  const code = getSystemErrorName(errno);
  return Object.assign(new Error(`write ${code}`), { errno, code, syscall: 'write' });
}
