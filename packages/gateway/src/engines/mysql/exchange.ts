/** A login's packets on one socket, numbered: each side counts on from the other's last. */
import type { Buffer } from 'node:buffer';
import { mysql, ProtocolError } from '@tidegate/wire';
import type { Arrival } from '../../relay/arrival.ts';
import { Dialogue, talk } from '../../relay/dialogue.ts';
import type { RelaySocket } from '../../relay/sockets.ts';

/** The number of the next packet, whoever sends it. It goes on where TLS begins on the same connection. */
export interface Numbering {
  sequence: number;
}

export class Exchange {
  readonly #dialogue: Dialogue<mysql.LoginPackets>;
  readonly #side: 'client' | 'server';
  readonly #numbering: Numbering;

  private constructor(dialogue: Dialogue<mysql.LoginPackets>, side: 'client' | 'server', numbering: Numbering) {
    this.#dialogue = dialogue;
    this.#side = side;
    this.#numbering = numbering;
  }

  static withClient(arrival: Arrival): Exchange {
    return new Exchange(talk(arrival, new mysql.LoginPackets('client')), 'client', arrival);
  }

  /** `lost` makes the error for a server that went away. */
  static withServer(
    socket: RelaySocket,
    numbering: Numbering,
    signal: AbortSignal,
    lost: (why: string) => Error,
  ): Exchange {
    const dialogue = new Dialogue(socket, new mysql.LoginPackets('server'), signal, lost);
    return new Exchange(dialogue, 'server', numbering);
  }

  /** The next packet's body. A number out of order is refused: something was lost, or put in. */
  async receive(): Promise<Buffer> {
    const { sequence, body } = await this.#dialogue.next((reader) => reader.packet());
    if (sequence !== this.#numbering.sequence) {
      throw new ProtocolError(this.#side, '08P01', 'a packet of the login is out of order');
    }
    this.#numbering.sequence = (sequence + 1) & 0xff;
    return body;
  }

  send(body: Buffer): void {
    const { sequence } = this.#numbering;
    this.#numbering.sequence = (sequence + 1) & 0xff;
    this.#dialogue.write(mysql.packet(sequence, body));
  }

  /** Gives what was received and not read. The socket needs another reader in the same turn. */
  leave(): Buffer {
    return this.#dialogue.leave();
  }
}
