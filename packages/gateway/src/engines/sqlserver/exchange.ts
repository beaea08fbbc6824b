/** A login's messages on one socket. */
import type { Buffer } from 'node:buffer';
import { ProtocolError, sqlserver } from '@tidegate/wire';
import type { Arrival } from '../../relay/arrival.ts';
import { Dialogue, talk } from '../../relay/dialogue.ts';
import type { RelaySocket } from '../../relay/sockets.ts';

export class Exchange {
  readonly #dialogue: Dialogue<sqlserver.MessageReader>;
  readonly #side: 'client' | 'server';

  private constructor(dialogue: Dialogue<sqlserver.MessageReader>, side: 'client' | 'server') {
    this.#dialogue = dialogue;
    this.#side = side;
  }

  static withClient(arrival: Arrival): Exchange {
    return new Exchange(talk(arrival, new sqlserver.MessageReader('client')), 'client');
  }

  /** `lost` makes the error for a server that went away. */
  static withServer(socket: RelaySocket, signal: AbortSignal, lost: (why: string) => Error): Exchange {
    const dialogue = new Dialogue(socket, new sqlserver.MessageReader('server'), signal, lost);
    return new Exchange(dialogue, 'server');
  }

  /** The first byte, left where it is. */
  async first(): Promise<number> {
    return await this.#dialogue.next((reader) => (reader.first < 0 ? null : reader.first));
  }

  /** The next message. One of another type than these breaks the protocol. */
  async receive(...types: readonly number[]): Promise<sqlserver.RawMessage> {
    const message = await this.#dialogue.next((reader) => reader.message());
    if (!types.includes(message.type)) {
      throw new ProtocolError(this.#side, '08P01', 'the login has a message that does not belong there');
    }
    return message;
  }

  send(type: number, body: Buffer, packetBytes?: number): void {
    this.#dialogue.write(sqlserver.packets(type, body, packetBytes));
  }

  /** Gives what was received and not read. The socket needs another reader in the same turn. */
  leave(): Buffer {
    return this.#dialogue.leave();
  }
}
