/**
 * Memory for chunks between reading and writing. Sockets read into memory that the next read uses again (sockets.ts), so
 * a chunk that was lent is copied here: into blocks that begin anew as soon as nothing in them is waited for, which in
 * ordinary traffic is at the end of each turn. Relaying then allocates nothing that grows with what is relayed.
 */
import { Buffer } from 'node:buffer';

/** Four full reads. */
const BLOCK_BYTES = 256 * 1024;
/** Kept for the next turn; a turn that needs more leaves the rest to the garbage. */
const BLOCKS_KEPT = 8;

interface Block {
  readonly bytes: Buffer;
  /** Below this a socket still refers to what it could not send at once: never used again by us. */
  base: number;
  at: number;
}

const newBlock = (size: number): Block => ({ bytes: Buffer.allocUnsafeSlow(size), base: 0, at: 0 });

export class Arena {
  readonly #blocks: Block[] = [newBlock(BLOCK_BYTES)];
  /** The block in hand; those before it are full. */
  #index = 0;
  #kept = 0;
  #pinned = false;

  /** The first `length` bytes, until `done`: a copy, unless they were `given` and are ours already. */
  keep(bytes: Buffer, length: number, given: boolean): Buffer {
    this.#kept += 1;
    if (given) return bytes;
    const block = this.#blockFor(length);
    const start = block.at;
    bytes.copy(block.bytes, start, 0, length);
    block.at = start + length;
    return block.bytes.subarray(start, block.at);
  }

  /** The chunk was written or dropped. `pinned`: the socket could not send it all and refers to it still. */
  done(pinned: boolean): void {
    if (pinned) this.#pinned = true;
    this.#kept -= 1;
    if (this.#kept === 0) this.#beginAnew();
  }

  #blockFor(length: number): Block {
    for (;;) {
      const block = this.#blocks[this.#index];
      if (block !== undefined && block.at + length <= block.bytes.length) return block;
      if (block !== undefined) this.#index += 1;
      else this.#blocks.push(newBlock(Math.max(BLOCK_BYTES, length)));
    }
  }

  /** Which of the chunks are pinned is not looked into: a pin costs the memory used since the last beginning. */
  #beginAnew(): void {
    for (let i = 0; i <= this.#index; i++) {
      const block = this.#blocks[i];
      if (block === undefined) break;
      if (this.#pinned) block.base = block.at;
      else block.at = block.base;
    }
    if (this.#pinned || this.#blocks.length > BLOCKS_KEPT) this.#weed();
    this.#index = 0;
    this.#pinned = false;
  }

  /** Lets go of blocks that have little left, and of more than are wanted. Sockets keep what they refer to alive. */
  #weed(): void {
    const worth = this.#blocks.filter(({ base, bytes }) => base <= bytes.length / 2).slice(0, BLOCKS_KEPT);
    this.#blocks.splice(0, this.#blocks.length, ...worth);
  }
}
